import { join } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { HttpServer } from '../../pipeline/http/http-server.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { createMetrics, merged, type Metrics, type MetricsSnapshot } from '../../pipeline/runtime/metrics.ts'
import { awayCodeOf, isServerAway } from '../../pipeline/runtime/server-away.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import type { Search } from '../../pipeline/search/hybrid-search.ts'
import { serveSearch } from '../../pipeline/search/search-service.ts'
import { type CallSlot, unwatchedSlot } from '../../pipeline/watchdog/call-slot.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { lockDataFolder, watchFolders } from '../servers/data-folder.ts'
import type { DataLock } from '../servers/data-lock.ts'
import { type Role, ROLES, type Settings } from '../settings.ts'
import { accessClickHouse, type ClickHouseAccess } from './clickhouse-access.ts'
import { durabilityOf } from './durability.ts'
import { registerKinds } from './kind-registry.ts'
import { type LatePart, startLatePart } from './late-part.ts'
import { accessNats, connectNats, type NatsAccess, openJetStream } from './nats-access.ts'
import { probeProtection } from './nats-protection.ts'
import { startPartCheck } from './part-check.ts'
import { prepareStreams } from './prepare-streams.ts'
import { prepareDatabase, prepareTables } from './prepare-tables.ts'
import { openSearchIndex, type SearchIndex } from './search-index.ts'
import { serveHttp } from './serve-http.ts'
import { startReceiptService } from './serve-receipts.ts'
import { startStages } from './start-stages.ts'
import { startStatusService } from './status-service.ts'
import { createStopTracker, type StopTracker } from './stop-tracker.ts'
import { startStreamWatch, STREAM_CHECK_MS } from './stream-watch.ts'
import { createEndCounter } from './threads/end-counter.ts'
import { rolesInThreads, startThreads, type Threads } from './threads/role-threads.ts'
import { countEndedProcesses, openDecisionSlot } from './watchdog/decision-slots.ts'
import { watchedSlot } from './watchdog/process-watchdog.ts'

/** A running system: its servers, connections and stages. */
export interface Running {
  readonly settings: Settings
  readonly nats: NatsAccess
  readonly durability: Durability
  /** Absent if no role of this process uses tables, or before its server has started. */
  readonly clickhouse: ClickHouseAccess | undefined
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** Absent if no role of this process uses tables, or while ClickHouse is waited for. */
  readonly client: ClickHouseClient | undefined
  readonly kinds: Kinds
  /** Absent if this process neither writes nor searches the index, or while its servers are waited for. */
  readonly searchIndex: SearchIndex | undefined
  /** Metrics of this thread. */
  readonly metrics: Metrics
  /** Metrics of all threads of this process. */
  allMetrics(): Promise<Registry>
  /** The stages of this process, by role. */
  readonly stages: ReadonlyMap<Role, Stage>
  /** Absent if this process does not have the role `serve`. */
  readonly http: HttpServer | undefined
  /** Rejects when the system can no longer work and must be stopped. Never settles otherwise. */
  readonly failed: Promise<never>
  /** Stops everything in reverse order, after work in flight has completed. May be called again. */
  stop(): Promise<void>
}

/** Adds routes to the HTTP interface, before its own. `client` throws while ClickHouse is waited for. */
export type MoreRoutes = (
  app: FastifyInstance,
  system: Pick<Running, 'jetstream' | 'kv'> & { readonly client: () => ClickHouseClient },
) => void

export interface LaunchOptions {
  readonly moreRoutes?: MoreRoutes
  /** Whether roles run in threads as the setting THREADS says. Default: false, all roles run in this thread. */
  readonly threads?: boolean
  /** The lock of the data folder, which `stop` releases. Default: taken here, if the system has servers of its own. */
  readonly dataLock?: DataLock | undefined
  /** Learns what is being stopped. */
  readonly stops?: StopTracker
  /** Interval at which the limits of the streams are checked; default: `STREAM_CHECK_MS`. */
  readonly streamCheckMs?: number
}

/** Whether a process with these settings has servers of its own in the data folder. */
export const usesDataFolder = (settings: Settings): boolean =>
  settings.NATS_URL === undefined || (settings.CLICKHOUSE_URL === undefined && needsTables(settings))

