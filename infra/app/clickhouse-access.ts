import { type ClickHouseClientConfigOptions, ClickHouseLogLevel } from '@clickhouse/client'
import type { Logger } from 'pino'
import { startClickHouse } from '../servers/clickhouse/clickhouse-server.ts'
import type { Settings } from '../settings.ts'
import { retryFreePort } from './retry-free-port.ts'

/** Address and credentials of ClickHouse, and the embedded server if Colloquy runs one. */
export interface ClickHouseAccess {
  readonly url: string
  /** Client options of Colloquy's own stages, with all rights on the database. */
  readonly client: ClickHouseClientConfigOptions
  /** True if the server is a child of this process. */
  readonly embedded: boolean
  /** The folder of the embedded server. */
  readonly folder?: string
  /** Tables that the embedded server could not load at its start; they are logged. */
  readonly setAside?: readonly string[]
  /** Process id of the embedded server; changes when the server is restarted. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

/** Connections of a client. A batch inserts into all tables at once, on one connection each. */
const CONNECTIONS_MAX = 16
const REQUEST_TIMEOUT_MS = 60_000

/** Starts the embedded ClickHouse server, or returns the address of the server that the settings name. */
export async function accessClickHouse(settings: Settings, log: Logger): Promise<ClickHouseAccess> {
  const base = {
    database: settings.CLICKHOUSE_DATABASE,
    application: 'colloquy',
    max_open_connections: CONNECTIONS_MAX,
    request_timeout: REQUEST_TIMEOUT_MS,
    // Callers log errors. The client's own lines would bypass Colloquy's log.
    log: { level: ClickHouseLogLevel.OFF },
  }
  if (settings.CLICKHOUSE_URL !== undefined) {
    return {
      url: settings.CLICKHOUSE_URL,
      embedded: false,
      pid: undefined,
      stop: async () => undefined,
      client: { ...base, url: settings.CLICKHOUSE_URL, username: settings.CLICKHOUSE_USER, password: settings.CLICKHOUSE_PASSWORD ?? '' },
    }
  }
  const port = settings.CLICKHOUSE_PORT
  const server = await retryFreePort(
    port,
    () => startClickHouse({ dataDir: settings.DATA_DIR, port, allowedHosts: settings.ALLOWED_HOSTS, log }),
    log,
  )
  return {
    url: server.url,
    embedded: true,
    folder: server.folder,
    setAside: server.setAside,
    stop: server.stop,
    get pid() {
      return server.pid
    },
    client: { ...base, url: server.engineUrl, username: server.username, password: server.password },
  }
}
