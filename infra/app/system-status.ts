import { resolve } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import type { StreamInfo } from '@nats-io/jetstream'
import { readKeys } from '../../pipeline/access/key-bucket.ts'
import { askCachesStatus, type ProcessCaches } from '../../pipeline/cache/caches-status.ts'
import { dispatchedSeqOfAll } from '../../pipeline/dispatcher/dispatched-seq.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { recordAt } from '../../pipeline/jetstream/last-record.ts'
import { BAD_RECORD } from '../../pipeline/jetstream/log-message.ts'
import { countIn, findRemoved, type RemovedRange } from '../../pipeline/jetstream/removed.ts'
import { isSourcingComplete } from '../../pipeline/jetstream/sourcing.ts'
import { askModelsStatus, type ProcessModels } from '../../pipeline/models/models-status.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { projectedSeq } from '../../pipeline/projector/progress-mark.ts'
import { ROW_REFUSED } from '../../pipeline/projector/refused-rows.ts'
import { NOTHING_UNPROVEN, type UnprovenReport, unprovenReport } from '../../pipeline/projector/unproven-rows.ts'
import {
  combineProgress,
  isCaughtUp,
  partitionsOwned,
  pollUntilCaughtUp,
  progressInStream,
  type ProgressReading,
  type StageProgress,
  type StreamExtent,
  streamOfStage,
  working,
} from '../../pipeline/runtime/stage-progress.ts'
import { isGoodKey } from '../../schemas/access-keys.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { Reason } from '../../schemas/reasons.ts'
import { deadSubjects, type StreamName, STREAMS } from '../../schemas/subjects.ts'
import { setAsideFolders } from '../servers/clickhouse/set-aside.ts'
import { type Role, ROLES, type Settings } from '../settings.ts'
import type { AutoModelStatus } from './auto-model-attempts.ts'
import { connectToRunningClickHouse, runningNats, withJetStream } from './connect-to-running.ts'
import { createLagReport } from './lag-report.ts'
import { type NatsProtection, probeProtection } from './nats-protection.ts'
import { openBucket } from './prepare-streams.ts'
import { STANDSTILL_MS } from './stage-stillness.ts'
import { askStatus, type ProcessStatus } from './status-service.ts'

export interface StageReport extends StageProgress {
  readonly ok: boolean
  readonly detail: string
}

export interface SystemStatus {
  readonly log: { readonly last: number }
  readonly stages: Readonly<Partial<Record<Role, StageReport>>>
  /** Dead letters, and those of them that are messages of LOG without a record. */
  readonly dead: number
  readonly badRecords: number
  /** Dead letters that are rows which ClickHouse refuses. */
  readonly refusedRows: number
  /** What LOG has lost inside; empty in a sound system. */
  readonly removed: RemovedReport
  readonly durability: Durability
  /** Whether clients without credentials are kept from the streams. */
  readonly nats: NatsProtection
  /** Keys that are good now, and whether requests over HTTP need one, or the token. */
  readonly keys: { readonly good: number; readonly needed: boolean }
  /** The language models of each process that has any. */
  readonly models: readonly ProcessModels[]
  /** The embedding model of `auto`, of each process that gets it. */
  readonly autoModel: readonly ProcessAutoModel[]
  /** The caches of each process that has any. */
  readonly caches: readonly ProcessCaches[]
}

export interface ProcessAutoModel extends AutoModelStatus {
  readonly pid: number
}

export interface RemovedReport {
  /** LOG sequences without a record. */
  readonly records: number
  readonly ranges: readonly RemovedRange[]
  /** Lost records whose rows the tables still have. */
  readonly unproven: UnprovenReport
  /** Folders of damaged files of ClickHouse, where the last copies of rows of lost records may be; empty if nothing is lost. */
  readonly setAside: readonly string[]
}

/** What is read once, however often the progress is. */
type Extras = 'badRecords' | 'refusedRows' | 'removed' | 'nats' | 'keys' | 'models' | 'caches'

type Streams = Readonly<Record<StreamName, StreamInfo>>

interface StatusReading extends ProgressReading {
  readonly status: Omit<SystemStatus, Extras>
}

/** Long enough that a message between two streams has arrived by the second reading. */
const POLL_MS = 100

/** Reads the progress of all stages from the reports of their processes, or from their checkpoints if no process answers. */
export const readStatus = (settings: Settings): Promise<SystemStatus> =>
  withJetStream(settings, (jetstream) => readStatusOn(jetstream, settings))

/** As `readStatus`, on a connection with all rights. */
export const readStatusOn = async (jetstream: JetStreamContext, settings: Settings): Promise<SystemStatus> =>
  completed(settings, jetstream, (await readProgress(jetstream, settings)).status)

