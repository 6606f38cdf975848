import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { StreamInfo } from '@nats-io/jetstream'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { isSourcingComplete } from '../../pipeline/jetstream/sourcing.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { STREAMS, type StreamName } from '../../schemas/subjects.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { askStatus, type ProcessStatus } from './status-service.ts'
import { openBucket } from './prepare-streams.ts'
import { ROLES, type Role, type Settings } from '../settings.ts'

export interface StageReport {
  /** The last sequence of what it reads that is wholly done. */
  readonly position: number
  readonly lag: number
  readonly ok: boolean
  readonly detail: string
}

export interface SystemStatus {
  readonly log: { readonly last: number }
  readonly stages: Readonly<Partial<Record<Role, StageReport>>>
  /** Dead letters. */
  readonly dead: number
  readonly durability: Durability
}

type Streams = Readonly<Record<StreamName, StreamInfo>>

/** One look at everything. `marks` changes whenever any message came in anywhere. */
interface Reading {
  readonly status: SystemStatus
  readonly marks: string
  /** Nothing is between two streams. */
  readonly isComplete: boolean
}

const POLL_MS = 100

/** How far all stages are: as their processes say, and by what they stored where no process answers. */
export const readStatus = (settings: Settings): Promise<SystemStatus> =>
  withJetStream(settings, async (jetstream) => (await read(jetstream, settings)).status)

/**
 * Waits until every stage has done all there is: no lag twice in a row, with no message anywhere in between.
 *
 * @throws ColloquyError `not_level` with the stages that lag when the time is over.
 */
export const waitUntilCaughtUp = (settings: Settings, timeoutMs: number): Promise<SystemStatus> =>
  withJetStream(settings, async (jetstream) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    for (let before = ''; ; await delay(POLL_MS)) {
      const { status, marks, isComplete } = await read(jetstream, settings)
      const lagging = Object.entries(status.stages).filter(([, stage]) => stage.lag > 0)
      const isLevel = lagging.length === 0 && isComplete
      if (isLevel && marks === before) return status
      before = isLevel ? marks : ''
      if (!timeout.aborted) continue
      const why = lagging.map(([role, { lag, detail }]) => `${role} ${lag} behind (${detail})`).join(', ')
      throw new ColloquyError('not_level', `not level after ${timeoutMs} ms: ${why || 'messages keep coming'}. Wait longer with --timeout-ms, or start more of the roles that are behind`)
    }
  })

async function read(jetstream: JetStreamContext, settings: Settings): Promise<Reading> {
  const processes = await askStatus(jetstream.nc)
  const isComplete = await isSourcingComplete(jetstream)
  const infos = await Promise.all(STREAMS.map(async (name) => [name, await jetstream.jsm.streams.info(name)] as const))
  const streams = Object.fromEntries(infos) as Streams
  const stages: Partial<Record<Role, StageReport>> = {}
  for (const role of ROLES) {
    const report = told(processes, role, settings.PARTITIONS) ?? await stored(role, jetstream, streams, settings)
    if (report !== undefined) stages[role] = { ...report, lag: Math.max(report.lag, behind(role, streams, report.position)) }
  }
  const durability = processes[0]?.durability ?? { replicas: streams.LOG.config.num_replicas, fsync: null }
  return {
    status: { log: { last: streams.LOG.state.last_seq }, stages, dead: streams.DEAD.state.messages, durability },
    isComplete,
    marks: infos.map(([, { state }]) => state.last_seq).join(),
  }
}

/** A role as the processes that have it say: it is no further than the last of them, those aside that stand by. */
function told(processes: readonly ProcessStatus[], role: Role, partitionCount: number): StageReport | undefined {
  const all = processes.flatMap(({ stages }) => stages[role] ?? [])
  const reports = all.filter(({ partitions }) => partitions?.length !== 0)
  if (all.length === 0) return undefined
  const owned = reports.reduce((sum, { partitions }) => sum + (partitions?.length ?? 0), 0)
  const wanted = role === 'project' || role === 'embed' ? 1 : partitionCount
  const orphans = all[0]?.partitions === undefined || owned >= wanted ? undefined : `${wanted - owned} of ${wanted} partitions have no owner at the moment`
  return {
    position: reports.length === 0 ? 0 : Math.min(...reports.map(({ position }) => position)),
    // Each reads the whole stream, and counts what is others' too.
    lag: Math.max(0, ...reports.map(({ lag }) => lag)),
    ok: orphans === undefined && reports.every(({ ok }) => ok),
    detail: reports.find(({ ok }) => !ok)?.detail ?? orphans ?? (reports.length > 1 ? `running on ${reports.length} workers` : reports[0]?.detail ?? 'running'),
  }
}

/**
 * What a stage has to do by what lies in the streams: it may not have heard of the newest messages yet. A task is in TASKS until
 * its outcome is stored, and what TIMERS hands on is not in INBOX at once.
 */
function behind(role: Role, { INBOX, LOG, TASKS }: Streams, position: number): number {
  switch (role) {
    case 'host': return after(INBOX, position)
    case 'dispatch':
    case 'embed':
    case 'project': return after(LOG, position)
    case 'tasks': return TASKS.state.messages
    case 'serve': return 0
  }
}

/** Messages that a stream still has after a position. */
const after = ({ state }: StreamInfo, position: number): number =>
  (state.messages === 0 ? 0 : Math.max(0, state.last_seq - Math.max(position, state.first_seq - 1)))

const NOBODY = 'no process says that it runs; this is by what it stored'

/** How far a role is by what it stored; `undefined` where that says nothing. */
async function stored(role: Role, jetstream: JetStreamContext, streams: Streams, settings: Settings): Promise<StageReport | undefined> {
  const { INBOX, LOG, TASKS } = streams
  const at = (position: number): StageReport => ({ position, lag: 0, ok: false, detail: NOBODY })
  switch (role) {
    case 'host': return at(Math.max(await lastHandled(jetstream, LOG), INBOX.state.first_seq - 1))
    case 'dispatch': return at(await dispatched(await openBucket(jetstream.nc), settings.PARTITIONS))
    case 'tasks': return at(Math.max(0, TASKS.state.first_seq - 1))
    case 'project': return projected(settings, at)
    case 'embed':
    case 'serve': return undefined
  }
}

async function lastHandled(jetstream: JetStreamContext, { state }: StreamInfo): Promise<number> {
  const last = state.messages === 0 ? null : await jetstream.jsm.streams.getMessage('LOG', { seq: state.last_seq })
  return last === null ? 0 : last.json<LogRecord>().inbox.seq
}

async function dispatched(kv: KV, partitions: number): Promise<number> {
  const checkpoints = createCheckpoints(kv, 'dispatch')
  const rings = await Promise.all(Array.from({ length: partitions }, (_, partition) => checkpoints.load(partition)))
  return Math.min(...rings.map(([newest]) => newest?.seq ?? 0))
}

/** The tables' own mark; a system without tables has no such stage. */
async function projected(settings: Settings, at: (position: number) => StageReport): Promise<StageReport | undefined> {
  try {
    const client = createClient(await connectToRunningClickHouse(settings, 'colloquy'))
    try {
      const result = await client.query({ query: 'SELECT projected_seq AS seq FROM freshness', format: 'JSONEachRow' })
      const [row] = await result.json<{ seq: string | number }>()
      return at(Number(row?.seq ?? 0))
    } finally {
      await client.close()
    }
  } catch (error) {
    if (hasCode(error, 'no_tables')) return undefined
    return { ...at(0), detail: `ClickHouse does not say (${messageOf(error)})` }
  }
}
