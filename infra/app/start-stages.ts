import { hash, randomUUID } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { startWakeUpSweeper } from '../../pipeline/timers/wake-up-sweeper.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { openClusterRegistry, type ClusterRegistry, type Share } from '../../pipeline/cluster/registry.ts'
import { joinCluster, type Membership } from '../../pipeline/cluster/membership.ts'
import { assignPartitions, type Assignment } from '../../pipeline/cluster/assignment.ts'
import { startDispatcher } from '../../pipeline/dispatcher/dispatcher.ts'
import { startHost, type HostRun } from '../../pipeline/host/host.ts'
import { createActorCache } from '../../pipeline/host/actor-cache.ts'
import { startInboxTrim } from '../../pipeline/host/inbox-trim.ts'
import type { Delivery } from '../../pipeline/host/message-handler.ts'
import { createCanaries } from '../../pipeline/indexer/canaries.ts'
import { startIndexer } from '../../pipeline/indexer/indexer.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { singlePartition, createPartitionedStage, backgroundRun, type PartitionedStage, type PartitionRun } from '../../pipeline/runtime/partitioned-stage.ts'
import { startProjector } from '../../pipeline/projector/projector.ts'
import { startStage, type Stage } from '../../pipeline/runtime/stage.ts'
import { createStreamTruncation } from '../../pipeline/jetstream/stream-truncation.ts'
import { startSourcingWatchdog } from '../../pipeline/jetstream/sourcing-watchdog.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { createRemoteSearch } from '../../pipeline/search/search-service.ts'
import { createTenantSearches } from '../../pipeline/task-runner/tenant-search.ts'
import { startTaskRunner } from '../../pipeline/task-runner/task-runner.ts'
import { startAuditor } from '../../pipeline/verify/auditor.ts'
import type { Role, Settings } from '../settings.ts'
import type { SearchIndex } from './search-index.ts'
import { isProcessAlive, hostIdentity } from './host-identity.ts'

