import { projectedSeq } from '../../pipeline/projector/progress-mark.ts'
import type { BenchSystem } from './bench-system.ts'
import { type CounterWatch, watchCounter } from './counter-watch.ts'

/**
 * Interval of the queries for a stream's last sequence and for the projected sequence of the tables. No measured time is more precise than
 * this. The interval is not shorter, because a query takes processor time from the measured system: it wakes threads in nats-server, or
 * costs ClickHouse some milliseconds.
 */
export const STREAM_POLL_MS = 25
export const TABLES_POLL_MS = 100

/** The last sequence of a stream. */
export const lastSeqOf = async ({ jsm }: Pick<BenchSystem, 'jsm'>, stream: string): Promise<number> =>
  (await jsm.streams.info(stream)).state.last_seq

/** The LOG sequence up to which all rows are in the tables. */
export const projectedSeqOf = ({ clickhouse }: BenchSystem): Promise<number> => projectedSeq(clickhouse)

/** Follows the last sequence of a stream. */
export const watchStream = (system: BenchSystem, stream: string): Promise<CounterWatch> =>
  watchCounter(stream, () => lastSeqOf(system, stream), STREAM_POLL_MS)

/** Follows the projected sequence of the tables. */
export const watchTables = (system: BenchSystem): Promise<CounterWatch> =>
  watchCounter('the projected sequence of the tables', () => projectedSeqOf(system), TABLES_POLL_MS)
