import type { IncomingMessage } from 'node:http'
import { LOCAL, type Principal } from '../../access/principal.ts'
import { knownHosts } from '../known-hosts.ts'
import { HttpProblem } from '../problems.ts'
import { type RequestAccess, unauthorized } from '../request-access.ts'

/** The protocol of `/v1/ws`. A client that names it gets it confirmed. */
export const PROTOCOL = 'colloquy.v1'
/** A client that cannot set headers, such as a page, may send its key as a protocol: this, and the key in base64url. */
export const TOKEN_PROTOCOL = 'bearer.'

export interface SocketAccess {
  /**
   * Who opens a WebSocket.
   *
   * @returns `undefined` if it must send its key in its first frame
   * @throws HttpProblem 403 `bad_origin`, 421 `bad_host`, 401 `unauthorized` for a wrong key, 503 `keys_unavailable`
   */
  check(request: Pick<IncomingMessage, 'headers'>): Promise<Principal | undefined>
  /** As `RequestAccess` does, of the key in a frame. */
  readonly holderOf: RequestAccess['holderOf']
  readonly onEnd: RequestAccess['onEnd']
}

export interface SocketAccessOptions {
  readonly requestAccess: RequestAccess
  readonly checkHost: (header: string | undefined) => void
  /** As of `knownHosts`. */
  readonly allowedHosts: readonly string[] | undefined
}

/**
 * Creates the check of WebSockets. A browser opens one for a page of any site, and lets the page read it: unlike a request, it needs no
 * permission of the server. So the page must be of a host that requests may name. Clients that are no browsers send no origin.
 */
export function createSocketAccess({ requestAccess, checkHost, allowedHosts }: SocketAccessOptions): SocketAccess {
  const known = new RegExp(knownHosts(allowedHosts), 'i')
  const { holderOf, bearerOf, onEnd } = requestAccess
  return {
    holderOf,
    onEnd,
    async check({ headers: { host, origin, authorization, 'sec-websocket-protocol': protocols = '' } }) {
      checkHost(host)
      if (origin !== undefined && !known.test(hostOf(origin))) {
        throw new HttpProblem(
          'bad_origin',
          `pages of ${JSON.stringify(origin)} may not open a WebSocket here; add their host to COLLOQUY_ALLOWED_HOSTS if they may`,
        )
      }
      if (requestAccess.isOpen) return LOCAL
      const named = protocols
        .split(',')
        .map((one) => one.trim())
        .find((one) => one.startsWith(TOKEN_PROTOCOL))
      if (authorization === undefined && named === undefined) return undefined
      const holder =
        authorization === undefined
          ? await holderOf(Buffer.from(named?.slice(TOKEN_PROTOCOL.length) ?? '', 'base64url').toString('utf8'))
          : await bearerOf(authorization)
      if (holder === undefined) throw unauthorized()
      return holder
    },
  }
}

/** The host and port of an origin; empty where it has none, as for a page from a file. */
const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : '')
