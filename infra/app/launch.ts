import { type ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { startMetricFeed } from '../../pipeline/feeds/metric-feed.ts'
import type { HttpServer, HttpServerOptions } from '../../pipeline/http/http-server.ts'
import type { TakeInputs } from '../../pipeline/http/input-route.ts'
import { createRecordPositions } from '../../pipeline/http/record-positions.ts'
import type { RequestAccess } from '../../pipeline/http/request-access.ts'
import { createStageLags } from '../../pipeline/http/stage-lags.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createLogTail } from '../../pipeline/jetstream/log-tail.ts'
import { createAdvise } from '../../pipeline/producer/advise.ts'
import { createDecisionFeed } from '../../pipeline/producer/decision-feed.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import { createMetrics, merged, type Metrics, type MetricsSnapshot } from '../../pipeline/runtime/metrics.ts'
import type { Stage } from '../../pipeline/runtime/stage.ts'
import { unlessAborted } from '../../pipeline/runtime/unless-aborted.ts'
import { createSearchAnswers } from '../../pipeline/search/cached-search.ts'
import { createQueryVectorCache } from '../../pipeline/search/query-vectors.ts'
import { lockDataFolder, watchFolders } from '../servers/data-folder.ts'
import type { DataLock } from '../servers/data-lock.ts'
import type { Preset } from '../servers/models/presets.ts'
import { type Role, ROLES, type Settings } from '../settings.ts'
import { type ClickHouseAccess } from './clickhouse-access.ts'
import { durabilityOf } from './durability.ts'
import { refuseNewerRecords, registeredKinds, registerKinds } from './kind-registry.ts'
import { connectNats, type NatsAccess, openJetStream } from './nats-access.ts'
import { probeProtection } from './nats-protection.ts'
import { openChatKinds } from './open-chat-kinds.ts'
import { openProcessCaches } from './open-process-caches.ts'
import { prepareStreams } from './prepare-streams.ts'
import { accessReranker } from './reranker-access.ts'
import { type SearchIndex } from './search-index.ts'
import { serveHttp } from './serve-http.ts'
import { startReceiptService } from './serve-receipts.ts'
import { startStatusService } from './status-service.ts'
import { createStopTracker, type StopTracker } from './stop-tracker.ts'
import { startStreamWatch, STREAM_CHECK_MS } from './stream-watch.ts'
import {
  type Base,
  clientOf,
  folderGone,
  foldersOf,
  opensIndex,
  searchOf,
  startCoreRoles,
  startIndexPart,
  startServers,
  startTablesPart,
  understandingOf,
  usesDataFolder,
} from './system-parts.ts'
import { threadsOf } from './threads/role-threads.ts'
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
  system: Pick<Running, 'jetstream' | 'kv'> & {
    readonly client: () => ClickHouseClient
    readonly takeInputs: TakeInputs
    readonly access: RequestAccess
  },
) => void

export interface LaunchOptions {
  readonly moreRoutes?: MoreRoutes
  readonly checks?: HttpServerOptions['checks']
  /** Whether roles run in threads as the setting THREADS says. Default: false, all roles run in this thread. */
  readonly threads?: boolean
  /** The lock of the data folder, which `stop` releases. Default: taken here, if the system has servers of its own. */
  readonly dataLock?: DataLock | undefined
  /** Learns what is being stopped. */
  readonly stops?: StopTracker
  /** Ends the start before its next part begins; what has started is stopped. Has no effect later. Default: none. */
  readonly signal?: AbortSignal
  /** Interval at which the limits of the streams are checked; default: `STREAM_CHECK_MS`. */
  readonly streamCheckMs?: number
  /** What the embedding model `auto` means; default: `AUTO_PRESET`. */
  readonly autoPreset?: Preset | undefined
  /** As in `StreamSizes`. */
  readonly duplicateWindowMs?: number | undefined
}

/**
 * Starts the re-ranker, servers, streams, tables and stages, in this order. The roles that decide and send do not wait for tables and
 * search index: if ClickHouse or Qdrant is away, those start when it answers.
 *
 * @throws ColloquyError of the part that could not start; all parts that have started are stopped first.
 * @throws the reason of `signal`, in the same way
 */