/**
 * Starts servers, streams, tables and stages, in this order. The roles that decide and send do not wait for tables and search index: if
 * ClickHouse or Qdrant is away, those start when it answers.
 *
 * @throws ColloquyError of the part that could not start; all parts that have started are stopped first.
 */
export async function launch(settings: Settings, kinds: Kinds, log: Logger, options: LaunchOptions = {}): Promise<Running> {
  await using started = new AsyncDisposableStack()
  const lock = options.dataLock ?? (usesDataFolder(settings) ? await lockDataFolder(settings.DATA_DIR) : undefined)
  started.defer(() => lock?.release())
  const stops = options.stops ?? createStopTracker()
  const { nats, engine } = await startServers({ settings, log, lock, stops }, started)
  const nc = await connectNats(nats.connection, 'colloquy')
  const jetstream = await openJetStream(nc)
  started.defer(stops.named('the connection to NATS', () => jetstream.close()))
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

  const metrics = createMetrics()
  const protection = await probeProtection(nats.connection, nc)
  metrics.natsProtected.set(protection.protected ? 1 : 0)
  if (!protection.protected) log.warn(protection, 'NATS is not protected; configure it with what "colloquy nats-config" prints')
  const streamWatch = startStreamWatch({ jetstream, kv, metrics, log }, options.streamCheckMs ?? STREAM_CHECK_MS)
  started.defer(() => streamWatch.stop())
  const decisions = settings.ROLES.includes('host') ? await openDecisionSlot(settings.DATA_DIR) : undefined
  started.defer(async () => decisions?.remove())
  if (decisions !== undefined) await countEndedProcesses({ dataDir: settings.DATA_DIR, kv, jetstream, log })
  const threadRoles = options.threads === true ? rolesInThreads(settings) : []
  const base: Base = { settings, kinds, log, jetstream, kv, metrics, replicas, nats, threadRoles, stops, slotPath: decisions?.path }
  const tables = engine && startLatePart({ name: 'the tables', log, start: (stack) => startTables(base, engine, stack), ping: pingTables })
  started.defer(stops.named('the tables', async () => tables?.stop()))
  const index =
    tables !== undefined && INDEX_ROLES.some((role) => settings.ROLES.includes(role))
      ? startLatePart({
          name: 'the search index',
          log,
          isPassing,
          start: (stack) => startIndex(base, tables, stack),
          ping: pingIndex(base, tables),
        })
      : undefined
  started.defer(stops.named('the search index', async () => index?.stop()))

  const core = await startRoles(base, CORE_ROLES, { clickhouse: undefined, client: undefined, searchIndex: undefined }, started)
  const stages = new Map<Role, Stage>(core.stages)
  if (tables !== undefined && settings.ROLES.includes('project')) {
    stages.set(
      'project',
      tables.stage('project', (value) => value.stages.get('project')),
    )
  }
  if (index !== undefined && settings.ROLES.includes('embed')) {
    stages.set(
      'embed',
      index.stage('embed', (value) => value.stages.get('embed')),
    )
  }
  const ordered = new Map([...stages].sort(byRole))
  const statusService = startStatusService(nc, ordered, durability)
  started.defer(() => statusService.stop())
  const receiptService = startReceiptService({
    jetstream,
    kv,
    client: () => tables?.value()?.client,
    stages: ordered,
    partitionCount: settings.PARTITIONS,
    durability,
  })
  started.defer(() => receiptService.stop())
  const otherMetrics = async (): Promise<MetricsSnapshot[]> => [
    ...(await core.threadMetrics()),
    ...((await tables?.value()?.threadMetrics()) ?? []),
  ]
  const http =
    tables !== undefined && index !== undefined && settings.ROLES.includes('serve')
      ? await serveHttp({
          settings,
          jetstream,
          kv,
          client: () => clientOf(tables),
          stages: ordered,
          search: searchOf(index),
          durability,
          metrics,
          otherMetrics,
          log,
          addRoutes: (app) => options.moreRoutes?.(app, { jetstream, kv, client: () => clientOf(tables) }),
        })
      : undefined
  started.defer(stops.named('the HTTP interface', async () => http?.stop()))
  await tables?.settled
  await index?.settled
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const watch = watchFolders(foldersOf(settings), (folder) => failed.reject(folderGone(folder)))
  started.defer(() => watch.stop())
  const stopping = started.move()
  return {
    settings,
    nats,
    durability,
    get clickhouse() {
      return engine?.access()
    },
    jetstream,
    kv,
    get client() {
      return tables?.value()?.client
    },
    kinds,
    get searchIndex() {
      return index?.value()?.searchIndex
    },
    metrics,
    stages: ordered,
    http,
    failed: failed.promise,
    allMetrics: () => merged(metrics, otherMetrics),
    stop: () => stopping.disposeAsync(),
  }
}

