import type { Settings } from '../settings.ts'
import type { ClickHouseAccess } from './clickhouse-access.ts'
import type { NatsAccess } from './nats-access.ts'

/** The servers of this process. */
export interface Servers {
  readonly nats: NatsAccess
  readonly clickhouse: ClickHouseAccess | undefined
}

/** The settings for another thread or process. They name the embedded servers of this process by URL, like any other server. */
export function threadSettings(settings: Settings, { nats, clickhouse }: Servers): Settings {
  const { user, pass } = nats.connection
  return {
    ...settings,
    ...(nats.embedded ? { NATS_URL: nats.url, NATS_USER: user, NATS_PASSWORD: pass } : {}),
    ...(clickhouse?.embedded === true
      ? {
          CLICKHOUSE_URL: String(clickhouse.client.url),
          CLICKHOUSE_USER: clickhouse.client.username ?? '',
          CLICKHOUSE_PASSWORD: clickhouse.client.password,
        }
      : {}),
  }
}
