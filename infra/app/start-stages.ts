import { hash, randomUUID } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import { compiledKinds } from '../../actors/definition/compiled-machine.ts'
import { canaryKind } from '../../actors/kinds/canary/kind.ts'
import { startCanary } from '../../pipeline/canary/canary.ts'
import type { Assignment } from '../../pipeline/cluster/assignment.ts'
import { joinCluster, type Membership } from '../../pipeline/cluster/membership.ts'
import { chooseRecordForm, type RecordFormChoice } from '../../pipeline/cluster/record-form-choice.ts'
import { openClusterRegistry } from '../../pipeline/cluster/registry.ts'
import { startDispatcher } from '../../pipeline/dispatcher/dispatcher.ts'
import type { Embedder } from '../../pipeline/embedding/embedder.ts'
import { startEventFeed } from '../../pipeline/feeds/event-feed.ts'
import { startHooks } from '../../pipeline/hooks/hooks.ts'
import { createActorCache } from '../../pipeline/host/actor-cache.ts'
import { createHandOver } from '../../pipeline/host/hand-over.ts'
import { type HostRun, startHost } from '../../pipeline/host/host.ts'
import { startInboxTrim } from '../../pipeline/host/inbox-trim.ts'
import type { Delivery } from '../../pipeline/host/message-handler.ts'
import { startIndexer } from '../../pipeline/indexer/indexer.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { startSourcingWatchdog } from '../../pipeline/jetstream/sourcing-watchdog.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { createStreamTruncation } from '../../pipeline/jetstream/stream-truncation.ts'
import { startJudge } from '../../pipeline/judge/judge.ts'
import { judgeByRules, type JudgeEvaluator } from '../../pipeline/judge/judge-evaluator.ts'
import { startProjector } from '../../pipeline/projector/projector.ts'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import { backgroundRun, singlePartition } from '../../pipeline/runtime/partitioned-stage.ts'
import { isProcessAlive } from '../../pipeline/runtime/process-alive.ts'
import { type Stage } from '../../pipeline/runtime/stage.ts'
import { startWakeUpSweeper } from '../../pipeline/timers/wake-up-sweeper.ts'
import { findUntrained } from '../../pipeline/understanding/training/trainable-sets.ts'
import { openTrainedModels } from '../../pipeline/understanding/training/trained-models.ts'
import { startTrainer } from '../../pipeline/understanding/training/trainer.ts'
import { startAuditor } from '../../pipeline/verify/auditor.ts'
import { CANARY_KIND } from '../../schemas/canary-events.ts'
import type { Role } from '../settings.ts'
import { hostIdentity } from './host-identity.ts'
import { withSuccessor } from './index-successor.ts'
import { indexerBounds, indexerState } from './indexer-state.ts'
import { refuseOlderProcesses } from './kind-registry.ts'
import { modelJudgeOf } from './model-judge.ts'
import type { RoleWork, StageContext, StageDeps } from './role-work.ts'
import { createSharing, type SharedWork, startOwn, workloadOf } from './shared-work.ts'
import { tasksWork } from './tasks-work.ts'

export interface Stages {
  /** The stages of this process, by role. */
  readonly stages: ReadonlyMap<Role, Stage>
}

const HOST = 'host'
const CANARY = 'canary'
const CHECKPOINT_MS = 500
const PROGRESS_MS = 1_000
const TRIM_MS = 10_000
/** Twice the default fsync interval of nats-server. */
const TRIM_KEEP_MS = 240_000
/** A process that has checked that it may start is a member after this many leases. */
const SETTLE_LEASES = 10
const WAKE_UP_SWEEP_MS = 30_000
const SOURCING_WATCH_MS = 5_000
/** Judgements by a model that are repeated after a crash, at most. */
const MODEL_JUDGEMENTS_MAX = 8

/**
 * The work of each role; `undefined` if the process lacks what the role needs. In the order in which they start: readers of the log first,
 * so that they are ready when the host starts to write it.
 */
const ROLE_WORK: readonly { readonly role: Role; readonly workOf: (context: StageContext) => RoleWork | undefined }[] = [
  { role: 'project', workOf: projectWork },
  { role: 'embed', workOf: embedWork },
  { role: 'train', workOf: trainWork },
  { role: 'judge', workOf: judgeWork },
  { role: 'dispatch', workOf: dispatchWork },
  { role: 'tasks', workOf: tasksWork },
  { role: 'host', workOf: hostWork },
]

/**
 * Starts the stages of this process's roles, and joins the cluster for those whose partitions are shared. They stop in the reverse order.
 *
 * @throws the error of the first stage that cannot start.
 */
