import { lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'
import { ColloquyError } from '../../schemas/errors.ts'

const CONNECT_MS_MAX = 5_000

/** Whether an IP address is one of the public internet: not private, loopback, link-local, reserved, nor a form of these in IPv6. */
export const isPublicAddress = (ip: string): boolean => ipaddr.process(ip).range() === 'unicast'

const refused = (host: string, ip: string): ColloquyError =>
  new ColloquyError(
    'hook_address_refused',
    `${host === ip ? `${ip} is` : `${host} has the address ${ip}, which is`} not on the public internet; `
      + 'COLLOQUY_HOOK_HOSTS may name hosts that are called all the same',
  )

/** Resolves a name as `dns.lookup` does. Where one of its addresses is not public, it fails: a name may have both. */
const resolvePublic: LookupFunction = (host, options, done) => {
  resolve(host, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? []
    const bad = addresses?.find(({ address }) => !isPublicAddress(address))
    if (error !== null || first === undefined) done(error ?? new Error(`${host} has no address`), '')
    else if (bad !== undefined) done(refused(host, bad.address), '')
    else if (options.all === true) done(null, addresses)
    else done(null, first.address, first.family)
  })
}

/** An IPv6 address stands in brackets in a URL. */
const hostOf = ({ hostname }: Pick<URL, 'hostname'>): string => hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * Which address the host of a URL may have: `any`; a `public` one, which is known when the connection is made; or it is an address that is
 * not public, and `refused`.
 *
 * @param allowed host names or IP addresses, each with or without `:port`, that may have any address
 */
export function accessOf(url: Pick<URL, 'hostname' | 'port' | 'protocol'>, allowed: readonly string[]): 'any' | 'public' | 'refused' {
  const host = hostOf(url)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  if (allowed.includes(host) || allowed.includes(`${host}:${port}`)) return 'any'
  return isIP(host) !== 0 && !isPublicAddress(host) ? 'refused' : 'public'
}

/**
 * Creates the HTTP client for URLs that tenants choose. It connects to public addresses only: the address is checked when the connection
 * is made, so that a name cannot resolve to another one between the check and the call. It follows no redirect.
 *
 * @param allowed as for `accessOf`
 */
export function createPublicAgent(allowed: readonly string[]): Agent {
  const toAny = buildConnector({ timeout: CONNECT_MS_MAX })
  const toPublic = buildConnector({ timeout: CONNECT_MS_MAX, lookup: resolvePublic })
  return new Agent({
    connect(options, done) {
      const access = accessOf(options, allowed)
      if (access === 'refused') done(refused(hostOf(options), hostOf(options)), null)
      else if (access === 'any') toAny(options, done)
      else toPublic(options, done)
    },
  })
}
