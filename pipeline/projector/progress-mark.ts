import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { SYNC_INSERT } from '../runtime/sync-insert.ts'
import { streamPositionSchema, type StreamPosition } from '../jetstream/position-history.ts'

const READER = 'projector'

/** How far the tables are. `logLastSeq` equal to `projectedSeq` means level with the log. */
export interface ProgressMark {
  readonly projectedSeq: number
  readonly logLastSeq: number
  /** ISO: all that was decided up to this time is in the tables. */
  readonly completeTo: string
  readonly at: string
  readonly history: readonly StreamPosition[]
}

const clickTime = (iso: string): string => iso.slice(0, 23).replace('T', ' ')

/** The last mark's positions; empty where nothing was ever projected. */
export async function loadPositionHistory(clickhouse: ClickHouseClient): Promise<readonly StreamPosition[]> {
  const result = await clickhouse.query({
    query: 'SELECT positions FROM progress FINAL WHERE reader = {reader:String}', query_params: { reader: READER }, format: 'JSONEachRow',
  })
  const [row] = await result.json<{ positions: string }>()
  return row === undefined ? [] : z.array(streamPositionSchema).parse(JSON.parse(row.positions))
}

/** LOG sequence up to which the tables have all records, as analysts see it; 0 where nothing was projected yet. */
export async function projectedSeq(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({ query: 'SELECT projected_seq AS seq FROM freshness', format: 'JSONEachRow' })
  const [row] = await result.json<{ seq: string | number }>()
  return Number(row?.seq ?? 0)
}

/** Written only after all rows up to `projectedSeq` are in. */
export async function saveProgress(clickhouse: ClickHouseClient, mark: ProgressMark): Promise<void> {
  await clickhouse.insert({
    table: 'progress',
    format: 'JSONEachRow',
    clickhouse_settings: SYNC_INSERT,
    values: [{
      reader: READER,
      projected_seq: mark.projectedSeq,
      log_last_seq: mark.logLastSeq,
      complete_to: clickTime(mark.completeTo),
      at: clickTime(mark.at),
      positions: JSON.stringify(mark.history),
    }],
  })
}
