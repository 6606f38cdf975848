import { build } from 'hdr-histogram-js'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { diskBytesOf } from '../harness/disk-bytes.ts'
import { PAIRS } from '../harness/inputs.ts'
import { startLoad, type LoadRound } from '../harness/load.ts'
import { usageOf } from '../harness/process-usage.ts'
import { createRandom, pick } from '../harness/random.ts'
import type { Bench, BenchOptions, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { medians, quantile, rounded } from '../harness/statistics.ts'
import { watchRecords } from './record-watch.ts'

/** What all of them are compared with. */
const FEW_MAX = 10_000
const FEW_SHARE_MAX = 0.2
/** Actors that are met first, then forgotten, and loaded one after another in the end. */
const COLD_MAX = 200
const COLD_SHARE_MAX = 0.1
const BURST_MAX = 20_000
const BURSTS = 3

const partsOf = ({ actors }: BenchOptions) => ({
  cold: Math.max(1, Math.min(COLD_MAX, Math.floor(actors * COLD_SHARE_MAX))), few: Math.max(1, Math.min(FEW_MAX, Math.floor(actors * FEW_SHARE_MAX))),
})

/** What actors cost: memory, disk, time per message with a few and with all of them, the load of one that is not in memory. */
export const scale: Scenario = {
  name: 'scale',
  about: 'cost per message, memory and LOG with 1,000 to 1,000,000 --actors of a small machine (goes by them, not by --seconds)',
  actorsDefault: 100_000,
  inputs: PAIRS,
  settings: (options) => ({ LIVE_ACTORS_MAX: String(Math.max(1, options.actors - partsOf(options).cold)) }),
  run: measureScale,
}

async function measureScale(bench: Bench): Promise<Measured> {
  const { system, producer, options } = bench
  const { actors } = options
  const { cold, few } = partsOf(options)
  await using started = new AsyncDisposableStack()
  const load = started.adopt(await startLoad(bench), (one) => one.stop())
  const rssMiB = async (name: 'up' | 'nats'): Promise<number> => ((await usageOf(system.pids))[name]?.rssBytes ?? 0) / 1024 ** 2
  const meet = async (from: number, to: number): Promise<void> => {
    let actor = from
    await load.run({ count: to - from, send: () => void producer.send(actor++) })
  }
  const random = createRandom(options.seed + 1)
  const burst = (count: number): Promise<LoadRound> => load.run({
    count: Math.min(BURST_MAX, few * 4), send: () => void producer.send(cold + pick(random, count)),
  })
  const bursts = async (count: number): Promise<LoadRound[]> => {
    const rounds: LoadRound[] = []
    for (let round = 0; round < BURSTS; round++) rounds.push(await burst(count))
    return rounds
  }
  const logState = async () => (await system.jsm.streams.info('LOG')).state

  const upAtStart = await rssMiB('up')
  await meet(0, cold + few)
  await burst(few) // What it compiles now would else be counted against the few.
  const withFew = await bursts(few)
  const [upFew, natsFew, before] = [await rssMiB('up'), await rssMiB('nats'), await logState()]
  await meet(cold + few, actors)
  const [upAll, natsAll, after] = [await rssMiB('up'), await rssMiB('nats'), await logState()]
  const withAll = await bursts(actors - cold)
  const loads = await measureLoads(bench, cold)
  const [disk, end] = [await diskBytesOf(system, 'LOG'), await logState()]

  const cost = ({ cpuMicroseconds: { up = 0, nats = 0, clickhouse = 0 } }: LoadRound): number => up + nats + clickhouse
  const told = medians({
    turnsPerSecondFew: withFew.map(({ perSecond }) => perSecond), turnsPerSecondAll: withAll.map(({ perSecond }) => perSecond),
    cpuMicrosecondsPerTurnFew: withFew.map(cost), cpuMicrosecondsPerTurnAll: withAll.map(cost),
  })
  const ratio = (one: string, other: string): number => rounded((told.figures[one] ?? 0) / (told.figures[other] ?? NaN))
  const more = Math.max(1, actors - cold - few)
  return {
    figures: {
      actors, actorsFew: few, turns: producer.acknowledged, ...told.figures,
      costRatio: ratio('turnsPerSecondFew', 'turnsPerSecondAll'), cpuCostRatio: ratio('cpuMicrosecondsPerTurnAll', 'cpuMicrosecondsPerTurnFew'),
      rssMiBAtStart: rounded(upAtStart), rssMiBFew: rounded(upFew), rssMiBAll: rounded(upAll),
      bytesPerLiveActor: rounded((upAll - upFew) * 1024 ** 2 / more), natsBytesPerActor: rounded((natsAll - natsFew) * 1024 ** 2 / more),
      logBytesPerTurn: rounded(end.bytes / end.messages),
      logBytesPerActorFirstTurn: rounded((after.bytes - before.bytes) / (after.messages - before.messages)),
      ...(disk === undefined ? {} : { logDiskBytesPerTurn: rounded(disk / end.messages), logDiskBytesPerActor: rounded(disk / actors) }),
      ...loads, refused: producer.publisher.refused,
    },
    spread: told.spread,
    charts: [{
      title: 'Turns per second', unit: '/s', shape: 'bars', labels: [`${few.toLocaleString('en')} actors`, `${actors.toLocaleString('en')} actors`],
      series: [{ name: 'turns per second', values: [told.figures['turnsPerSecondFew'] ?? null, told.figures['turnsPerSecondAll'] ?? null], colour: COLOURS.good }],
    }],
    notes: [
      `A machine of two states and a count that emits one event. All actors are met once, in order; then ${BURSTS} bursts of ${Math.min(BURST_MAX, few * 4)} inputs go to actors by chance, of `
      + `${few} when there are no more, and of all in the end. costRatio is few over all in turns per second through the host; CPU is that of all processes until the tables are level.`,
      `Actors kept in memory (LIVE_ACTORS_MAX): ${system.settings.LIVE_ACTORS_MAX}, all but the first ${cold}. bytesPerLiveActor is what the memory (RSS) of the processes of Colloquy, without its `
      + 'servers, rose by from few to all, by actor; garbage collection is left to itself, so it is no less than what an actor takes.',
      `Load: one input at a time to the ${cold} actors that are out of memory, then one more to each; from publish to its record on its way into LOG.`,
    ],
  }
}

/** The first actors were forgotten as the last ones came. */
async function measureLoads({ system, producer }: Bench, cold: number): Promise<Figures> {
  const records = watchRecords(system.nc, producer.tenant)
  const [loaded, hot] = [build(), build()]
  const differences: number[] = []
  try {
    for (let actor = 0; actor < cold; actor++) {
      const times: number[] = []
      for (const histogram of [loaded, hot]) {
        const begunMs = performance.now()
        await records.recorded(producer.send(actor).id)
        times.push(performance.now() - begunMs)
        histogram.recordValue(Math.round((times.at(-1) ?? 0) * 1_000))
      }
      differences.push((times[0] ?? 0) - (times[1] ?? 0))
    }
  } finally {
    records.stop()
  }
  const at = (histogram: typeof hot, percentile: number): number => rounded(histogram.getValueAtPercentile(percentile) / 1_000)
  return {
    coldTurnP50Ms: at(loaded, 50), coldTurnP99Ms: at(loaded, 99), hotTurnP50Ms: at(hot, 50), coldLoadP50Ms: rounded(quantile(differences, 0.5)),
  }
}
