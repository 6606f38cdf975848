import { randomUUID } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import { ColloquyError } from '../../schemas/errors.ts'
import type { TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRemoved } from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { bytesOf, dropStaleGenerations, nextGeneration, presentGenerations } from '../projector/present-generations.ts'
import { carryUnproven } from '../projector/unproven-rows.ts'
import type { Range, Target } from '../projector/write-range.ts'
import { acquireRebuildLock, clearStaleRebuild, type RebuildLock } from './rebuild-lock.ts'

/** Options of `rebuild`. */
export interface RebuildOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly clickhouse: ClickHouseClient
  readonly tables: readonly TableName[]
  /** Leaves out the rows of records that LOG has lost. They cannot be made again. Default: false. */
  readonly dropUnproven?: boolean
  /** Writes the rows of ranges of records into a generation, concurrently. Calls `onRecords` with the number of newly written records. */
  write(ranges: readonly Range[], target: Target, onRecords: (count: number) => void): Promise<void>
  readonly progress: RebuildProgress
  /** Cancels the rebuild and removes the new rows. */
  readonly signal: AbortSignal
}

/** Receives the progress of a rebuild. */
export interface RebuildProgress {
  /** Records written so far, of all records in LOG at this time. */
  records(done: number, total: number): void
  /** Called when the rebuild starts to wait. `what` is a noun phrase. */
  waits(what: string): void
}

/** The result of a rebuild. */
export interface Rebuilt {
  readonly tables: readonly TableName[]
  readonly generation: number
  readonly records: number
}

/** Max concurrent writers. More do not help: ClickHouse needs as much time for the rows as four writers do. */
export const WRITERS_MAX = 4
/**
 * Records of one range. A short log is divided between all writers. Ranges are large, because the reader of each range fetches thousands of
 * records beyond its end.
 */
const RANGE_MIN = 10_000
const RANGE_MAX = 100_000
/** When fewer records than this remain, the projector writes them. */
const REMAINING_MAX = 2_000
/** Required disk space, as a multiple of the size of the current tables: once for the new rows, and once for merging them. */
const DISK_SPACE_FACTOR = 2

/**
 * Rebuilds tables from all of LOG as a new generation beside the current rows, while the system runs. Between two batches, the projector
 * swaps the tables to the new generation. A rebuild only reads LOG and causes no effects. If it is killed, the tables are unchanged, and
 * the projector or the next rebuild removes its rows.
 *
 * @throws ColloquyError `rebuild_runs` while another rebuild runs, `no_room` if the disk has too little space, `rebuild_cancelled` if LOG
 * was truncated meanwhile or another process took the lock, `rebuild_given_up` if the signal aborts.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { kv, clickhouse, tables, progress, signal } = options
  await clearStaleRebuild(kv, signal, () => progress.waits('a heartbeat of the previous rebuild'))
  await checkDiskSpace(clickhouse, tables)
  const generation = await nextGeneration(clickhouse)
  const lock = await acquireRebuildLock(kv, { id: randomUUID(), generation, tables: [...tables] })
  const rebuilt = { tables, generation, records: 0 }
  const count = (records: number, total: number): void => {
    rebuilt.records += records
    progress.records(rebuilt.records, Math.max(total, rebuilt.records))
  }
  try {
    // Removes the rows of interrupted rebuilds.
    await dropStaleGenerations(clickhouse, generation)
    do {
      await fill(options, lock, count)
      if (options.dropUnproven !== true) await carry(options, generation)
      progress.waits('the projector')
      await lock.change({ phase: 'ready' })
    } while ((await lock.answer(signal)) !== 'done')
    await lock.release()
    return rebuilt
  } catch (error) {
    // The tables may have been swapped just before the error.
    if (!(await lock.release())) return rebuilt
    await dropStaleGenerations(clickhouse)
    if (!signal.aborted) throw error
    throw new ColloquyError('rebuild_given_up', 'the rebuild was cancelled; the tables are unchanged. Run it again to repeat it', {
      cause: error,
    })
  }
}

/** Copies the rows of lost records, which LOG cannot give back. */
async function carry({ jetstream, clickhouse, tables }: RebuildOptions, generation: number): Promise<void> {
  const { ranges } = await findRemoved(jetstream)
  const lost = ranges.filter(({ reason }) => reason === 'lost')
  if (lost.length > 0) await carryUnproven(clickhouse, tables, await presentGenerations(clickhouse), generation, lost)
}

/** Writes rows until few records remain. */
async function fill(
  { jetstream, tables, write, signal }: RebuildOptions,
  lock: RebuildLock,
  count: (records: number, total: number) => void,
): Promise<void> {
  for (;;) {
    const { state } = await streamInfo(jetstream.jsm, 'LOG')
    const from = Math.max(lock.state.builtTo + 1, state.first_seq)
    if (state.last_seq - from < REMAINING_MAX && lock.state.builtTo > 0) return
    const total = state.messages
    const target = { tables, generation: lock.state.generation }
    if (total > 0) await write(ranges(from, state.last_seq), target, (records) => count(records, total))
    signal.throwIfAborted()
    await lock.change({ builtTo: state.last_seq })
    if (state.last_seq === 0) return
  }
}

/** Divides LOG sequences, both inclusive, into ranges for the writers. */
export function ranges(from: number, to: number): Range[] {
  const size = Math.min(RANGE_MAX, Math.max(RANGE_MIN, Math.ceil((to - from + 1) / WRITERS_MAX)))
  const all: Range[] = []
  for (let start = from; start <= to; start += size) all.push({ from: start, to: Math.min(start + size - 1, to) })
  return all
}

async function checkDiskSpace(clickhouse: ClickHouseClient, tables: readonly TableName[]): Promise<void> {
  const required = DISK_SPACE_FACTOR * (await bytesOf(clickhouse, tables))
  const result = await clickhouse.query({ query: 'SELECT toString(sum(free_space)) AS free FROM system.disks', format: 'JSONEachRow' })
  const [disks] = await result.json<{ free: string }>()
  if (disks === undefined || Number(disks.free) >= required) return
  throw new ColloquyError(
    'no_room',
    `ClickHouse has ${disks.free} bytes of free disk space, and a rebuild of these tables may need `
      + `${required}; free some space, or rebuild one table at a time`,
  )
}
