import type { Logger } from 'pino'
import { withRetry } from '../../pipeline/runtime/retry.ts'
import { codeOf } from '../../schemas/errors.ts'

const RETRIES_MAX = 2
/** Error codes of a server that found its port taken, or exited because of it. */
const PORT_CODES = new Set(['child_failed', 'port_taken', 'clickhouse_port_taken'])

/**
 * Starts a server. If its port is chosen freely (0), retries when the port was taken, because another process may take a port between its
 * choice and its use. A port that the user names is tried once.
 */
export function retryFreePort<T>(port: number, start: () => Promise<T>, log: Logger): Promise<T> {
  return withRetry(start, {
    pauses: { minMs: 0, maxMs: 0 },
    retriesMax: RETRIES_MAX,
    isFinal: (error) => port !== 0 || !PORT_CODES.has(codeOf(error) ?? ''),
    onRetry: (err) => log.warn({ err }, 'a server did not start on a freely chosen port; trying another one'),
  })
}
