import type { Bench } from './bench-scenario.ts'
import { watchStream, watchTables } from './caught-up.ts'
import type { CounterWatch, Sample } from './counter-watch.ts'
import { CAUGHT_UP_MS_MAX } from './in-time.ts'
import { usageOf } from './process-usage.ts'
import { saturate } from './saturate.ts'

/** The result of one run at full speed. A rate covers the time from the first input until the last record, event or row is there. */
export interface LoadRun {
  readonly turns: number
  readonly perSecond: number
  /** `undefined` if no dispatcher runs during the measurement; `toTablesPerSecond` likewise without a projector. */
  readonly toOutPerSecond: number | undefined
  readonly toTablesPerSecond: number | undefined
  readonly logBytesPerTurn: number
  /** What a turn adds to the streams: inputs with results and wake-ups, records, tasks. */
  readonly messagesPerTurn: Readonly<Record<CountedStream, number>>
  /** Processor time per turn, until all stages have caught up; empty on systems without /proc. */
  readonly cpuMicroseconds: Readonly<Partial<Record<'up' | 'nats' | 'clickhouse' | 'harness', number>>>
}

const COUNTED_STREAMS = ['INBOX', 'LOG', 'TASKS'] as const
type CountedStream = (typeof COUNTED_STREAMS)[number]

/** Publishes as fast as the system accepts inputs. Every input must result in one record and one event on OUT. */
export interface Load {
  run(bounds: { forMs?: number; count?: number; send?: () => void }): Promise<LoadRun>
  stop(): Promise<void>
}

export async function startLoad({ system, producer }: Pick<Bench, 'system' | 'producer'>): Promise<Load> {
  await using started = new AsyncDisposableStack()
  const watch = async (starting: Promise<CounterWatch>): Promise<CounterWatch> => started.adopt(await starting, (one) => one.stop())
  const log = await watch(watchStream(system, 'LOG'))
  const out = system.has('dispatch') ? await watch(watchStream(system, 'OUT')) : undefined
  const tables = system.has('project') ? await watch(watchTables(system)) : undefined
  const logBytes = async (): Promise<number> => (await system.jsm.streams.info('LOG')).state.bytes
  const lastSeqs = async (): Promise<Record<CountedStream, number>> => {
    const [inbox, records, tasks] = await Promise.all(
      COUNTED_STREAMS.map(async (name) => (await system.jsm.streams.info(name)).state.last_seq),
    )
    return { INBOX: inbox ?? 0, LOG: records ?? 0, TASKS: tasks ?? 0 }
  }
  const stopping = started.move()
  return {
    async run({ send = () => void producer.send(), ...bounds }) {
      const [acknowledgedBefore, logBefore, outBefore] = [producer.acknowledged, log.value, out?.value ?? 0]
      const [bytesBefore, usageBefore, ownBefore] = [await logBytes(), await usageOf(system.pids), process.cpuUsage()]
      const seqsBefore = await lastSeqs()
      const { firstAtMs } = await saturate({ send, publisher: producer.publisher, records: log }, bounds)
      const turns = producer.acknowledged - acknowledgedBefore
      const inLog = await log.reached(logBefore + turns, CAUGHT_UP_MS_MAX)
      const [inOut, inTables] = await Promise.all([
        out?.reached(outBefore + turns, CAUGHT_UP_MS_MAX),
        tables?.reached(inLog.value, CAUGHT_UP_MS_MAX),
      ])
      const seqs = await lastSeqs()
      const [usageAfter, own] = [await usageOf(system.pids), process.cpuUsage(ownBefore)]
      const rate = (last: Sample | undefined): number | undefined => last && (turns / (last.atMs - firstAtMs)) * 1_000
      const perTurn = (name: 'up' | 'nats' | 'clickhouse'): number =>
        (((usageAfter[name]?.cpuSeconds ?? 0) - (usageBefore[name]?.cpuSeconds ?? 0)) / turns) * 1e6
      return {
        turns,
        perSecond: rate(inLog) ?? 0,
        toOutPerSecond: rate(inOut),
        toTablesPerSecond: rate(inTables),
        logBytesPerTurn: ((await logBytes()) - bytesBefore) / turns,
        messagesPerTurn: {
          INBOX: (seqs.INBOX - seqsBefore.INBOX) / turns,
          LOG: (seqs.LOG - seqsBefore.LOG) / turns,
          TASKS: (seqs.TASKS - seqsBefore.TASKS) / turns,
        },
        cpuMicroseconds:
          usageAfter.up === undefined
            ? {}
            : { up: perTurn('up'), nats: perTurn('nats'), clickhouse: perTurn('clickhouse'), harness: (own.user + own.system) / turns },
      }
    },
    stop: () => stopping.disposeAsync(),
  }
}
