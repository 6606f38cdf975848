import { type ClickHouseClient, createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { HttpServer } from '../../pipeline/http/http-server.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { createMetrics, merged, type Metrics } from '../../pipeline/runtime/metrics.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import { serveSearch } from '../../pipeline/search/search-service.ts'
import { unwatchedSlot } from '../../pipeline/watchdog/call-slot.ts'
import { type Role, ROLES, type Settings } from '../settings.ts'
import { accessClickHouse, type ClickHouseAccess } from './clickhouse-access.ts'
import { durabilityOf } from './durability.ts'
import { registerKinds } from './kind-registry.ts'
import { accessNats, connectNats, type NatsAccess, openJetStream } from './nats-access.ts'
import { probeProtection } from './nats-protection.ts'
import { prepareStreams } from './prepare-streams.ts'
import { prepareDatabase, prepareTables } from './prepare-tables.ts'
import { openSearchIndex, type SearchIndex } from './search-index.ts'
import { serveHttp } from './serve-http.ts'
import { startReceiptService } from './serve-receipts.ts'
import { startStages } from './start-stages.ts'
import { startStatusService } from './status-service.ts'
import { startStreamWatch, STREAM_CHECK_MS } from './stream-watch.ts'
import { createEndCounter } from './threads/end-counter.ts'
import { rolesInThreads, startThreads } from './threads/role-threads.ts'
import { countEndedProcesses, openDecisionSlot } from './watchdog/decision-slots.ts'
import { watchedSlot } from './watchdog/process-watchdog.ts'

/** A running system: its servers, connections and stages. */
export interface Running {
  readonly settings: Settings
  readonly nats: NatsAccess
  readonly durability: Durability
  /** Absent, like `client`, if no role of this process uses tables. */
  readonly clickhouse: ClickHouseAccess | undefined
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly client: ClickHouseClient | undefined
  readonly kinds: Kinds
  /** Absent if this process neither writes nor searches the index. */
  readonly searchIndex: SearchIndex | undefined
  /** Metrics of this thread. */
  readonly metrics: Metrics
  /** Metrics of all threads of this process. */
  allMetrics(): Promise<Registry>
  /** The stages of this process, by role. */
  readonly stages: ReadonlyMap<Role, Stage>
  /** Absent if this process does not have the role `serve`. */
  readonly http: HttpServer | undefined
  /** Stops everything in reverse order, after work in flight has completed. May be called again. */
  stop(): Promise<void>
}

/** Adds routes to the HTTP interface, before its own. */
export type MoreRoutes = (app: FastifyInstance, system: Pick<Running, 'jetstream' | 'kv'> & { readonly client: ClickHouseClient }) => void

export interface LaunchOptions {
  readonly moreRoutes?: MoreRoutes
  /** Whether roles run in threads as the setting THREADS says. Default: false, all roles run in this thread. */
  readonly threads?: boolean
  /** Interval at which the limits of the streams are checked; default: `STREAM_CHECK_MS`. */
  readonly streamCheckMs?: number
}

/**
 * Starts servers, streams, tables and stages, in this order.
 *
 * @throws ColloquyError of the part that could not start; all parts that have started are stopped first.
 */
export async function launch(settings: Settings, kinds: Kinds, log: Logger, options: LaunchOptions = {}): Promise<Running> {
  await using started = new AsyncDisposableStack()
  const [nats, clickhouse] = await startServers(settings, log, started)
  const nc = await connectNats(nats.connection, 'colloquy')
  const jetstream = await openJetStream(nc)
  started.defer(() => jetstream.close())
  const durability = durabilityOf(settings, nc.info)
  const { replicas } = durability
  const kv = await prepareStreams(nc, jetstream.jsm, {
    partitions: settings.PARTITIONS,
    replicas,
    storageBytesMax: nats.storageBytesMax,
    outKeepHours: settings.OUT_KEEP_HOURS,
  })
  if (settings.ROLES.includes('host')) {
    const watch = (until: AsyncDisposableStack) => watchedSlot(settings, { noun: 'migration' }, until)
    await registerKinds({ kv, jetstream, log, now: () => new Date().toISOString(), watch }, kinds)
  }
  if (clickhouse?.embedded === false) await prepareDatabase(clickhouse.client)
  const client = clickhouse && createClient(clickhouse.client)
  if (client !== undefined) {
    started.defer(() => client.close())
    await prepareTables(client, kv, log)
  }

  const metrics = createMetrics()
  const protection = await probeProtection(nats.connection, nc)
  metrics.natsProtected.set(protection.protected ? 1 : 0)
  if (!protection.protected) log.warn(protection, 'NATS is not protected; configure it with what "colloquy nats-config" prints')
  const streamWatch = startStreamWatch({ jetstream, kv, metrics, log }, options.streamCheckMs ?? STREAM_CHECK_MS)
  started.defer(() => streamWatch.stop())
  const searchIndex =
    client !== undefined && INDEX_ROLES.some((role) => settings.ROLES.includes(role))
      ? await openSearchIndex({ settings, client, kv, metrics, log }, started)
      : undefined
  if (searchIndex !== undefined) {
    const searchService = serveSearch(nc, searchIndex.search)
    started.defer(() => searchService.stop())
  }
  const decisions = settings.ROLES.includes('host') ? await openDecisionSlot(settings.DATA_DIR) : undefined
  started.defer(async () => decisions?.remove())
  if (decisions !== undefined) await countEndedProcesses({ dataDir: settings.DATA_DIR, kv, jetstream, log })
  const threadRoles = options.threads === true ? rolesInThreads(settings) : []
  const own = { ...settings, ROLES: settings.ROLES.filter((role) => !threadRoles.includes(role)) }
  const calls = own.ROLES.includes('host') ? watchedSlot(settings, { path: decisions?.path }, started) : unwatchedSlot()
  const { stages: ownStages } = await startStages(
    { settings: own, kinds, log, jetstream, kv, client, searchIndex, metrics, replicas, calls },
    started,
  )
  const threads = await startThreads(
    {
      roles: threadRoles,
      settings,
      servers: { nats, clickhouse },
      replicas,
      slotPath: decisions?.path,
      metrics,
      log,
      countEnd: createEndCounter({ kv, metrics, log, slotPath: decisions?.path }),
    },
    started,
  )
  const stages = new Map([...ownStages, ...threads.stages].sort(byRole))
  const statusService = startStatusService(nc, stages, durability)
  started.defer(() => statusService.stop())
  const receiptService = startReceiptService({ jetstream, kv, client, stages, partitionCount: settings.PARTITIONS, durability })
  started.defer(() => receiptService.stop())
  const http =
    client !== undefined && searchIndex !== undefined && settings.ROLES.includes('serve')
      ? await serveHttp({
          settings,
          jetstream,
          kv,
          client,
          stages,
          search: searchIndex.search,
          durability,
          metrics,
          otherMetrics: threads.metrics,
          log,
          addRoutes: (app) => options.moreRoutes?.(app, { jetstream, kv, client }),
        })
      : undefined
  started.defer(async () => http?.stop())
  const stopping = started.move()
  return {
    settings,
    nats,
    durability,
    clickhouse,
    jetstream,
    kv,
    client,
    kinds,
    searchIndex,
    metrics,
    stages,
    http,
    allMetrics: () => merged(metrics, threads.metrics),
    stop: () => stopping.disposeAsync(),
  }
}

const byRole = ([one]: [Role, Stage], [other]: [Role, Stage]): number => ROLES.indexOf(one) - ROLES.indexOf(other)

/** Roles that read or write tables. */
const TABLE_ROLES: readonly Role[] = ['project', 'embed', 'serve']

/** Roles that write or search the index, and so need its embedding model. */
const INDEX_ROLES: readonly Role[] = ['embed', 'serve']

type Servers = [NatsAccess, ClickHouseAccess | undefined]

async function startServers(settings: Settings, log: Logger, started: AsyncDisposableStack): Promise<Servers> {
  const needsTables = settings.ROLES.some((role) => TABLE_ROLES.includes(role))
  const [nats, clickhouse] = await Promise.allSettled([
    accessNats(settings, log),
    needsTables ? accessClickHouse(settings, log) : undefined,
  ])
  for (const server of [nats, clickhouse]) if (server.status === 'fulfilled') started.defer(async () => server.value?.stop())
  if (nats.status === 'rejected') throw nats.reason
  if (clickhouse.status === 'rejected') throw clickhouse.reason
  return [nats.value, clickhouse.value]
}