export interface StageDeps {
  readonly settings: Settings
  readonly kinds: Kinds
  readonly replicas: number
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** Absent where no role of this process has to do with tables. */
  readonly client: ClickHouseClient | undefined
  readonly memory: SearchIndex | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

export interface Stages {
  /** By role; only those that this process has. */
  readonly stages: ReadonlyMap<Role, Stage>
}

const CHECKPOINT_MS = 500
const PROGRESS_MS = 1_000
const TRIM_MS = 10_000
/** Twice as long as nats-server waits with fsync unless it is told otherwise. */
const TRIM_KEEP_MS = 240_000

/** Who owns it looks over the alarms, for all. */
const ALARMS = 'alarms'
const ALARMS_MS = 30_000

/** Who owns it takes out of INBOX what is done, for all. */
const TRIM = 'trim'

/** Who owns it sees to it that INBOX takes over what other streams have for it, for all. */
const HAND_ON = 'hand-on'
const HAND_ON_MS = 5_000

/**
 * Starts the stages of this process's roles, and has it take part in the cluster for those that are shared out. Readers of the log
 * first, so that they stand ready when the host begins to write it; stopped the other way round.
 */
export async function startStages(deps: StageDeps, started: AsyncDisposableStack): Promise<Stages> {
  const { settings, kinds, jetstream, kv, client, memory, metrics, log } = deps
  const has = (role: Role): boolean => settings.ROLES.includes(role) && (role !== 'project' || client !== undefined) && (role !== 'embed' || memory !== undefined)
  const partitionCount = settings.PARTITIONS
  const underWay = { bytesMax: settings.IN_FLIGHT_BYTES_MAX, log, metrics, jetstream }
  const now = (): string => new Date().toISOString()
  const stages = new Map<Role, Stage>()

  // Workers may fill tables of their own: those with the same database stand by for each other.
  const tables = client === undefined ? '' : await databaseId(client)
  const [project, audit] = [`project-${tables}`, `audit-${tables}`]
  // By where the vectors are, not by their model: that may change while it runs.
  const embed = `embed-${settings.QDRANT_URL === undefined ? tables : hash('sha256', settings.QDRANT_URL).slice(0, 16)}`
  const works = [...(has('project') ? [project, audit] : []), ...(has('embed') ? [embed] : []), ...(has('dispatch') ? ['dispatch', ALARMS, HAND_ON] : []), ...(has('host') ? ['host', TRIM] : [])]
  const registry = await openClusterRegistry(jetstream, deps.replicas)
  const membership = await joinCluster({
    jetstream, registry, workloads: works, id: randomUUID(), hostIdentity: hostIdentity(), pid: process.pid, isProcessAlive: isProcessAlive, leaseMs: settings.LEASE_MS, log,
  })
  started.defer(() => membership.stop())
  const share = createSharing({ registry, membership, log, metrics }, started)

  if (has('project') && client !== undefined) {
    stages.set('project', share('project', project, 1, () => singlePartition(startProjector({
      ...underWay, kv, clickhouse: client, partitionCount, recordsMax: settings.PROJECT_BATCH_RECORDS_MAX * 2, now,
      batchRecordsMax: settings.PROJECT_BATCH_RECORDS_MAX, batchMs: settings.PROJECT_BATCH_MS, progressMs: PROGRESS_MS,
    }))).stage)
    share('audit', audit, 1, () => singlePartition(backgroundRun(startAuditor({ jetstream, kv, clickhouse: client, metrics, log }))))
  }
  if (has('embed') && memory !== undefined) {
    stages.set('embed', share('embed', embed, 1, () => {
      const { embedder, store, replaced } = memory.current()
      return singlePartition(startIndexer({ ...underWay, ...embedBounds(settings), ...embedderNotes({ kv, store, log }), embedder, store, replaced }))
    }).stage)
  }
  if (has('dispatch')) {
    const truncation = createStreamTruncation({ jetstream, kv, log, metrics })
    const shared = share('dispatch', 'dispatch', partitionCount, (partitions, { isAssigned: owns, hasValidLease: holds }) => startDispatcher({
      ...underWay, checkpoints: createCheckpoints(kv, 'dispatch'), truncation, partitions, isAssigned: owns, hasValidLease: holds,
      recordsMax: settings.IN_FLIGHT_MAX, checkpointMs: CHECKPOINT_MS,
    }))
    stages.set('dispatch', shared.stage)
    share(ALARMS, ALARMS, 1, () => singlePartition(backgroundRun(startWakeUpSweeper({ jetstream, log, now: Date.now, everyMs: ALARMS_MS }))))
    share(HAND_ON, HAND_ON, 1, () => singlePartition(backgroundRun(startSourcingWatchdog({ jetstream, log, metrics, everyMs: HAND_ON_MS }))))
    membership.reportShare('dispatch', () => shareOf(shared.stage, 0))
  }
  if (has('tasks')) {
    const memories = createTenantSearches(jetstream, memory?.search ?? createRemoteSearch(jetstream.nc))
    started.defer(() => memories.stop())
    const tasks = await startStage('tasks', () => startTaskRunner({ jetstream, kinds, searchIndexOf: memories.of, log, metrics, now: Date.now }), log)
    started.defer(() => tasks.stop())
    stages.set('tasks', tasks)
  }
  if (has('host')) {
    const live = createActorCache<Delivery>(settings.LIVE_ACTORS_MAX)
    const runs = new Set<HostRun>()
    const { stage } = share('host', 'host', partitionCount, async (partitions, { isAssigned: owns, hasValidLease: holds, isLost, yieldPartition: decline }) => {
      const run = await startHost({
        ...underWay, kv, kinds, partitions, actors: live, messagesMax: settings.IN_FLIGHT_MAX, now, isAssigned: owns, hasValidLease: holds, isLost, yieldPartition: decline,
      })
      runs.add(run)
      run.ended.catch(() => undefined).finally(() => runs.delete(run))
      return run
    })
    stages.set('host', stage)
    membership.reportShare('host', () => shareOf(stage, Math.max(0, ...[...runs].map((run) => run.lastAppended()))))
    share(TRIM, TRIM, 1, () => singlePartition(startInboxTrim({
      jetstream, kv, partitionCount, everyMs: TRIM_MS, keepMs: TRIM_KEEP_MS, log, shares: (work) => membership.sharesOf(work),
    })))
  }
  // The first look gives this member its partitions; what hinders a stage from beginning is thrown here.
  await membership.poll()
  started.defer(() => membership.leave())
  return { stages }
}

/** What whoever fills a collection has written down of it, by the collection's name. */
export function embedderNotes({ kv, store, log }: { readonly kv: KV; readonly store: VectorStore; readonly log: Logger }) {
  const reader = `embed-${store.id}`
  return { checkpoints: createCheckpoints(kv, reader), proofs: createCanaries({ kv, reader, store, log }) }
}

export const embedBounds = (settings: Settings) => ({
  recordsMax: settings.EMBED_BATCH_RECORDS_MAX * 2, batchRecordsMax: settings.EMBED_BATCH_RECORDS_MAX, batchMs: settings.EMBED_BATCH_MS,
})

type Begin = (partitions: readonly number[], ownership: Assignment) => Promise<PartitionRun>

/** Makes stages that work on what this member owns. */
function createSharing(deps: { registry: ClusterRegistry; membership: Membership; log: Logger; metrics: Metrics }, started: AsyncDisposableStack) {
  return (name: string, work: string, partitionCount: number, begin: Begin): { stage: PartitionedStage } => {
    const stage = createPartitionedStage(name, (partitions) => begin(partitions, ownership), deps.log)
    const ownership = assignPartitions({ ...deps, workload: work, stage, partitionCount })
    started.defer(() => ownership.stop())
    return { stage }
  }
}

const shareOf = (stage: PartitionedStage, logSeq: number): Share => ({
  partitions: [...stage.partitions], position: stage.status().position, logSeq,
})

/** The same for whoever works with this database, by whatever name its server is reached. */
async function databaseId(client: ClickHouseClient): Promise<string> {
  const result = await client.query({ query: 'SELECT uuid FROM system.databases WHERE name = currentDatabase()', format: 'JSONEachRow' })
  const [row] = await result.json<{ uuid: string }>()
  return row?.uuid ?? ''
}