export async function startStages(deps: StageDeps, started: AsyncDisposableStack): Promise<Stages> {
  const { settings, jetstream, client, log, metrics } = deps
  const context: StageContext = {
    ...deps,
    inFlight: { bytesMax: settings.IN_FLIGHT_BYTES_MAX, log, metrics, jetstream },
    handOver: settings.ROLES.includes('host') && settings.ROLES.includes('dispatch') ? createHandOver() : undefined,
    tablesId: client === undefined ? '' : await databaseId(client),
  }
  const work = ROLE_WORK.flatMap(({ role, workOf }) => {
    const found = settings.ROLES.includes(role) ? workOf(context) : undefined
    return found === undefined ? [] : [{ role, stage: found.stage, background: found.background ?? [] }]
  })
  const shared = work.flatMap(({ stage, background }) => [...(stage.partitions === 'all' ? [] : [stage]), ...background])
  const registry = await openClusterRegistry(jetstream, deps.replicas)
  const { id = randomUUID(), formerId } = deps.member ?? {}
  if (formerId !== undefined) await registry.removeMember(formerId)
  const membership = await joinCluster({
    jetstream,
    registry,
    workloads: shared.map(workloadOf),
    id,
    hostIdentity: hostIdentity(),
    pid: process.pid,
    isProcessAlive,
    leaseMs: settings.LEASE_MS,
    log,
  })
  started.defer(() => membership.stop())
  const share = createSharing({ registry, membership, log, metrics }, started)

  const stages = new Map<Role, Stage>()
  for (const { role, stage, background } of work) {
    stages.set(role, stage.partitions === 'all' ? await startOwn(stage, started) : share(stage))
    for (const job of background) share(job)
  }
  // The first poll assigns partitions to this member, so that an error of a start is thrown here.
  await membership.poll()
  started.defer(() => membership.leave())
  return { stages }
}

function projectWork({ settings, kv, jetstream, client, metrics, log, tablesId, inFlight }: StageContext): RoleWork | undefined {
  if (client === undefined) return undefined
  return {
    stage: {
      name: 'project',
      workload: `project-${tablesId}`,
      partitions: 1,
      start: () =>
        singlePartition(
          startProjector({
            ...inFlight,
            kv,
            clickhouse: client,
            partitionCount: settings.PARTITIONS,
            recordsMax: settings.PROJECT_BATCH_RECORDS_MAX * 2,
            batchRecordsMax: settings.PROJECT_BATCH_RECORDS_MAX,
            batchMs: settings.PROJECT_BATCH_MS,
            progressMs: PROGRESS_MS,
            now: isoNow,
          }),
        ),
    },
    background: [
      {
        name: 'audit',
        workload: `audit-${tablesId}`,
        partitions: 1,
        start: () => singlePartition(backgroundRun(startAuditor({ jetstream, kv, clickhouse: client, metrics, log }))),
      },
    ],
  }
}

function embedWork({
  settings,
  kv,
  client,
  jetstream,
  replicas,
  searchIndex,
  log,
  tablesId,
  inFlight,
}: StageContext): RoleWork | undefined {
  if (searchIndex === undefined) return undefined
  // Identifies the store, not the model, which may change while the process runs.
  const vectorsId = settings.QDRANT_URL === undefined ? tablesId : hash('sha256', settings.QDRANT_URL).slice(0, 16)
  return {
    stage: {
      name: 'embed',
      workload: `embed-${vectorsId}`,
      partitions: 1,
      async start() {
        const { embedder, store, replaced } = searchIndex.current()
        const state = await indexerState({ kv, store, log })
        const models = await openTrainedModels(jetstream, replicas)
        const run = startIndexer({ ...inFlight, ...indexerBounds(settings), ...state, tables: client, embedder, store, replaced })
        const unready = async (next: Pick<Embedder, 'kind' | 'fingerprint'>): Promise<string | undefined> => {
          const found = await findUntrained(jetstream, models, searchIndex.current().embedder, next)
          return found && `the training of the set "${found.set}" of ${found.tenant}`
        }
        return singlePartition(withSuccessor(run, { settings, kv, jetstream, tables: client, searchIndex, unready, log }))
      },
    },
  }
}

function trainWork({ replicas, jetstream, searchIndex, log }: StageContext): RoleWork | undefined {
  if (searchIndex === undefined) return undefined
  return {
    stage: {
      name: 'train',
      partitions: 1,
      async start() {
        const models = await openTrainedModels(jetstream, replicas)
        const embedder = () => searchIndex.current().embedder
        return singlePartition(startTrainer({ jetstream, models, embedder, nextEmbedder: searchIndex.nextModel.embedder, log }))
      },
    },
  }
}

function judgeWork({ settings, kv, inFlight }: StageContext): RoleWork {
  const { JUDGE_EVALUATOR: by, JUDGE_RATE_MAX: rateMax, IN_FLIGHT_MAX: recordsMax } = settings
  const workBy = (name: string, evaluator: JudgeEvaluator, sample: number, answersMax?: number): SharedWork => ({
    name,
    partitions: 1,
    start: () => {
      const checkpoints = createCheckpoints(kv, name)
      return singlePartition(
        startJudge({ ...inFlight, checkpoints, evaluator, sample, rateMax, recordsMax, ...(answersMax && { answersMax }) }),
      )
    },
  })
  const rules = workBy('judge', judgeByRules(evaluateByRules), settings.QUALITY_SAMPLE)
  const model = modelJudgeOf(settings)
  if (by === 'rules' || model === undefined) return { stage: rules }
  const byModel = workBy('judge-model', model, settings.QUALITY_SAMPLE_MODEL, MODEL_JUDGEMENTS_MAX)
  return by === 'model' ? { stage: byModel } : { stage: rules, background: [byModel] }
}

