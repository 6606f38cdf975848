/** Error codes of connections and names that may work later: those of Node's sockets, and those of its `fetch`. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
])

/** Whether an error, or one that it wraps, says that a server cannot be reached: it is down, starts, or its name is not known yet. */
export const isServerAway = (error: unknown): boolean => awayCodeOf(error) !== undefined

/** The code of the connection's error, such as ECONNREFUSED; `undefined` if the error is about something else. */
export function awayCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string' && AWAY.has(error.code)) return error.code
  // A name with several addresses fails with an error for each.
  if (error instanceof AggregateError) for (const one of error.errors) if (isServerAway(one)) return awayCodeOf(one)
  return awayCodeOf(error.cause)
}
