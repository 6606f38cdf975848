import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { type StreamPosition, streamPositionSchema } from '../jetstream/position-history.ts'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'
import { withinMs } from '../runtime/time-limit.ts'

const READER = 'projector'

/** How far the tables are complete. `projectedSeq` equal to `logLastSeq` means that the projector has caught up. */
export interface ProgressMark {
  /** LOG sequence up to which the tables have all rows. */
  readonly projectedSeq: number
  /** Last sequence of LOG, as the projector knows it. */
  readonly logLastSeq: number
  /** Time up to which the tables have all committed records, ISO. */
  readonly completeTo: string
  /** When the mark was made, ISO. */
  readonly at: string
  /** Positions in LOG, newest first, from which a start resumes. */
  readonly history: readonly StreamPosition[]
}

/** A time in ClickHouse's format, UTC. */
const clickHouseTime = (iso: string): string => iso.slice(0, 23).replace('T', ' ')

/** The marks that one run of the projector writes. */
export interface ProgressMarks {
  /** The positions of the last mark of earlier runs; empty if there is none. */
  readonly history: readonly StreamPosition[]
  /** Writes a mark. Call it after all rows up to `projectedSeq` are inserted. */
  save(mark: ProgressMark): Promise<void>
}

/** Marks that one run may write: years of them. */
const RUN = 2n ** 32n

/**
 * Starts the marks of a run. The newest mark is the one with the highest version. A run begins above all earlier versions, and each of its
 * marks is one higher: a mark replaces all earlier ones whatever the clocks said, and a run that was replaced cannot set its successor
 * back.
 */
export async function openProgressMarks(clickhouse: ClickHouseClient): Promise<ProgressMarks> {
  const row = await newestMark(clickhouse)
  let version = (BigInt(row?.version ?? 0) / RUN + 1n) * RUN
  return {
    history: historyOf(row),
    async save(mark) {
      version += 1n
      await saveProgress(clickhouse, mark, version)
    },
  }
}

/** The newest mark: its sequence, 0 without one, and its positions. */
export async function readProgressMark(clickhouse: ClickHouseClient): Promise<{ seq: number; history: readonly StreamPosition[] }> {
  const row = await newestMark(clickhouse)
  return { seq: Number(row?.seq ?? 0), history: historyOf(row) }
}

interface MarkRow {
  readonly seq: string
  readonly positions: string
  readonly version: string
}

async function newestMark(clickhouse: ClickHouseClient): Promise<MarkRow | undefined> {
  const result = await clickhouse.query({
    query: `SELECT toString(projected_seq) AS seq, positions, toString(version) AS version FROM progress FINAL
      WHERE reader = {reader:String}`,
    query_params: { reader: READER },
    format: 'JSONEachRow',
  })
  return (await result.json<MarkRow>())[0]
}

const historyOf = (row: MarkRow | undefined): StreamPosition[] =>
  row === undefined ? [] : z.array(streamPositionSchema).parse(JSON.parse(row.positions))

const ANSWER_MS_MAX = 5_000

/**
 * LOG sequence up to which the tables have all records, from the view `freshness`. 0 if nothing is projected yet.
 *
 * @throws ColloquyError `tables_unavailable` if ClickHouse does not answer within 5 s
 */
export const projectedSeq = (clickhouse: ClickHouseClient): Promise<number> =>
  withinMs(
    ANSWER_MS_MAX,
    async (signal) => {
      const query = 'SELECT projected_seq AS seq FROM freshness'
      const result = await clickhouse.query({ query, format: 'JSONEachRow', abort_signal: signal })
      const [row] = await result.json<{ seq: string | number }>()
      return Number(row?.seq ?? 0)
    },
    () => new ColloquyError('tables_unavailable', `ClickHouse did not answer within ${ANSWER_MS_MAX / 1_000} s`),
  )

async function saveProgress(clickhouse: ClickHouseClient, mark: ProgressMark, version: bigint): Promise<void> {
  await clickhouse.insert({
    table: 'progress',
    format: 'JSONEachRow',
    clickhouse_settings: SYNC_INSERT,
    values: [
      {
        reader: READER,
        projected_seq: mark.projectedSeq,
        log_last_seq: mark.logLastSeq,
        complete_to: clickHouseTime(mark.completeTo),
        at: clickHouseTime(mark.at),
        version: String(version),
        positions: JSON.stringify(mark.history),
      },
    ],
  })
}
