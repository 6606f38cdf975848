import type { IncomingMessage } from 'node:http'
import { type BearerTest, unauthorized } from '../bearer-token.ts'
import { knownHosts } from '../known-hosts.ts'
import { HttpProblem } from '../problems.ts'

/** The protocol of `/v1/ws`. A client that names it gets it confirmed. */
export const PROTOCOL = 'colloquy.v1'
/** A client that cannot set headers, such as a page, may send the token as a protocol: this, and the token in base64url. */
export const TOKEN_PROTOCOL = 'bearer.'

export interface SocketAccess {
  /**
   * Whether a WebSocket may be opened.
   *
   * @returns true if it has the token; false if it must send the token in its first frame
   * @throws HttpProblem 403 `bad_origin`, 421 `bad_host`, 401 `unauthorized` for a wrong token
   */
  check(request: Pick<IncomingMessage, 'headers'>): boolean
  /** Whether a frame's token is right. */
  isToken(token: string): boolean
}

export interface SocketAccessOptions {
  readonly hasToken: BearerTest
  /** Absent where a token protects the server. */
  readonly checkHost: ((header: string | undefined) => void) | undefined
  /** As of `knownHosts`. */
  readonly allowedHosts: readonly string[] | undefined
}

/**
 * Creates the check of WebSockets. A browser opens one for a page of any site, and lets the page read it: unlike a request, it needs no
 * permission of the server. So the page must be of a host that requests may name. Clients that are no browsers send no origin.
 */
export function createSocketAccess({ hasToken, checkHost, allowedHosts }: SocketAccessOptions): SocketAccess {
  const known = new RegExp(knownHosts(allowedHosts), 'i')
  const isToken = (token: string): boolean => hasToken(`Bearer ${token}`)
  const isOpen = hasToken(undefined)
  return {
    check({ headers: { host, origin, authorization, 'sec-websocket-protocol': protocols = '' } }) {
      checkHost?.(host)
      if (origin !== undefined && !known.test(hostOf(origin))) {
        throw new HttpProblem(
          'bad_origin',
          `pages of ${JSON.stringify(origin)} may not open a WebSocket here; add their host to COLLOQUY_ALLOWED_HOSTS if they may`,
        )
      }
      if (isOpen) return true
      const named = protocols
        .split(',')
        .map((one) => one.trim())
        .find((one) => one.startsWith(TOKEN_PROTOCOL))
      if (authorization === undefined && named === undefined) return false
      const isRight =
        authorization === undefined
          ? isToken(Buffer.from(named?.slice(TOKEN_PROTOCOL.length) ?? '', 'base64url').toString('utf8'))
          : hasToken(authorization)
      if (!isRight) throw unauthorized()
      return true
    },
    isToken,
  }
}

/** The host and port of an origin; empty where it has none, as for a page from a file. */
const hostOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host : '')
