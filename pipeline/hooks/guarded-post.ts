import { isIP } from 'node:net'
import { Agent, type Dispatcher, fetch, type Response } from 'undici'
import { RetryLaterError, TerminalError } from '../../schemas/errors.ts'
import { hostOf, isPublicAddress, PrivateAddressError, publicLookup } from './public-address.ts'

export interface GuardedPostOptions {
  /** Hosts whose addresses need not be public, in lower case. Default: none. */
  readonly hosts?: readonly string[]
  /** Milliseconds of one call, with its redirects. Default 10,000. */
  readonly timeoutMs?: number
}

/** Posts JSON to a URL that a tenant has chosen. */
export interface GuardedPost {
  /**
   * Resolves when the receiver has answered with a success.
   *
   * @throws TerminalError `private_address`, `hook_refused` (a status 4xx), `hook_redirected`; RetryLaterError `hook_busy` (429 and 503);
   * an error with `hook_failed` or `hook_timeout` where another attempt may help
   */
  (url: string, body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>
}

const TIMEOUT_MS = 10_000
const REDIRECTS_MAX = 3
/** A receiver that asks for a longer rest is asked again after this time. */
const RETRY_AFTER_MS_MAX = 60_000
/** Idle connections and sockets. */
const CONNECTIONS_MAX = 64

/** A failure after which another attempt may succeed. */
class HookError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Creates a client for hooks. It connects to public addresses only, also after a redirect. It follows redirects that keep method and body
 * (307 and 308).
 */
export function createGuardedPost({ hosts = [], timeoutMs = TIMEOUT_MS }: GuardedPostOptions = {}): GuardedPost {
  const dispatcher = new Agent({ connections: CONNECTIONS_MAX, connect: { lookup: publicLookup(hosts), timeout: timeoutMs } })
  return async (url, body, headers, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    let target = new URL(url)
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      checkLiteral(target, hosts)
      const response = await send(target, { dispatcher, body, headers, signal: AbortSignal.any([signal, timeout]) }).catch(
        (error: unknown) => {
          throw failureOf(target, error, timeout.aborted, timeoutMs)
        },
      )
      await response.body?.cancel()
      const location = response.headers.get('location')
      if (![307, 308].includes(response.status) || location === null) return checkStatus(target, response)
      target = redirected(target, location)
    }
    throw new TerminalError('hook_redirected', `${url} redirects more than ${REDIRECTS_MAX} times`)
  }
}

const send = (
  target: URL,
  { body, headers, ...options }: { dispatcher: Dispatcher; body: string; headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<Response> =>
  fetch(target, { ...options, method: 'POST', redirect: 'manual', body, headers: { 'content-type': 'application/json', ...headers } })

/** No name is resolved for an address, so it is checked here. */
function checkLiteral(target: URL, hosts: readonly string[]): void {
  const host = hostOf(target)
  if (isIP(host) === 0 || hosts.includes(host) || isPublicAddress(host)) return
  const { code, message } = new PrivateAddressError(host, host)
  throw new TerminalError(code, message)
}

function redirected(from: URL, location: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (target !== undefined && /^https?:$/.test(target.protocol)) return target
  throw new TerminalError('hook_redirected', `${from.href} redirects to ${location.slice(0, 200)}, which is no URL of HTTP`)
}

function checkStatus(target: URL, { status, ok, headers }: Response): void {
  if (ok) return
  const what = `${target.href} answered with the status ${status}`
  if (status === 429 || status === 503) {
    const seconds = Number(headers.get('retry-after') ?? NaN)
    throw new RetryLaterError('hook_busy', what, Number.isFinite(seconds) ? Math.min(RETRY_AFTER_MS_MAX, Math.max(0, seconds * 1_000)) : 0)
  }
  if (status >= 300 && status < 400) throw new TerminalError('hook_redirected', `${what}; only 307 and 308 are followed`)
  if (status >= 400 && status < 500) throw new TerminalError('hook_refused', what)
  throw new HookError('hook_failed', what)
}

function failureOf(target: URL, error: unknown, isLate: boolean, timeoutMs: number): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof PrivateAddressError) return new TerminalError(cause.code, cause.message)
  if (isLate) return new HookError('hook_timeout', `${target.href} has not answered within ${timeoutMs} ms`)
  const why = cause instanceof Error ? cause.message : String(cause)
  return new HookError('hook_failed', `${target.href} cannot be reached: ${why}`, { cause: error })
}
