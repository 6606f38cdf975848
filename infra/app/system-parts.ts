import { join } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import type { Caches } from '../../pipeline/cache/caches.ts'
import { serveWaitingCases } from '../../pipeline/desks/waiting-cases-service.ts'
import { localQuestionVectors, serveQuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import { serveRecipients } from '../../pipeline/fan-out/recipients-service.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { findRemoved, type SeqRange } from '../../pipeline/jetstream/removed.ts'
import type { Reranker } from '../../pipeline/reranking/reranker.ts'
import { type Metrics, type MetricsSnapshot } from '../../pipeline/runtime/metrics.ts'
import { awayCodeOf, isServerAway } from '../../pipeline/runtime/server-away.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import type { Search } from '../../pipeline/search/search-answer.ts'
import { serveSearch } from '../../pipeline/search/search-service.ts'
import type { Understand } from '../../pipeline/understanding/understand.ts'
import { type CallSlot, unwatchedSlot } from '../../pipeline/watchdog/call-slot.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { DataLock } from '../servers/data-lock.ts'
import type { Preset } from '../servers/models/presets.ts'
import { type Role, type Settings } from '../settings.ts'
import { accessClickHouse, type ClickHouseAccess } from './clickhouse-access.ts'
import { ANSWER_MS_MAX, type LatePart, startLatePart } from './late-part.ts'
import { startTypedViews } from './make-typed-views.ts'
import { accessNats, type NatsAccess } from './nats-access.ts'
import { openUnderstanding } from './open-understanding.ts'
import { startDamageWatch, startPartCheck } from './part-check.ts'
import { prepareDatabase, prepareTables } from './prepare-tables.ts'
import { openSearchIndex, type SearchCaches, type SearchIndex } from './search-index.ts'
import { startStages } from './start-stages.ts'
import { type StopTracker } from './stop-tracker.ts'
import { createEndCounter } from './threads/end-counter.ts'
import { startThreads, type ThreadRoles, type Threads } from './threads/role-threads.ts'
import { watchedSlot } from './watchdog/process-watchdog.ts'

/** Roles that need neither tables nor the search index to start. */
const CORE_ROLES: readonly Role[] = ['judge', 'dispatch', 'tasks', 'host']

/** Roles that read or write tables. */
const TABLE_ROLES: readonly Role[] = ['project', 'embed', 'train', 'serve']
const needsTables = ({ ROLES: roles }: Settings): boolean => roles.some((role) => TABLE_ROLES.includes(role))

/** Roles that write or search the index, or train with its embedding model. */
const INDEX_ROLES: readonly Role[] = ['embed', 'train', 'serve']

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
export async function startServers({ settings, log, lock, stops }: ServersDeps, started: AsyncDisposableStack): Promise<Servers> {
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
export interface Base {
  readonly settings: Settings
  readonly kinds: Kinds
  readonly log: Logger
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly metrics: Metrics
  readonly replicas: number
  readonly nats: NatsAccess
  /** The threads of this process; the other roles run in this thread. */
  readonly threads: readonly ThreadRoles[]
  readonly stops: StopTracker
  /** The file in which the host's thread notes what it decides; absent without a host. */
  readonly slotPath: string | undefined
  /** What the embedding model `auto` means; default: `AUTO_PRESET`. */
  readonly autoPreset: Preset | undefined
  /** Opened before anything else, so that one that cannot be used ends the start before it takes part in the cluster. */
  readonly reranker: Reranker | undefined
  /** Absent: nothing is cached. */
  readonly caches: Caches | undefined
  /** Absent: searches are not cached. */
  readonly searchCaches: SearchCaches | undefined
}

/** Starts the roles that need neither tables nor the search index. */
export const startCoreRoles = (base: Base, started: AsyncDisposableStack): Promise<RunningRoles> =>
  startRoles(base, CORE_ROLES, { clickhouse: undefined, client: undefined, searchIndex: undefined }, started)

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
  const { settings, nats, replicas, log, stops, slotPath, kv, jetstream, metrics } = base
  const roles = settings.ROLES.filter((role) => some.includes(role))
  const inThreads = base.threads.filter(([first]) => roles.includes(first))
  const own = roles.filter((role) => !inThreads.flat().includes(role))
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
      threads: inThreads,
      settings,
      servers: { nats, clickhouse },
      replicas,
      slotPath,
      metrics,
      log,
      countEnd: createEndCounter({ kv, jetstream, metrics, log, slotPath }),
    },
    inner,
  )
  for (const thread of threads.threads) inner.defer(stops.named(`the thread of ${thread.name}`, () => thread.stop()))
  return { stages: new Map([...ownStages, ...threads.stages]), threadMetrics: threads.metrics }
}

export interface Tables extends RunningRoles {
  readonly client: ClickHouseClient
  readonly url: string
}

/** Starts the tables and the role that fills them, once ClickHouse answers. */
export const startTablesPart = (base: Base, engine: Engine): LatePart<Tables> =>
  startLatePart({ name: 'the tables', log: base.log, start: (stack) => startTables(base, engine, stack), ping: pingTables })

