import ipaddr from 'ipaddr.js'

/** Whose an IP address is, as far as it tells: one customer of a provider has a whole /64 of IPv6. Any other text stays as it is. */
export function clientNetwork(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip
  const address = ipaddr.process(ip)
  return address.kind() === 'ipv4' ? address.toString() : address.toNormalizedString().split(':').slice(0, 4).join(':')
}
