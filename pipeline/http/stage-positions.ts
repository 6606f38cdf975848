import type { ClickHouseClient } from '@clickhouse/client'
import type { Stage } from '../runtime/stage.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'

/** LOG sequence up to which the tables have all records, as analysts see it; 0 where nothing was projected yet. */
export async function projectedSeq(clickhouse: ClickHouseClient): Promise<number> {
  const result = await clickhouse.query({ query: 'SELECT projected_seq FROM freshness', format: 'JSONEachRow' })
  const [row] = await result.json<{ projected_seq: string | number }>()
  return Number(row?.projected_seq ?? 0)
}

/**
 * LOG sequence up to which a partition's records are carried out: as this process's dispatcher says, else as another one wrote it
 * down last.
 */
export async function dispatchedSeq(dispatcher: Stage | undefined, checkpoints: Checkpoints, partition: number): Promise<number> {
  const own = dispatcher?.status()
  if (own?.partitions?.includes(partition) === true) return own.position
  const [newest] = await checkpoints.load(partition)
  return newest?.seq ?? 0
}
