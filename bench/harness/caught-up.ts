import { projectedSeq } from '../../pipeline/projector/progress-mark.ts'
import type { BenchSystem } from './bench-system.ts'
import { startWatch, type Watch } from './watch-usage.ts'

/**
 * How often the last sequence of a stream is asked for, and the tables' mark: it bounds how exact a time is. Asking wakes threads here and in
 * nats-server, and costs ClickHouse some milliseconds, which what is measured lacks.
 */
export const STREAM_POLL_MS = 25
export const TABLES_POLL_MS = 100
/** How long a stage may take to become level. */
export const CAUGHT_UP_MS_MAX = 300_000

/** The last sequence of a stream. */
export const lastSeqOf = async ({ jsm }: Pick<BenchSystem, 'jsm'>, stream: string): Promise<number> => (await jsm.streams.info(stream)).state.last_seq

/** The LOG sequence up to which everything is in the tables. */
export const markOf = ({ clickhouse }: BenchSystem): Promise<number> => projectedSeq(clickhouse)

/** Follows the last sequence of a stream. */
export const watchStream = (system: BenchSystem, stream: string): Promise<Watch> => startWatch(stream, () => lastSeqOf(system, stream), STREAM_POLL_MS)

/** Follows the mark of the tables. */
export const watchTables = (system: BenchSystem): Promise<Watch> => startWatch('the mark of the tables', () => markOf(system), TABLES_POLL_MS)
