import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { firstRecord, lastRecord, recordsOf } from '../jetstream/last-record.ts'
import type { BucketObject, ObjectBucket } from '../jetstream/object-bucket.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'

export interface ObjectSweeperOptions {
  readonly jetstream: JetStreamContext
  readonly bucket: ObjectBucket
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const SWEEP_MS = 600_000
/** The first sweep comes soon: what a killed process has left is old by then. */
const FIRST_MS = 60_000
/** Objects that a sweep checks; the next one goes on with those after them. */
export const CHECKED_MAX = 500
/** A younger object is not checked. */
export const YOUNG_MS = 600_000
/** An object whose run LOG does not know, because it lost records, is kept for so long: its inputs may be decided again. */
export const UNKNOWN_MS = 7 * 24 * 3_600_000

/** What a sweep did. */
export interface Swept {
  readonly checked: number
  readonly removed: number
  /** Objects that were never completed. */
  readonly incomplete: number
  /** The last name that was checked, from which the next sweep goes on; empty after the last object. */
  readonly cursor: string
}

/** Removes objects of tasks that no record needs, all the time. One member of the cluster runs it. */
export function startObjectSweeper(options: ObjectSweeperOptions): PeriodicJob {
  const { log } = options
  let cursor = ''
  return periodicJob(FIRST_MS, async (signal) => {
    try {
      const swept = await sweepObjects(options, cursor, signal)
      cursor = swept.cursor
      if (swept.removed + swept.incomplete > 0) log.info(swept, 'removed objects of tasks that no record needs')
    } catch (error) {
      log.warn({ code: codeOf(error), err: error }, 'could not sweep the objects of tasks; retrying')
    }
    return SWEEP_MS
  })
}

/** Sweeps up to `CHECKED_MAX` objects whose names come after `cursor`. */
export async function sweepObjects({ jetstream, bucket, now }: ObjectSweeperOptions, cursor: string, signal: AbortSignal): Promise<Swept> {
  const incomplete = await bucket.removeIncomplete(now() - YOUNG_MS)
  const old = (await bucket.list()).filter(({ name, storedAtMs }) => name > cursor && storedAtMs < now() - YOUNG_MS)
  const next = old.sort((one, other) => (one.name < other.name ? -1 : 1)).slice(0, CHECKED_MAX)
  let removed = 0
  for (const object of next) {
    if (signal.aborted) break
    const need = await needOf(jetstream, object)
    if (need === 'needed' || (need === 'unknown' && object.storedAtMs >= now() - UNKNOWN_MS)) continue
    await bucket.erase(object.name)
    removed += 1
  }
  return { checked: next.length, removed, incomplete, cursor: old.length > next.length ? (next.at(-1)?.name ?? '') : '' }
}

/**
 * Whether a record needs an object: its run is pending, or the record of the run's end has the reference. `unknown`: LOG has no record of
 * the run.
 */
async function needOf(jetstream: JetStreamContext, { name, metadata }: BucketObject): Promise<'needed' | 'unneeded' | 'unknown'> {
  const { tenant = '', kind = '', id = '', run = '' } = metadata
  const actor: Address = { tenant, kind, id }
  const last = await lastRecord(jetstream, recordsOf(actor))
  const startedBy = inboxSeqOf(run)
  if (last === undefined || last.record.inbox.seq < startedBy) return 'unknown'
  if (last.record.state?.tasks[run] !== undefined) return 'needed'
  const end = await firstRecord(
    jetstream,
    recordsOf(actor),
    last,
    ({ inbox, state }) => inbox.seq < startedBy || state?.tasks[run] !== undefined,
  )
  if (end === undefined) return 'unknown'
  return JSON.stringify(end.record).includes(name) ? 'needed' : 'unneeded'
}

/** The INBOX sequence of the input whose record started a run, with which the run's name begins. */
const inboxSeqOf = (run: string): number => Number.parseInt(run, 36)