const completed = async (settings: Settings, jetstream: JetStreamContext, status: Omit<SystemStatus, Extras>): Promise<SystemStatus> => ({
  ...status,
  badRecords: status.dead === 0 ? 0 : await countDeadLetters(jetstream, BAD_RECORD),
  refusedRows: status.dead === 0 ? 0 : await countDeadLetters(jetstream, ROW_REFUSED),
  removed: await removedReport(jetstream, settings),
  nats: await probeProtection(await runningNats(settings), jetstream.nc),
  keys: await keysStatus(jetstream, settings),
  models: await askModelsStatus(jetstream.nc),
  caches: await askCachesStatus(jetstream.nc),
})

async function keysStatus(jetstream: JetStreamContext, { HTTP_TOKEN: token }: Settings): Promise<SystemStatus['keys']> {
  const keys = [...(await readKeys(jetstream)).values()]
  return { good: keys.filter((key) => isGoodKey(key, Date.now())).length, needed: token !== undefined || keys.length > 0 }
}

/**
 * Waits until every stage has caught up: two readings in a row find no lag, and no new message in between.
 *
 * @param onWait called every few seconds with the stages that are waited for, how far they are, and how fast.
 *
 * @throws ColloquyError `not_level` after the timeout, naming the stages that lag.
 */
export const waitUntilCaughtUp = (settings: Settings, timeoutMs: number, onWait?: (text: string) => void): Promise<SystemStatus> =>
  withJetStream(settings, async (jetstream) => {
    const report = onWait && createLagReport(onWait)
    const { status, isCaughtUp: isDone } = await pollUntilCaughtUp(() => readProgress(jetstream, settings), {
      everyMs: POLL_MS,
      timeoutMs,
      onReading: ({ status: { stages } }) => report?.(stages),
    })
    if (isDone) return completed(settings, jetstream, status)
    const lagging = Object.entries(status.stages).filter(([, stage]) => !isCaughtUp(stage))
    const why = lagging.map(([role, { lag, detail }]) => `${role} ${lag} behind (${detail})`).join(', ')
    throw new ColloquyError(
      'not_level',
      `not caught up after ${timeoutMs} ms: ${why || 'messages keep coming'}. `
        + 'Wait longer with --timeout-ms, or start more of the roles that are behind',
    )
  })

/** Reads how far all stages are. */
export async function readProgress(jetstream: JetStreamContext, settings: Settings): Promise<StatusReading> {
  const processes = await askStatus(jetstream.nc)
  const isComplete = await isSourcingComplete(jetstream)
  const infos = await Promise.all(STREAMS.map(async (name) => [name, await jetstream.jsm.streams.info(name)] as const))
  const streams = Object.fromEntries(infos) as Streams
  const { ranges } = await findRemoved(jetstream)
  const lastSeq = ranges.length === 0 ? streams.LOG.state.last_seq : await lastMessageSeq(jetstream, streams.LOG)
  const stages: Partial<Record<Role, StageReport>> = {}
  for (const role of ROLES) {
    const report = reported(processes, role, settings.PARTITIONS) ?? (await stored(role, jetstream, streams, settings))
    if (report === undefined) continue
    const extent = (stream: StreamName): StreamExtent => extentOf(streams, stream, lastSeq)
    const standstill = await standstillOf(jetstream, role, processes, extent)
    stages[role] = { ...progressInStream(role, report, extent), ...standstill?.(report.detail) }
  }
  const durability = processes[0]?.durability ?? { replicas: streams.LOG.config.num_replicas, fsync: null }
  return {
    status: {
      log: { last: streams.LOG.state.last_seq },
      stages,
      dead: streams.DEAD.state.messages,
      durability,
      autoModel: autoModelsOf(processes),
    },
    isCaughtUp: isComplete && Object.values(stages).every(isCaughtUp),
    marks: infos.map(([, { state }]) => state.last_seq).join(),
  }
}

const autoModelsOf = (processes: readonly ProcessStatus[]): ProcessAutoModel[] =>
  processes.flatMap(({ pid, autoModel }) => (autoModel === undefined ? [] : [{ pid, ...autoModel }]))

/** Where the last sequences of LOG have no message, readers end before them. */
const extentOf = (streams: Streams, stream: StreamName, lastSeq: number): StreamExtent =>
  stream === 'LOG' ? { ...streams.LOG.state, last_seq: lastSeq } : streams[stream].state

async function lastMessageSeq({ jsm }: JetStreamContext, { state }: StreamInfo): Promise<number> {
  for (let seq = state.last_seq; seq > 0; seq -= 1) if ((await jsm.streams.getMessage('LOG', { seq })) !== null) return seq
  return 0
}

/** The number of messages in DEAD with a reason. */
export async function countDeadLetters({ jsm }: Pick<JetStreamContext, 'jsm'>, reason: Reason): Promise<number> {
  const { state } = await jsm.streams.info('DEAD', { subjects_filter: deadSubjects(reason) })
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0)
}

async function removedReport(jetstream: JetStreamContext, settings: Settings): Promise<RemovedReport> {
  const { ranges } = await findRemoved(jetstream)
  if (ranges.length === 0) return { records: 0, ranges, unproven: NOTHING_UNPROVEN, setAside: [] }
  const unproven = await withTables(
    settings,
    (client) => unprovenReport(client, { ranges }),
    () => NOTHING_UNPROVEN,
  )
  return { records: countIn(ranges), ranges, unproven, setAside: await setAsideFolders(resolve(settings.DATA_DIR, 'clickhouse')) }
}