const byRole = ([one]: [Role, Stage], [other]: [Role, Stage]): number => ROLES.indexOf(one) - ROLES.indexOf(other)

/** Roles that need neither tables nor the search index to start. */
const CORE_ROLES: readonly Role[] = ['dispatch', 'tasks', 'host']

/** Roles that read or write tables. */
const TABLE_ROLES: readonly Role[] = ['project', 'embed', 'serve']
const needsTables = ({ ROLES: roles }: Settings): boolean => roles.some((role) => TABLE_ROLES.includes(role))

/** Roles that write or search the index, and so need its embedding model. */
const INDEX_ROLES: readonly Role[] = ['embed', 'serve']

interface Engine {
  readonly ready: Promise<ClickHouseAccess>
  access(): ClickHouseAccess | undefined
}

interface Servers {
  readonly nats: NatsAccess
  /** Absent if no role of this process uses tables. */
  readonly engine: Engine | undefined
}

interface ServersDeps extends Pick<Base, 'settings' | 'log' | 'stops'> {
  readonly lock: DataLock | undefined
}

/** Starts both servers at once, and waits for NATS only. */
async function startServers({ settings, log, lock, stops }: ServersDeps, started: AsyncDisposableStack): Promise<Servers> {
  let access: ClickHouseAccess | undefined
  const ready = needsTables(settings) ? accessClickHouse(settings, log) : undefined
  const known = ready?.then(
    (clickhouse) => {
      access = clickhouse
    },
    () => undefined,
  )
  const starting = accessNats(settings, log, lock)
  started.defer(async () => {
    const stopNats = stops.named('nats-server', async () => (await starting).stop())
    const stopEngine = stops.named('ClickHouse', async () => {
      await known
      await access?.stop()
    })
    // The start of a server that failed has stopped it.
    await Promise.all([stopNats().catch(() => undefined), stopEngine()])
  })
  const nats = await starting
  return { nats, engine: ready && { ready, access: () => access } }
}

/** What all parts are started with. */
interface Base {
  readonly settings: Settings
  readonly kinds: Kinds
  readonly log: Logger
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly metrics: Metrics
  readonly replicas: number
  readonly nats: NatsAccess
  /** Roles that run in threads. */
  readonly threadRoles: readonly Role[]
  readonly stops: StopTracker
  /** The file in which the host's thread notes what it decides; absent without a host. */
  readonly slotPath: string | undefined
}

interface RolesNeeds {
  readonly clickhouse: ClickHouseAccess | undefined
  readonly client: ClickHouseClient | undefined
  readonly searchIndex: SearchIndex | undefined
}

interface RunningRoles {
  readonly stages: ReadonlyMap<Role, Stage>
  threadMetrics(): Promise<MetricsSnapshot[]>
}

/** Starts those of some roles that this process has, in this thread or in threads of their own. */
async function startRoles(base: Base, some: readonly Role[], needs: RolesNeeds, started: AsyncDisposableStack): Promise<RunningRoles> {
  const { settings, threadRoles, nats, replicas, log, stops, slotPath, kv, metrics } = base
  const roles = settings.ROLES.filter((role) => some.includes(role))
  const own = roles.filter((role) => !threadRoles.includes(role))
  const { clickhouse, ...shared } = needs
  const inner = new AsyncDisposableStack()
  started.defer(stops.named(`the roles ${roles.join(', ')}`, () => inner.disposeAsync()))
  const calls: CallSlot = own.includes('host') ? watchedSlot(settings, { path: slotPath }, inner) : unwatchedSlot()
  const { stages: ownStages } =
    own.length === 0
      ? { stages: new Map<Role, Stage>() }
      : await startStages({ ...base, ...shared, calls, settings: { ...settings, ROLES: own } }, inner)
  const threads: Threads = await startThreads(
    {
      roles: threadRoles.filter((role) => roles.includes(role)),
      settings,
      servers: { nats, clickhouse },
      replicas,
      slotPath,
      metrics,
      log,
      countEnd: createEndCounter({ kv, metrics, log, slotPath }),
    },
    inner,
  )
  for (const [role, thread] of threads.stages) inner.defer(stops.named(`the thread of ${role}`, () => thread.stop()))
  return { stages: new Map([...ownStages, ...threads.stages]), threadMetrics: threads.metrics }
}

