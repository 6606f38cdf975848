import type { NatsConnection } from '@nats-io/transport-node'
import { build } from 'hdr-histogram-js'
import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import type { Bench, BenchOptions, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { diskBytesOf } from '../harness/disk-bytes.ts'
import { waitFor } from '../harness/in-time.ts'
import { PAIRS } from '../harness/inputs.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { type LoadRun, startLoad } from '../harness/load.ts'
import { usageOf } from '../harness/process-usage.ts'
import { createRandom, pick } from '../harness/random.ts'
import { medians, quantile, rounded } from '../harness/statistics.ts'

/** Max size of the small group of actors. The scenario compares this group with all actors. */
const FEW_MAX = 10_000
const FEW_SHARE_MAX = 0.2
/** Number of cold actors. The run creates them first, so that the host evicts them later, and loads them one by one at the end. */
const COLD_MAX = 200
const COLD_SHARE_MAX = 0.1
const BURST_MAX = 20_000
const BURSTS = 3

const partsOf = ({ actors }: BenchOptions) => ({
  cold: Math.max(1, Math.min(COLD_MAX, Math.floor(actors * COLD_SHARE_MAX))),
  few: Math.max(1, Math.min(FEW_MAX, Math.floor(actors * FEW_SHARE_MAX))),
})

/** Measures the cost of actors: memory, disk, time per message with few and with all actors, and the time to load an evicted actor. */
export const scale: Scenario = {
  name: 'scale',
  about: 'Cost per message, memory and LOG bytes with 1,000 to 1,000,000 --actors of a small machine. Ignores --seconds.',
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
  const createActors = async (from: number, to: number): Promise<void> => {
    let actor = from
    await load.run({ count: to - from, send: () => void producer.send(actor++) })
  }
  const random = createRandom(options.seed + 1)
  const burst = (count: number): Promise<LoadRun> =>
    load.run({ count: Math.min(BURST_MAX, few * 4), send: () => void producer.send(cold + pick(random, count)) })
  const bursts = async (count: number): Promise<LoadRun[]> => {
    const runs: LoadRun[] = []
    for (let index = 0; index < BURSTS; index++) runs.push(await burst(count))
    return runs
  }
  const logState = async () => (await system.jsm.streams.info('LOG')).state

  const upAtStart = await rssMiB('up')
  await createActors(0, cold + few)
  await burst(few) // Warm-up: otherwise compiling code would count against the small group.
  const withFew = await bursts(few)
  const [upFew, natsFew, before] = [await rssMiB('up'), await rssMiB('nats'), await logState()]
  await createActors(cold + few, actors)
  const [upAll, natsAll, after] = [await rssMiB('up'), await rssMiB('nats'), await logState()]
  const withAll = await bursts(actors - cold)
  const loads = await measureLoads(bench, cold)
  const [disk, end] = [await diskBytesOf(system, 'LOG'), await logState()]

  const cost = ({ cpuMicroseconds: { up = 0, nats = 0, clickhouse = 0 } }: LoadRun): number => up + nats + clickhouse
  const summary = medians({
    turnsPerSecondFew: withFew.map(({ perSecond }) => perSecond),
    turnsPerSecondAll: withAll.map(({ perSecond }) => perSecond),
    cpuMicrosecondsPerTurnFew: withFew.map(cost),
    cpuMicrosecondsPerTurnAll: withAll.map(cost),
  })
  const ratio = (one: string, other: string): number => rounded((summary.figures[one] ?? 0) / (summary.figures[other] ?? NaN))
  const added = Math.max(1, actors - cold - few)
  return {
    figures: {
      actors,
      actorsFew: few,
      turns: producer.acknowledged,
      ...summary.figures,
      costRatio: ratio('turnsPerSecondFew', 'turnsPerSecondAll'),
      cpuCostRatio: ratio('cpuMicrosecondsPerTurnAll', 'cpuMicrosecondsPerTurnFew'),
      rssMiBAtStart: rounded(upAtStart),
      rssMiBFew: rounded(upFew),
      rssMiBAll: rounded(upAll),
      bytesPerLiveActor: rounded(((upAll - upFew) * 1024 ** 2) / added),
      natsBytesPerActor: rounded(((natsAll - natsFew) * 1024 ** 2) / added),
      logBytesPerTurn: rounded(end.bytes / end.messages),
      logBytesPerActorFirstTurn: rounded((after.bytes - before.bytes) / (after.messages - before.messages)),
      ...(disk === undefined ? {} : { logDiskBytesPerTurn: rounded(disk / end.messages), logDiskBytesPerActor: rounded(disk / actors) }),
      ...loads,
      refused: producer.publisher.refused,
    },
    spread: summary.spread,
    charts: [
      {
        title: 'Turns per second',
        unit: '/s',
        shape: 'bars',
        labels: [few, actors].map((count) => `${count.toLocaleString('en')} actors`),
        series: [
          {
            name: 'turns per second',
            colour: COLOURS.good,
            values: [summary.figures['turnsPerSecondFew'] ?? null, summary.figures['turnsPerSecondAll'] ?? null],
          },
        ],
      },
    ],
    notes: [
      `The machine has two states and a count, and emits one event per input. Each actor gets one input first. ${BURSTS} bursts of `
        + `${Math.min(BURST_MAX, few * 4)} inputs to random actors are measured twice: while only ${few} actors exist, and after all have `
        + 'been created. costRatio is the turns per second with few actors over those with all. CPU is that of all processes until the '
        + 'tables have caught up.',
      `The host keeps ${system.settings.LIVE_ACTORS_MAX} actors in memory (LIVE_ACTORS_MAX), all but the first ${cold}. bytesPerLiveActor `
        + "is the growth of the memory (RSS) of Colloquy's processes, without the servers, from few to all actors, divided by the actors "
        + 'added. Garbage collection is not forced, so it is an upper bound.',
      `coldTurn figures: one input at a time to the ${cold} evicted actors, then a second one to each (hotTurn); from publish to its `
        + 'record on the way into LOG.',
    ],
  }
}

/** Sends to the first actors, which the host evicted when the last ones were created. */
async function measureLoads({ system, producer }: Bench, cold: number): Promise<Figures> {
  const records = await watchRecords(system.nc, producer.tenant)
  const [loaded, hot] = [build(), build()]
  const differences: number[] = []
  try {
    for (let actor = 0; actor < cold; actor++) {
      const times: number[] = []
      for (const histogram of [loaded, hot]) {
        const startedMs = performance.now()
        await records.recorded(producer.send(actor).id)
        times.push(performance.now() - startedMs)
        histogram.recordValue(Math.round((times.at(-1) ?? 0) * 1_000))
      }
      differences.push((times[0] ?? 0) - (times[1] ?? 0))
    }
  } finally {
    records.stop()
  }
  const at = (histogram: typeof hot, percentile: number): number => rounded(histogram.getValueAtPercentile(percentile) / 1_000)
  return {
    coldTurnP50Ms: at(loaded, 50),
    coldTurnP99Ms: at(loaded, 99),
    hotTurnP50Ms: at(hot, 50),
    coldLoadP50Ms: rounded(quantile(differences, 0.5)),
  }
}

const recordSchema = z.object({ input: z.object({ id: z.string() }) })

/** Maximum time from an input to its record. */
const RECORD_MS_MAX = 30_000

/** Waits for the records of single inputs, by a core subscription that sees them on their way into LOG. */
interface RecordWatch {
  /** Call it in the turn of the event loop in which the input is sent. @throws ColloquyError `not_level` */
  recorded(inputId: string): Promise<void>
  stop(): void
}

async function watchRecords(nc: NatsConnection, tenant: string): Promise<RecordWatch> {
  const waiting = new Map<string, () => void>()
  const stop = await watchSubject(nc, `log.*.${tenant}.>`, recordSchema, ({ input: { id } }) => {
    waiting.get(id)?.()
    waiting.delete(id)
  })
  return {
    recorded: (id) =>
      waitFor(
        new Promise((resolve) => {
          waiting.set(id, resolve)
        }),
        RECORD_MS_MAX,
        () => `input ${id} has no record`,
      ),
    stop,
  }
}
