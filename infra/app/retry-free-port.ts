import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'

const TRIES_MAX = 3
/** What a server says that found its port taken, or died because of it. */
const PORT_CODES = new Set(['child_failed', 'port_taken', 'clickhouse_port_taken'])

/**
 * Starts a server; on a freely chosen port (0) again if it failed, since somebody else may have taken the port between its
 * choice and its use. A port that was asked for is tried once.
 */
export async function retryFreePort<T>(port: number, start: () => Promise<T>, log: Logger): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start()
    } catch (error) {
      if (port !== 0 || tries === TRIES_MAX || !PORT_CODES.has(codeOf(error) ?? '')) throw error
      log.warn({ err: error, tries }, 'a server did not start on a freely chosen port; another one is tried')
    }
  }
}