interface Tables extends RunningRoles {
  readonly client: ClickHouseClient
  readonly url: string
}

async function startTables(base: Base, engine: Engine, started: AsyncDisposableStack): Promise<Tables> {
  const clickhouse = await engine.ready
  if (!clickhouse.embedded) await prepareDatabase(clickhouse.client)
  const client = createClient(clickhouse.client)
  started.defer(() => client.close())
  const { folder } = clickhouse
  await prepareTables(client, base.kv, base.log, clickhouse)
  if (folder !== undefined) {
    const check = startPartCheck({ clickhouse: client, folder, log: base.log })
    started.defer(() => check.stop())
  }
  return { client, url: clickhouse.url, ...(await startRoles(base, ['project'], { clickhouse, client, searchIndex: undefined }, started)) }
}

/** The search index waits for its own servers, and for the tables. */
const isPassing = (error: unknown): boolean => isServerAway(error) || hasCode(error, 'tables_unavailable')

interface Index extends RunningRoles {
  readonly searchIndex: SearchIndex
}

async function startIndex(base: Base, tables: LatePart<Tables>, started: AsyncDisposableStack): Promise<Index> {
  await tables.settled
  const client = clientOf(tables)
  const searchIndex = await openSearchIndex({ ...base, client }, started)
  const searchService = serveSearch(base.jetstream.nc, searchIndex.search)
  started.defer(() => searchService.stop())
  return { searchIndex, ...(await startRoles(base, ['embed'], { clickhouse: undefined, client, searchIndex }, started)) }
}

async function pingTables({ client, url }: Tables, signal: AbortSignal): Promise<void> {
  const answer = await client.ping({ select: true, abort_signal: signal })
  if (answer.success) return
  throw new ColloquyError('tables_unavailable', `ClickHouse at ${url} does not answer (${messageOf(answer.error)})`, {
    cause: answer.error,
  })
}

/** Asks Qdrant, if it has the index; else ClickHouse. */
const pingIndex =
  ({ settings: { QDRANT_URL: url } }: Base, tables: LatePart<Tables>) =>
  async (_index: Index, signal: AbortSignal): Promise<void> => {
    const value = tables.value()
    if (url === undefined) return value === undefined ? undefined : pingTables(value, signal)
    await fetch(new URL('/healthz', url), { signal }).catch((cause: unknown) => {
      const why = awayCodeOf(cause) ?? messageOf(cause)
      throw new ColloquyError('search_unavailable', `Qdrant at ${url} does not answer (${why})`, { cause })
    })
  }

function clientOf(tables: LatePart<Tables>): ClickHouseClient {
  const client = tables.value()?.client
  if (client === undefined) throw new ColloquyError('tables_unavailable', `the tables are not ready (${tables.detail()})`)
  return client
}

/** Searches once the index has started. */
const searchOf =
  (index: LatePart<Index>): Search =>
  async (request) => {
    const searchIndex = index.value()?.searchIndex
    if (searchIndex === undefined) throw new ColloquyError('search_unavailable', `it is not ready: ${index.detail()}`)
    return searchIndex.search(request)
  }

/** The folders of this process's own servers. */
const foldersOf = (settings: Settings): string[] => [
  ...(usesDataFolder(settings) ? [settings.DATA_DIR] : []),
  ...(settings.NATS_URL === undefined ? [join(settings.DATA_DIR, 'nats')] : []),
  ...(settings.CLICKHOUSE_URL === undefined && needsTables(settings) ? [join(settings.DATA_DIR, 'clickhouse')] : []),
]

const folderGone = (folder: string): ColloquyError =>
  new ColloquyError(
    'data_dir_gone',
    `the folder ${folder} was deleted or replaced while Colloquy was using it; what its servers had stored there is lost. `
      + 'Colloquy stops. Put the folder back, or restore a backup with "colloquy restore", and start again',
  )
