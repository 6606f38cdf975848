import { ClickHouseLogLevel, type ClickHouseClientConfigOptions } from '@clickhouse/client'
import type { Logger } from 'pino'
import { startClickHouse } from '../servers/clickhouse/clickhouse-server.ts'
import type { Settings } from '../settings.ts'
import { retryFreePort } from './retry-free-port.ts'

/** Where ClickHouse is and how our own stages get in. */
export interface ClickHouseAccess {
  readonly url: string
  readonly client: ClickHouseClientConfigOptions
  readonly embedded: boolean
  /** Of the own server; it changes when the server had to be started again. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

/** Connections of our own stages: one batch has as many inserts as there are tables. */
const CONNECTIONS_MAX = 16
const REQUEST_TIMEOUT_MS = 60_000

/** Starts the own ClickHouse server, or says how to get to the one that the settings name. */
export async function accessClickHouse(settings: Settings, log: Logger): Promise<ClickHouseAccess> {
  const base = {
    database: settings.CLICKHOUSE_DATABASE,
    application: 'colloquy',
    max_open_connections: CONNECTIONS_MAX,
    request_timeout: REQUEST_TIMEOUT_MS,
    // Every caller logs what it makes of an error; the client's own lines would go past our log.
    log: { level: ClickHouseLogLevel.OFF },
  }
  if (settings.CLICKHOUSE_URL !== undefined) {
    return {
      url: settings.CLICKHOUSE_URL, embedded: false, pid: undefined, stop: async () => undefined,
      client: { ...base, url: settings.CLICKHOUSE_URL, username: settings.CLICKHOUSE_USER, password: settings.CLICKHOUSE_PASSWORD ?? '' },
    }
  }
  const port = settings.CLICKHOUSE_PORT
  const server = await retryFreePort(port, () => startClickHouse({ dataDir: settings.DATA_DIR, host: '127.0.0.1', port, log }), log)
  return {
    url: server.url,
    embedded: true,
    stop: server.stop,
    get pid() { return server.pid },
    client: { ...base, url: server.url, username: server.username, password: server.password },
  }
}
