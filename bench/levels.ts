import { z } from 'zod'
import type { BenchSystem } from './system.ts'
import { startWatch, type Watch } from './watch.ts'

/** How often the last sequence of a stream is asked for. */
export const STREAM_POLL_MS = 10
/** How often the tables' mark is asked for; with the answer's time it bounds how exact the times of tables are. */
export const TABLES_POLL_MS = 50
/** How long a stage may take to become level. */
export const LEVEL_MS_MAX = 300_000

/** The last sequence of a stream. */
export const watchStream = ({ jsm }: BenchSystem, stream: string): Promise<Watch> =>
  startWatch(stream, async () => (await jsm.streams.info(stream)).state.last_seq, STREAM_POLL_MS)

const markSchema = z.array(z.object({ seq: z.coerce.number() }))

/** The LOG sequence up to which everything is in the tables. */
export const watchTables = ({ clickhouse }: BenchSystem): Promise<Watch> =>
  startWatch('the mark of the tables', async () => {
    const result = await clickhouse.query({ query: 'SELECT projected_seq AS seq FROM freshness', format: 'JSONEachRow' })
    return markSchema.parse(await result.json())[0]?.seq ?? 0
  }, TABLES_POLL_MS)
