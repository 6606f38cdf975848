import { randomUUID } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import { ColloquyError } from '../../schemas/errors.ts'
import type { TableName } from '../../schemas/tables.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { bytesOf, dropStaleGenerations, nextGeneration } from '../projector/present-generations.ts'
import { acquireRebuildLock, clearStaleRebuild, type RebuildLock } from './rebuild-lock.ts'
import type { Range, Target } from '../projector/write-range.ts'
import { streamInfo } from '../jetstream/stream-info.ts'

export interface RebuildOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly clickhouse: ClickHouseClient
  readonly tables: readonly TableName[]
  /** Writes ranges of records into a generation, as many at one time as it likes. */
  write(ranges: readonly Range[], target: Target, onRecords: (count: number) => void): Promise<void>
  readonly progress: RebuildProgress
  /** Gives the rebuild up; what it made is removed. */
  readonly signal: AbortSignal
}

export interface RebuildProgress {
  /** Records that are in, of those there are so far. */
  records(done: number, total: number): void
  /** What it waits for now. */
  waits(what: string): void
}

export interface Rebuilt {
  readonly tables: readonly TableName[]
  readonly generation: number
  readonly records: number
}

/** Who writes rows side by side. More gain nothing: ClickHouse has as much to do with the rows as they have. */
export const WRITERS_MAX = 4
/** Records given to one writer at a time: of a short log every writer has a share. Each range is read some thousands too far, so there are not more. */
const RANGE_MIN = 10_000
const RANGE_MAX = 100_000
/** So close to the end of the log, the projector does the rest. */
const CLOSE = 2_000
/** Room on disk, in sizes of the tables as they are: for the new rows, and as much again while ClickHouse merges them. */
const ROOM_FACTOR = 2

/**
 * Makes tables anew from the whole log, beside those that count, while everything runs; the projector then has them take over,
 * between two batches. It only reads LOG: nothing happens again. If it is killed, the tables stay as they are, and what it made is
 * removed by the projector or the next rebuild.
 *
 * @throws ColloquyError `rebuild_runs` while another one is under way, `no_room` where the disk is too small, `rebuild_cancelled`
 * where the log changed under it, `rebuild_given_up` by the signal.
 */
export async function rebuild(options: RebuildOptions): Promise<Rebuilt> {
  const { kv, clickhouse, tables, progress, signal } = options
  await clearStaleRebuild(kv, signal, () => progress.waits('a sign of life of the rebuild before'))
  await checkRoom(clickhouse, tables)
  const generation = await nextGeneration(clickhouse)
  const mine = await acquireRebuildLock(kv, { id: randomUUID(), generation, tables: [...tables] })
  const rebuilt = { tables, generation, records: 0 }
  const count = (records: number, total: number): void => {
    rebuilt.records += records
    progress.records(rebuilt.records, Math.max(total, rebuilt.records))
  }
  try {
    // Of rebuilds that were cut off.
    await dropStaleGenerations(clickhouse, generation)
    do {
      await fill(options, mine, count)
      progress.waits('the projector')
      await mine.change({ phase: 'ready' })
    } while (await mine.answer(signal) !== 'done')
    await mine.release()
    return rebuilt
  } catch (error) {
    // It may have been done in the very moment in which it was given up.
    if (!await mine.release()) return rebuilt
    await dropStaleGenerations(clickhouse)
    throw signal.aborted ? new ColloquyError('rebuild_given_up', 'the rebuild was given up; the tables are as they were. Run it again when you want it', { cause: error }) : error
  }
}

/** Writes rows until the end of the log is close. */
async function fill({ jetstream, tables, write, signal }: RebuildOptions, mine: RebuildLock, count: (records: number, total: number) => void): Promise<void> {
  for (;;) {
    const { state } = await streamInfo(jetstream.jsm, 'LOG')
    const from = Math.max(mine.state.builtTo + 1, state.first_seq)
    if (state.last_seq - from < CLOSE && mine.state.builtTo > 0) return
    const total = state.messages
    if (total > 0) await write(ranges(from, state.last_seq), { tables, generation: mine.state.generation }, (records) => count(records, total))
    signal.throwIfAborted()
    await mine.change({ builtTo: state.last_seq })
    if (state.last_seq === 0) return
  }
}

export function ranges(from: number, to: number): Range[] {
  const size = Math.min(RANGE_MAX, Math.max(RANGE_MIN, Math.ceil((to - from + 1) / WRITERS_MAX)))
  const all: Range[] = []
  for (let begin = from; begin <= to; begin += size) all.push({ from: begin, to: Math.min(begin + size - 1, to) })
  return all
}

async function checkRoom(clickhouse: ClickHouseClient, tables: readonly TableName[]): Promise<void> {
  const wanted = ROOM_FACTOR * await bytesOf(clickhouse, tables)
  const result = await clickhouse.query({ query: 'SELECT toString(sum(free_space)) AS free FROM system.disks', format: 'JSONEachRow' })
  const [disks] = await result.json<{ free: string }>()
  if (disks === undefined || Number(disks.free) >= wanted) return
  throw new ColloquyError('no_room', `ClickHouse has ${disks.free} bytes of disk left, and a rebuild of these tables may need ${wanted}; make room, or rebuild one table after another`)
}