export async function launch(settings: Settings, kinds: Kinds, log: Logger, options: LaunchOptions = {}): Promise<Running> {
  await using started = new AsyncDisposableStack()
  const lock = options.dataLock ?? (usesDataFolder(settings) ? await lockDataFolder(settings.DATA_DIR) : undefined)
  started.defer(() => lock?.release())
  const stops = options.stops ?? createStopTracker()
  const { signal = NEVER } = options
  const reranker = opensIndex(settings) ? await accessReranker(settings, log) : undefined
  started.defer(() => reranker?.close())
  signal.throwIfAborted()
  const { nats, engine } = await startServers({ settings, log, lock, stops }, started)
  signal.throwIfAborted()
  const nc = await connectNats(nats.connection, 'colloquy')
  const jetstream = await openJetStream(nc)
  started.defer(stops.named('the connection to NATS', () => jetstream.close()))
  const durability = durabilityOf(settings, nc.info)
  const { replicas } = durability
  const kv = await prepareStreams(nc, jetstream.jsm, {
    partitions: settings.PARTITIONS,
    replicas,
    storageBytesMax: nats.storageBytesMax,
    isStorageKnown: nats.isStorageKnown,
    log,
    outKeepHours: settings.OUT_KEEP_HOURS,
    duplicateWindowMs: options.duplicateWindowMs,
  })
  await refuseNewerRecords(kv)
  signal.throwIfAborted()
  if (settings.ROLES.includes('host')) {
    const watch = (until: AsyncDisposableStack) => watchedSlot(settings, { noun: 'migration' }, until)
    await registerKinds({ kv, jetstream, log, now: () => new Date().toISOString(), watch }, kinds)
  }

  const metrics = createMetrics()
  // The probe listens for a while; the start goes on meanwhile.
  const probing = probeProtection(nats.connection, nc).then((protection) => {
    metrics.natsProtected.set(protection.protected === null ? NaN : Number(protection.protected))
    if (protection.protected === null) log.warn(protection, 'could not find out whether NATS is protected; see "colloquy status"')
    if (protection.protected === false) log.warn(protection, 'NATS is not protected; configure it with what "colloquy nats-config" prints')
  })
  probing.catch(() => undefined)
  const streamWatch = startStreamWatch({ jetstream, kv, metrics, log }, options.streamCheckMs ?? STREAM_CHECK_MS)
  started.defer(() => streamWatch.stop())
  const decisions = settings.ROLES.includes('host') ? await openDecisionSlot(settings.DATA_DIR) : undefined
  started.defer(async () => decisions?.remove())
  if (decisions !== undefined) await countEndedProcesses({ dataDir: settings.DATA_DIR, kv, jetstream, log })
  const caches = openProcessCaches({ settings, jetstream, metrics, log }, started)
  const threads = options.threads === true ? threadsOf(settings) : []
  const base: Base = {
    settings,
    kinds,
    log,
    jetstream,
    kv,
    metrics,
    replicas,
    nats,
    threads,
    stops,
    slotPath: decisions?.path,
    autoPreset: options.autoPreset,
    reranker,
    caches,
    searchCaches: caches && { answers: createSearchAnswers(caches), vectors: createQueryVectorCache(caches) },
  }
  const tables = engine && startTablesPart(base, engine)
  started.defer(stops.named('the tables', async () => tables?.stop()))
  const index = tables && startIndexPart(base, tables)
  started.defer(stops.named('the search index', async () => index?.stop()))

  signal.throwIfAborted()
  const core = await startCoreRoles(base, started)
  signal.throwIfAborted()
  const stages = new Map<Role, Stage>(core.stages)
  if (tables !== undefined && settings.ROLES.includes('project')) {
    stages.set(
      'project',
      tables.stage('project', (value) => value.stages.get('project')),
    )
  }
  for (const role of ['embed', 'train'] as const) {
    if (index === undefined || !settings.ROLES.includes(role)) continue
    stages.set(
      role,
      index.stage(role, (value) => value.stages.get(role)),
    )
  }
  const ordered = new Map([...stages].sort(byRole))
  const statusService = startStatusService(nc, ordered, durability, () => index?.value()?.searchIndex.nextModel.status())
  started.defer(() => statusService.stop())
  const advise = createAdvise({ kinds, log, registeredKinds: async () => (await registeredKinds(kv, jetstream.jsm)).keys() })
  const tail = createLogTail({ jetstream, metrics, log })
  started.defer(() => tail.stop())
  const decisionFeed = createDecisionFeed({ jetstream, tail, log })
  started.defer(() => decisionFeed.stop())
  const receiptService = startReceiptService({
    jetstream,
    decisions: decisionFeed,
    kv,
    client: () => tables?.value()?.client,
    stages: ordered,
    partitionCount: settings.PARTITIONS,
    durability,
    advise,
  })
  started.defer(() => receiptService.stop())
  const chat = openChatKinds({ kv, jetstream })
  started.defer(async () => chat.stop())
  const otherMetrics = async (): Promise<MetricsSnapshot[]> => [
    ...(await core.threadMetrics()),
    ...((await tables?.value()?.threadMetrics()) ?? []),
  ]
  const http =
    tables !== undefined && index !== undefined && settings.ROLES.includes('serve')
      ? await serveHttp({
          settings,
          jetstream,
          decisions: decisionFeed,
          tail,
          positions: caches && createRecordPositions(caches),
          kv,
          client: () => clientOf(tables),
          stages: ordered,
          search: searchOf(index),
          understand: understandingOf(index),
          evaluate: evaluateByRules,
          chat,
          durability,
          advise,
          metrics,
          otherMetrics,
          log,
          ...(options.checks && { checks: options.checks }),
          addRoutes: (app, takeInputs, access) =>
            options.moreRoutes?.(app, { jetstream, kv, client: () => clientOf(tables), takeInputs, access }),
        })
      : undefined
  started.defer(stops.named('the HTTP interface', async () => http?.stop()))
  const metricNames = settings.ROLES.includes('serve') ? settings.SERIES_METRICS : []
  if (metricNames.length > 0) {
    const { publisher } = jetstream
    const refresh = createStageLags({ jetstream, stages: ordered, metrics, log, now: Date.now })
    const from = { names: metricNames, refresh, others: otherMetrics, process: String(process.pid) }
    const feed = startMetricFeed({ ...from, publisher, log, metrics })
    started.defer(() => feed.stop())
  }
  const settled = async (): Promise<void> => {
    await tables?.settled
    await index?.settled
    await probing
  }
  await unlessAborted(settled(), signal)
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

const NEVER = new AbortController().signal

const byRole = ([one]: [Role, Stage], [other]: [Role, Stage]): number => ROLES.indexOf(one) - ROLES.indexOf(other)