function dispatchWork({ settings, kv, jetstream, metrics, log, inFlight, handOver }: StageContext): RoleWork {
  const truncation = createStreamTruncation({ jetstream, kv, log, metrics })
  return {
    stage: {
      name: 'dispatch',
      beside: HOST,
      partitions: settings.PARTITIONS,
      logSeqNeeded: () => 0,
      start: (partitions, { isAssigned, hasValidLease }) =>
        startDispatcher({
          ...inFlight,
          checkpoints: createCheckpoints(kv, 'dispatch'),
          truncation,
          partitions,
          isAssigned,
          hasValidLease,
          recordsMax: settings.IN_FLIGHT_MAX,
          checkpointMs: CHECKPOINT_MS,
          handOver,
          now: Date.now,
        }),
    },
    background: [
      {
        name: 'alarms',
        partitions: 1,
        start: () => singlePartition(backgroundRun(startWakeUpSweeper({ jetstream, log, now: Date.now, everyMs: WAKE_UP_SWEEP_MS }))),
      },
      {
        name: 'event-feed',
        partitions: 1,
        start: () =>
          singlePartition(
            startEventFeed({ ...inFlight, checkpoints: createCheckpoints(kv, 'event-feed'), recordsMax: settings.IN_FLIGHT_MAX }),
          ),
      },
      {
        name: 'hand-on',
        partitions: 1,
        start: () => singlePartition(backgroundRun(startSourcingWatchdog({ jetstream, log, metrics, everyMs: SOURCING_WATCH_MS }))),
      },
      {
        name: 'hooks',
        partitions: 1,
        start: async () =>
          singlePartition(backgroundRun(await startHooks({ jetstream, kv, log, metrics, allowedHosts: settings.HOOK_HOSTS }))),
      },
    ],
  }
}

function hostWork({ settings, kv, kinds, jetstream, calls, log, metrics, inFlight, handOver }: StageContext): RoleWork {
  const actors = createActorCache<Delivery>(settings.LIVE_ACTORS_MAX)
  const deciding = settings.DECIDE === 'compiled' ? compiledKinds(kinds) : kinds
  const runs = new Set<HostRun>()
  let recordForm: RecordFormChoice | undefined
  return {
    stage: {
      name: HOST,
      partitions: settings.PARTITIONS,
      logSeqNeeded: () => Math.max(0, ...[...runs].map((run) => run.lastAppended())),
      async start(partitions, { isAssigned, hasValidLease, isLost, yieldPartition }, membership) {
        const form = (recordForm ??= chooseRecordForm({
          membership,
          refuseOlder: () => refuseOlderProcesses(kv),
          isLogEmpty: async () => (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq === 0,
          settleMs: settings.LEASE_MS * SETTLE_LEASES,
          log,
        }))
        await form.ready()
        const run = await startHost({
          ...inFlight,
          kv,
          kinds: deciding,
          partitions,
          actors,
          messagesMax: settings.IN_FLIGHT_MAX,
          calls,
          handOver,
          now: isoNow,
          isAssigned,
          hasValidLease,
          isLost,
          yieldPartition,
          recordForm: form.current,
        })
        runs.add(run)
        run.ended.catch(() => undefined).finally(() => runs.delete(run))
        return run
      },
    },
    background: [
      {
        name: 'trim',
        partitions: 1,
        start: (_partitions, _assignment, membership) =>
          singlePartition(
            startInboxTrim({
              jetstream,
              kv,
              partitionCount: settings.PARTITIONS,
              everyMs: TRIM_MS,
              keepMs: TRIM_KEEP_MS,
              log,
              shares: (work) => membership.sharesOf(work),
            }),
          ),
      },
      ...(settings.CANARY === 'on' && kinds.get(CANARY_KIND) === canaryKind
        ? [
            {
              name: CANARY,
              partitions: 1,
              start: (_partitions: readonly number[], _assignment: Assignment, membership: Membership) => {
                // A host of an earlier version, or one that turned it off, does not take part.
                const isKnownEverywhere = (): boolean => membership.takePart(HOST, CANARY)
                return singlePartition(backgroundRun(startCanary({ jetstream, log, metrics, now: Date.now, isKnownEverywhere })))
              },
            },
          ]
        : []),
    ],
  }
}

const isoNow = (): string => new Date().toISOString()

/** Identifies the database, by whatever URL its server is reached. */
async function databaseId(client: ClickHouseClient): Promise<string> {
  const result = await client.query({ query: 'SELECT uuid FROM system.databases WHERE name = currentDatabase()', format: 'JSONEachRow' })
  const [row] = await result.json<{ uuid: string }>()
  return row?.uuid ?? ''
}
