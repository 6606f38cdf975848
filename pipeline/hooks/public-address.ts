import { lookup as resolveName } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Addresses of this machine, of private networks, and of no host at all (IANA special-purpose registry). */
const V4_REFUSED: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** Of IPv6 only global unicast is public, without what stands for an IPv4 address, documentation and protocols. */
const V6_PUBLIC: readonly [string, number] = ['2000::', 3]
const V6_REFUSED: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const refused = new BlockList()
for (const [network, prefix] of V4_REFUSED) refused.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of V6_REFUSED) refused.addSubnet(network, prefix, 'ipv6')
const global6 = new BlockList()
global6.addSubnet(...V6_PUBLIC, 'ipv6')

/** Whether an IP address belongs to a host of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refused.check(address, 'ipv4')
  return family === 6 && global6.check(address, 'ipv6') && !refused.check(address, 'ipv6')
}

/** An address that nothing may be sent to. */
export class PrivateAddressError extends Error {
  readonly code = 'private_address'
  constructor(host: string, address: string) {
    const of = host === address ? '' : ` of ${host}`
    super(`${address}${of} is a private, loopback or link-local address; name the host in COLLOQUY_HOOK_HOSTS if it is yours`)
  }
}

/** The host of a URL, without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * Resolves names for `net.connect`, and fails with PrivateAddressError where any address of a name is not public. The connection goes to
 * the addresses that were checked: a name that resolves differently the next time gains nothing.
 *
 * @param allowed names whose addresses may be any
 */
export function publicLookup(allowed: readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const bad = allowed.includes(hostname.toLowerCase()) ? undefined : addresses.find(({ address }) => !isPublicAddress(address))
      if (bad !== undefined) return callback(new PrivateAddressError(hostname, bad.address), [])
      const [first] = addresses
      if (options.all === true) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family)
    })
  }
}
