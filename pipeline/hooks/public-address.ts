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
    `${host} is ${ip}, which is no address of the public internet; COLLOQUY_HOOK_HOSTS may name hosts that are called all the same`,
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

/**
 * Creates the HTTP client for URLs that tenants choose. It connects to public addresses only: the address is checked when the connection
 * is made, so that a name cannot resolve to another one between the check and the call. It follows no redirect.
 *
 * @param allowed host names or IP addresses, each with or without `:port`, that may have any address
 */
export function createPublicAgent(allowed: readonly string[]): Agent {
  const known = new Set(allowed)
  const [toAny, toPublic] = [
    buildConnector({ timeout: CONNECT_MS_MAX }),
    buildConnector({ timeout: CONNECT_MS_MAX, lookup: resolvePublic }),
  ]
  return new Agent({
    connect(options, done) {
      const { hostname, port, protocol } = options
      const host = hostname.replace(/^\[(.*)\]$/, '$1')
      if (known.has(host) || known.has(`${host}:${port || (protocol === 'https:' ? '443' : '80')}`)) toAny(options, done)
      else if (isIP(host) !== 0 && !isPublicAddress(host)) done(refused(host, host), null)
      else toPublic(options, done)
    },
  })
}
