import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { type StreamPosition, streamPositionSchema } from '../jetstream/position-history.ts'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'

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

/** Reads the positions of the last mark; empty if there is none. */
export async function loadPositionHistory(clickhouse: ClickHouseClient): Promise<readonly StreamPosition[]> {
  const result = await clickhouse.query({
    query: 'SELECT positions FROM progress FINAL WHERE reader = {reader:String}',
    query_params: { reader: READER },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ positions: string }>()
  return row === undefined ? [] : z.array(streamPositionSchema).parse(JSON.parse(row.positions))
}

/** LOG sequence up to which the tables have all records, from the view `freshness`. 0 if nothing is projected yet. */
export async function projectedSeq(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({ query: 'SELECT projected_seq AS seq FROM freshness', format: 'JSONEachRow' })
  const [row] = await result.json<{ seq: string | number }>()
  return Number(row?.seq ?? 0)
}

/** Writes the progress mark. Call it after all rows up to `projectedSeq` are inserted. */
export async function saveProgress(clickhouse: ClickHouseClient, mark: ProgressMark): Promise<void> {
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
        positions: JSON.stringify(mark.history),
      },
    ],
  })
}
