import type { Logger } from 'pino'
import { withRetry } from '../../pipeline/runtime/retry.ts'
import { codeOf } from '../../schemas/errors.ts'

const RETRIES_MAX = 2
/** What a server says that found its port taken, or died because of it. */
const PORT_CODES = new Set(['child_failed', 'port_taken', 'clickhouse_port_taken'])

/**
 * Starts a server; on a freely chosen port (0) again if it failed, since somebody else may have taken the port between its
 * choice and its use. A port that was asked for is tried once.
 */
export function retryFreePort<T>(port: number, start: () => Promise<T>, log: Logger): Promise<T> {
  return withRetry(start, {
    pauses: { minMs: 0, maxMs: 0 },
    retriesMax: RETRIES_MAX,
    isFinal: (error) => port !== 0 || !PORT_CODES.has(codeOf(error) ?? ''),
    onRetry: (err) => log.warn({ err }, 'a server did not start on a freely chosen port; another one is tried'),
  })
}
