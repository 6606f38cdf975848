import { CAUGHT_UP_MS_MAX, watchStream, watchTables } from './caught-up.ts'
import { saturate } from './saturate.ts'
import { usageOf } from './process-usage.ts'
import type { Bench } from './bench-scenario.ts'
import type { Sample, Watch } from './counter-watch.ts'

/** What one round of publishing as fast as it goes came to. Rates are from the first input to the last of what they name. */
export interface LoadRound {
  readonly turns: number
  readonly perSecond: number
  /** `undefined` where nobody fills it while it is measured. */
  readonly toOutPerSecond: number | undefined
  readonly toTablesPerSecond: number | undefined
  readonly logBytesPerTurn: number
  /** Processor time per turn until all of it is done; empty where there is no /proc. */
  readonly cpuMicroseconds: Readonly<Partial<Record<'up' | 'nats' | 'clickhouse' | 'harness', number>>>
}

/** Publishes to the system as fast as it takes inputs. Every input must make one record and one event on OUT. */
export interface Load {
  run(bounds: { forMs?: number; count?: number; send?: () => void }): Promise<LoadRound>
  stop(): Promise<void>
}

export async function startLoad({ system, producer }: Pick<Bench, 'system' | 'producer'>): Promise<Load> {
  await using started = new AsyncDisposableStack()
  const watch = async (starting: Promise<Watch>): Promise<Watch> => started.adopt(await starting, (one) => one.stop())
  const log = await watch(watchStream(system, 'LOG'))
  const out = system.has('dispatch') ? await watch(watchStream(system, 'OUT')) : undefined
  const tables = system.has('project') ? await watch(watchTables(system)) : undefined
  const logBytes = async (): Promise<number> => (await system.jsm.streams.info('LOG')).state.bytes
  const stopping = started.move()
  return {
    async run({ send = () => void producer.send(), ...bounds }) {
      const [acknowledged, logBefore, outBefore] = [producer.acknowledged, log.value, out?.value ?? 0]
      const [bytesBefore, used, own] = [await logBytes(), await usageOf(system.pids), process.cpuUsage()]
      const { firstAtMs } = await saturate({ send, publisher: producer.publisher, records: log }, bounds)
      const turns = producer.acknowledged - acknowledged
      const inLog = await log.reached(logBefore + turns, CAUGHT_UP_MS_MAX)
      const [inOut, inTables] = await Promise.all([
        out?.reached(outBefore + turns, CAUGHT_UP_MS_MAX), tables?.reached(inLog.value, CAUGHT_UP_MS_MAX),
      ])
      const [usedNow, ownNow] = [await usageOf(system.pids), process.cpuUsage(own)]
      const rate = (level: Sample | undefined): number | undefined => level && turns / (level.atMs - firstAtMs) * 1_000
      const each = (name: 'up' | 'nats' | 'clickhouse'): number => ((usedNow[name]?.cpuSeconds ?? 0) - (used[name]?.cpuSeconds ?? 0)) / turns * 1e6
      return {
        turns, perSecond: rate(inLog) ?? 0, toOutPerSecond: rate(inOut), toTablesPerSecond: rate(inTables),
        logBytesPerTurn: (await logBytes() - bytesBefore) / turns,
        cpuMicroseconds: usedNow.up === undefined ? {} : {
          up: each('up'), nats: each('nats'), clickhouse: each('clickhouse'), harness: (ownNow.user + ownNow.system) / turns,
        },
      }
    },
    stop: () => stopping.disposeAsync(),
  }
}