/** Roles that one member of the cluster carries out, while the others stand by. */
const SINGLE_ROLES: readonly Role[] = ['project', 'embed', 'train', 'judge']

/** The progress of a role as its processes report it; `undefined` if none does. */
function reported(processes: readonly ProcessStatus[], role: Role, partitionCount: number): StageReport | undefined {
  const all = processes.flatMap(({ stages }) => stages[role] ?? [])
  if (all.length === 0) return undefined
  const reports = working(all)
  const owned = partitionsOwned(all)
  const wanted = SINGLE_ROLES.includes(role) ? 1 : partitionCount
  const orphans =
    all[0]?.partitions === undefined || owned >= wanted
      ? undefined
      : `${wanted - owned} of ${wanted} partitions have no owner at the moment`
  return {
    ...combineProgress(reports),
    ok: orphans === undefined && reports.every(({ ok }) => ok),
    detail:
      reports.find(({ ok }) => !ok)?.detail
      ?? orphans
      ?? (reports.length > 1 ? `running on ${reports.length} workers` : (reports[0]?.detail ?? 'running')),
  }
}

/**
 * Whether a process has had the same message before it for `STANDSTILL_MS` without a move. A runner of tasks that runs some does not stand
 * still: the others wait for them.
 *
 * @returns what the report then says instead, by its detail
 */
async function standstillOf(
  { jsm }: JetStreamContext,
  role: Role,
  processes: readonly ProcessStatus[],
  extentOf: (stream: StreamName) => StreamExtent,
): Promise<((detail: string) => Pick<StageReport, 'ok' | 'detail'>) | undefined> {
  const stream = streamOfStage(role)
  const members = working(processes.flatMap(({ stages }) => stages[role] ?? []))
  if (stream === undefined || (stream === 'TASKS' && members.some(({ lag }) => lag > 0))) return undefined
  for (const member of members) {
    const { lag } = progressInStream(role, member, extentOf)
    if (lag === 0 || (member.stillMs ?? 0) < STANDSTILL_MS) continue
    const seq = stream === 'TASKS' ? extentOf(stream).first_seq : member.position + 1
    const first = await jsm.direct.getMessage(stream, { seq, next_by_subj: '>' })
    const waitedMs = first === null ? 0 : Date.now() - first.time.getTime()
    if (waitedMs < STANDSTILL_MS) continue
    const seconds = Math.round(Math.min(waitedMs, member.stillMs ?? 0) / 1_000)
    return (detail) => ({ ok: false, detail: `stands still for ${seconds} s, ${counted(lag, 'message')} behind: ${detail}` })
  }
  return undefined
}

const NOT_RUNNING = 'no process reports this role; this is its last checkpoint'

/** The progress of a role by its checkpoints; `undefined` if it has none. */
async function stored(role: Role, jetstream: JetStreamContext, streams: Streams, settings: Settings): Promise<StageReport | undefined> {
  const { INBOX, LOG, TASKS } = streams
  const at = (position: number): StageReport => ({ position, lag: 0, ok: false, detail: NOT_RUNNING })
  switch (role) {
    case 'host':
      return at(Math.max(await lastHandled(jetstream, LOG), INBOX.state.first_seq - 1))
    case 'dispatch':
      return at(await dispatchedSeqOfAll(createCheckpoints(await openBucket(jetstream.nc), 'dispatch'), settings.PARTITIONS))
    case 'tasks':
      return at(Math.max(0, TASKS.state.first_seq - 1))
    case 'project':
      return projected(settings, at)
    case 'embed':
    case 'train':
    case 'judge':
    case 'serve':
      return undefined
  }
}

async function lastHandled(jetstream: JetStreamContext, { state }: StreamInfo): Promise<number> {
  const last = state.messages === 0 ? undefined : await recordAt(jetstream, state.last_seq)
  return last?.record.inbox.seq ?? 0
}

/** The progress mark of the tables; `undefined` in a system without tables. */
const projected = (settings: Settings, at: (position: number) => StageReport): Promise<StageReport | undefined> =>
  withTables(
    settings,
    async (client): Promise<StageReport | undefined> => at(await projectedSeq(client)),
    (error) =>
      hasCode(error, 'no_tables') ? undefined : { ...at(0), detail: `cannot read the progress mark from ClickHouse (${messageOf(error)})` },
  )

export async function withTables<T>(
  settings: Settings,
  read: (client: ClickHouseClient) => Promise<T>,
  onFailure: (error: unknown) => T,
): Promise<T> {
  try {
    const client = createClient(await connectToRunningClickHouse(settings, 'colloquy'))
    try {
      return await read(client)
    } finally {
      await client.close()
    }
  } catch (error) {
    return onFailure(error)
  }
}
