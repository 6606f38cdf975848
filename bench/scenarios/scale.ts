import { build } from 'hdr-histogram-js'
import { diskBytesOf } from '../disk.ts'
import { LEVEL_MS_MAX, watchStream, watchTables } from '../levels.ts'
import { pour, type Target } from '../pour.ts'
import { usageOf } from '../processes.ts'
import { createRandom, pick } from '../random.ts'
import type { Bench, BenchOptions, Figures, Measured, Scenario } from '../scenario.ts'
import { rounded } from '../statistics.ts'
import { watchRecords } from './record-watch.ts'

/** How many of the actors are the few. */
const FEW_SHARE = 0.1
const BURST_MAX = 20_000
/** Actors that are loaded one after another. */
const COLD_MAX = 200

const liveActorsMax = ({ actors }: BenchOptions): number => Math.max(1, Math.floor(actors / 2))

/** What actors cost: memory, disk, time per message with a few and with all of them, the load of one that is not in memory. */
export const scale: Scenario = {
  name: 'scale',
  about: 'memory, LOG and cost per message with many actors seen',
  actorsDefault: 100_000,
  settings: (options) => ({ LIVE_ACTORS_MAX: String(liveActorsMax(options)) }),
  run: measureScale,
}

async function measureScale(bench: Bench): Promise<Measured> {
  const { system, producer, options } = bench
  const few = Math.max(1, Math.floor(options.actors * FEW_SHARE))
  await using watches = new AsyncDisposableStack()
  const records = await watchStream(system, 'LOG')
  watches.defer(() => records.stop())
  const tables = await watchTables(system)
  watches.defer(() => tables.stop())
  const base = records.value
  const level = async (): Promise<void> => {
    const { value } = await records.reached(base + producer.acknowledged, LEVEL_MS_MAX)
    await tables.reached(value, LEVEL_MS_MAX)
  }
  const rssMiB = async (): Promise<number> => rounded(((await usageOf(system.pid)).up?.rssBytes ?? 0) / 1024 ** 2)
  const meet = async (from: number, to: number): Promise<void> => {
    let actor = from
    await pour({ send: () => void producer.send(actor++), publisher: producer.publisher, records }, { count: to - from })
    await level()
  }
  const random = createRandom(options.seed + 1)
  const burst = async (actors: number): Promise<{ perSecond: number; cpuMicroseconds: number }> => {
    const target: Target = { send: () => void producer.send(pick(random, actors)), publisher: producer.publisher, records }
    const [before, count] = [await usageOf(system.pid), Math.min(BURST_MAX, few * 4)]
    const { firstAtMs } = await pour(target, { count })
    const { atMs } = await records.reached(base + producer.acknowledged, LEVEL_MS_MAX)
    await level()
    const after = await usageOf(system.pid)
    const cpuSeconds = (after.up?.cpuSeconds ?? 0) - (before.up?.cpuSeconds ?? 0)
    return { perSecond: count / (atMs - firstAtMs) * 1_000, cpuMicroseconds: cpuSeconds / count * 1e6 }
  }

  const rssMiBAtStart = await rssMiB()
  await meet(0, few)
  await burst(few) // What it compiles now would else be counted against the few.
  const rssMiBFew = await rssMiB()
  const withFew = await burst(few)
  const { state: before } = await system.jsm.streams.info('LOG')
  await meet(few, options.actors)
  const { state: after } = await system.jsm.streams.info('LOG')
  const rssMiBAll = await rssMiB()
  const loads = await measureLoads(bench)
  const withAll = await burst(options.actors)
  const disk = await diskBytesOf(system, 'LOG')
  const { state: end } = await system.jsm.streams.info('LOG')
  return {
    figures: {
      actors: options.actors, actorsFew: few, turns: producer.acknowledged,
      rssMiBAtStart, rssMiBFew, rssMiBAll,
      logBytesPerTurn: rounded(end.bytes / end.messages),
      logBytesPerActorFirstTurn: rounded((after.bytes - before.bytes) / (after.messages - before.messages)),
      ...(disk === undefined ? {} : {
        logDiskBytesPerTurn: rounded(disk / end.messages), logDiskBytesPerActor: rounded(disk / options.actors),
      }),
      turnsPerSecondFew: rounded(withFew.perSecond), turnsPerSecondAll: rounded(withAll.perSecond),
      cpuMicrosecondsPerTurnFew: rounded(withFew.cpuMicroseconds), cpuMicrosecondsPerTurnAll: rounded(withAll.cpuMicroseconds),
      costRatio: rounded(withFew.perSecond / withAll.perSecond),
      ...loads, refused: producer.publisher.refused,
    },
    notes: [
      `All actors are met once, in order; bursts of ${Math.min(BURST_MAX, few * 4)} inputs go to actors by chance, of the first `
      + `${few} and of all. Idle actors in memory (LIVE_ACTORS_MAX): ${system.settings.LIVE_ACTORS_MAX}, so that of all some are loaded again.`,
      'RSS is that of `up` (host, dispatcher, projector and HTTP in one process) when the tables are level, without its servers; '
      + 'garbage collection is left to itself.',
      'CPU is that of `up` until the tables are level too; costRatio is few over all, in turns per second through the host.',
      `Load: one input at a time to ${Math.min(COLD_MAX, few)} actors that are out of memory, then one more to each; from publish `
      + 'to its record on its way into LOG.',
    ],
  }
}

/** The first actors were forgotten as the later ones came. */
async function measureLoads({ system, producer, options }: Bench): Promise<Figures> {
  const records = watchRecords(system.nc, producer.tenant)
  const [cold, hot] = [build(), build()]
  const few = Math.min(COLD_MAX, Math.max(1, Math.floor(options.actors * FEW_SHARE)))
  try {
    for (let actor = 0; actor < few; actor++) {
      for (const histogram of [cold, hot]) {
        const begunMs = performance.now()
        await records.recorded(producer.send(actor).id)
        histogram.recordValue(Math.round((performance.now() - begunMs) * 1_000))
      }
    }
  } finally {
    records.stop()
  }
  const p50Ms = (histogram: typeof cold): number => rounded(histogram.getValueAtPercentile(50) / 1_000)
  return {
    coldTurnP50Ms: p50Ms(cold), coldTurnP99Ms: rounded(cold.getValueAtPercentile(99) / 1_000), hotTurnP50Ms: p50Ms(hot),
    coldLoadP50Ms: rounded(p50Ms(cold) - p50Ms(hot)),
  }
}