async function startTables(base: Base, engine: Engine, started: AsyncDisposableStack): Promise<Tables> {
  const clickhouse = await engine.ready
  if (!clickhouse.embedded) await prepareDatabase(clickhouse.client)
  const client = createClient(clickhouse.client)
  started.defer(() => client.close())
  const { folder } = clickhouse
  const lostRecords = async (): Promise<readonly SeqRange[]> => (await findRemoved(base.jetstream)).ranges
  await prepareTables(client, base.kv, base.log, { ...clickhouse, lostRecords })
  const recipients = serveRecipients(base.jetstream.nc, client)
  started.defer(async () => recipients.stop())
  const waitingCases = serveWaitingCases(base.jetstream.nc, client)
  started.defer(async () => waitingCases.stop())
  const views = await startTypedViews({ clickhouse: client, kv: base.kv, log: base.log })
  started.defer(() => views.stop())
  if (folder !== undefined) {
    for (const start of [startPartCheck, startDamageWatch]) {
      const job = start({ clickhouse: client, folder, lostRecords, log: base.log })
      started.defer(() => job.stop())
    }
  }
  return { client, url: clickhouse.url, ...(await startRoles(base, ['project'], { clickhouse, client, searchIndex: undefined }, started)) }
}

/** The search index waits for its own servers, and for the tables. */
const isPassing = (error: unknown): boolean => isServerAway(error) || hasCode(error, 'tables_unavailable')

export interface Index extends RunningRoles {
  readonly searchIndex: SearchIndex
  readonly understand: Understand
}

/** Whether a process with these settings writes or searches the index. */
export const opensIndex = ({ ROLES: roles }: Pick<Settings, 'ROLES'>): boolean => INDEX_ROLES.some((role) => roles.includes(role))

/** Starts the search index and the role that fills it; `undefined` for a process that neither writes nor searches it. */
export const startIndexPart = (base: Base, tables: LatePart<Tables>): LatePart<Index> | undefined =>
  opensIndex(base.settings)
    ? startLatePart({
        name: 'the search index',
        log: base.log,
        isPassing,
        start: (stack) => startIndex(base, tables, stack),
        ping: pingIndex(base, tables),
      })
    : undefined

async function startIndex(base: Base, tables: LatePart<Tables>, started: AsyncDisposableStack): Promise<Index> {
  await tables.settled
  const client = clientOf(tables)
  const searchIndex = await openSearchIndex({ ...base, client }, started)
  const searchService = serveSearch(base.jetstream.nc, searchIndex.positionedSearch)
  started.defer(() => searchService.stop())
  const vectors = localQuestionVectors(() => searchIndex.current().embedder)
  const vectorService = serveQuestionVectors(base.jetstream.nc, vectors)
  started.defer(() => vectorService.stop())
  const understand = await openUnderstanding({ ...base, vectors }, started)
  const roles = await startRoles(base, ['embed', 'train'], { clickhouse: undefined, client, searchIndex }, started)
  return { searchIndex, understand, ...roles }
}

async function pingTables({ client, url }: Tables, signal: AbortSignal): Promise<void> {
  const answer = await client.ping({ select: true, abort_signal: signal })
  if (answer.success) return
  throw new ColloquyError('tables_unavailable', `ClickHouse at ${url} ${noAnswer(answer.error, signal)}`, { cause: answer.error })
}

/** What to say of a server whose ping failed. */
const noAnswer = (error: unknown, signal: AbortSignal): string =>
  signal.aborted ? `does not answer within ${ANSWER_MS_MAX / 1_000} s` : `does not answer (${awayCodeOf(error) ?? messageOf(error)})`

/** Asks Qdrant, if it has the index; else ClickHouse. */
const pingIndex =
  ({ settings: { QDRANT_URL: url } }: Base, tables: LatePart<Tables>) =>
  async (_index: Index, signal: AbortSignal): Promise<void> => {
    const value = tables.value()
    if (url === undefined) return value === undefined ? undefined : pingTables(value, signal)
    await fetch(new URL('/healthz', url), { signal }).catch((cause: unknown) => {
      throw new ColloquyError('search_unavailable', `Qdrant at ${url} ${noAnswer(cause, signal)}`, { cause })
    })
  }

export function clientOf(tables: LatePart<Tables>): ClickHouseClient {
  const client = tables.value()?.client
  const away = tables.away()
  if (away !== undefined) throw new ColloquyError('tables_unavailable', away)
  if (client === undefined) throw new ColloquyError('tables_unavailable', `the tables are not ready (${tables.detail()})`)
  return client
}

/** Searches once the index has started. */
export const searchOf =
  (index: LatePart<Index>): Search =>
  async (request) => {
    const searchIndex = index.value()?.searchIndex
    if (searchIndex === undefined) throw new ColloquyError('search_unavailable', `it is not ready: ${index.detail()}`)
    const away = index.away()
    if (away !== undefined) throw new ColloquyError('search_unavailable', away)
    return searchIndex.search(request)
  }

/** Understands once the index, whose process has the embedding model, has started. */
export const understandingOf =
  (index: LatePart<Index>): Understand =>
  async (tenant, query) => {
    const understand = index.value()?.understand
    if (understand === undefined) throw new ColloquyError('search_unavailable', `it is not ready: ${index.detail()}`)
    return understand(tenant, query)
  }

/** Whether a process with these settings has servers of its own in the data folder. */
export const usesDataFolder = (settings: Settings): boolean =>
  settings.NATS_URL === undefined || (settings.CLICKHOUSE_URL === undefined && needsTables(settings))

/** The folders of this process's own servers. */
export const foldersOf = (settings: Settings): string[] => [
  ...(usesDataFolder(settings) ? [settings.DATA_DIR] : []),
  ...(settings.NATS_URL === undefined ? [join(settings.DATA_DIR, 'nats')] : []),
  ...(settings.CLICKHOUSE_URL === undefined && needsTables(settings) ? [join(settings.DATA_DIR, 'clickhouse')] : []),
]

export const folderGone = (folder: string): ColloquyError =>
  new ColloquyError(
    'data_dir_gone',
    `the folder ${folder} was deleted or replaced while Colloquy was using it; what its servers had stored there is lost. `
      + 'Colloquy stops. Put the folder back, or restore a backup with "colloquy restore", and start again',
  )
