import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { watchStream } from '../harness/caught-up.ts'
import type { CounterWatch } from '../harness/counter-watch.ts'
import { createHttpClients, type HttpClients, type HttpRun } from '../harness/http-clients.ts'
import { CAUGHT_UP_MS_MAX } from '../harness/in-time.ts'
import { interleave, planMeasurement } from '../harness/measurement-plan.ts'
import { usageOf } from '../harness/process-usage.ts'
import { medians, quantile } from '../harness/statistics.ts'

/** Compares HTTP clients that wait for the decisions about their inputs with clients that do not. */
export const waiting: Scenario = {
  name: 'waiting',
  about: 'HTTP inputs a second with ?wait=actor and without, over 200 connections, to --actors and to one actor.',
  actorsDefault: 1_000,
  secondsDefault: 15,
  run: measureWaiting,
}

const CONNECTIONS = 200

/** The measured loads, in the order of a round. */
const LOADS = {
  many: { isOne: false, wait: undefined },
  manyWaiting: { isOne: false, wait: 'actor' },
  one: { isOne: true, wait: undefined },
  oneWaiting: { isOne: true, wait: 'actor' },
} as const
type LoadName = keyof typeof LOADS
const NAMES: readonly LoadName[] = ['many', 'manyWaiting', 'one', 'oneWaiting']

/** One round of one load. */
interface Round extends HttpRun {
  /** Records a second, until the last input of the round has one. */
  readonly decidedPerSecond: number
  /** Processor time of Colloquy and nats-server per answer, until then; NaN on systems without /proc. */
  readonly cpuMicroseconds: number
}

async function measureWaiting({ system, producer, options }: Bench): Promise<Measured> {
  const { rounds, roundMs, warmUpMs } = planMeasurement(options.seconds)
  await using started = new AsyncDisposableStack()
  const clients = await createHttpClients(system, producer, CONNECTIONS)
  started.defer(() => clients.stop())
  const records = started.adopt(await watchStream(system, 'LOG'), (one) => one.stop())
  const runs: Record<LoadName, Round[]> = { many: [], manyWaiting: [], one: [], oneWaiting: [] }
  const actorsOf = (name: LoadName): number => (LOADS[name].isOne ? 1 : options.actors)
  for (const name of NAMES) await runOnce(system, clients, records, { forMs: warmUpMs, actors: actorsOf(name), wait: LOADS[name].wait })
  await interleave(
    rounds,
    NAMES.map((name) => async () => {
      runs[name].push(await runOnce(system, clients, records, { forMs: roundMs, actors: actorsOf(name), wait: LOADS[name].wait }))
    }),
  )
  const perSecond = (name: LoadName): number[] => runs[name].map((round) => round.perSecond)
  const ratios = (waits: LoadName, plain: LoadName, of: (round: Round) => number): number[] =>
    runs[waits].map((round, index) => {
      const beside = runs[plain][index]
      return round.perSecond / (beside === undefined ? NaN : of(beside))
    })
  const latency = (name: LoadName, share: number): number[] => runs[name].map(({ latenciesMs }) => quantile(latenciesMs, share))
  const summary = medians({
    manyRatio: ratios('manyWaiting', 'many', (round) => round.perSecond),
    oneRatio: ratios('oneWaiting', 'one', (round) => round.perSecond),
    manyOverDecided: ratios('manyWaiting', 'many', (round) => round.decidedPerSecond),
    oneOverDecided: ratios('oneWaiting', 'one', (round) => round.decidedPerSecond),
    ...Object.fromEntries(NAMES.map((name) => [`${name}PerSecond`, perSecond(name)])),
    ...Object.fromEntries(NAMES.map((name) => [`${name}CpuMicroseconds`, runs[name].map((round) => round.cpuMicroseconds)])),
    manyDecidedPerSecond: runs.many.map((round) => round.decidedPerSecond),
    oneDecidedPerSecond: runs.one.map((round) => round.decidedPerSecond),
    manyWaitingP50Ms: latency('manyWaiting', 0.5),
    manyWaitingP99Ms: latency('manyWaiting', 0.99),
    oneWaitingP50Ms: latency('oneWaiting', 0.5),
    oneWaitingP99Ms: latency('oneWaiting', 0.99),
  })
  const all = NAMES.flatMap((name) => runs[name])
  return {
    figures: {
      ...summary.figures,
      answers: all.reduce((sum, { answers }) => sum + answers, 0),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
    },
    spread: summary.spread,
    charts: [
      {
        title: `Answers per second over ${CONNECTIONS} connections`,
        unit: '/s',
        shape: 'bars',
        labels: [`${options.actors} actors`, 'one actor'],
        series: [
          {
            name: 'without wait',
            colour: COLOURS.light,
            values: [summary.figures['manyPerSecond'] ?? null, summary.figures['onePerSecond'] ?? null],
          },
          {
            name: 'wait=actor',
            colour: COLOURS.good,
            values: [summary.figures['manyWaitingPerSecond'] ?? null, summary.figures['oneWaitingPerSecond'] ?? null],
          },
        ],
      },
    ],
    notes: [
      `${CONNECTIONS} clients over kept connections; each sends its next input when the last one is answered. The clients are one process `
        + 'on the same machine. failed counts answers other than 200 and 202.',
      `Medians of ${rounds} rounds of ${roundMs} ms, the four loads alternately, after a warm-up of ${warmUpMs} ms each. A ratio compares `
        + 'the loads of one round. Before the next load starts, all inputs of the last one have a record.',
      'Without wait, answers come faster than the host decides. decidedPerSecond counts until the last input of the round has its record: '
        + 'no waiting client can be faster than that. An actor decides one input after another.',
    ],
  }
}

async function runOnce(
  { pids }: BenchSystem,
  clients: HttpClients,
  records: CounterWatch,
  load: Parameters<HttpClients['run']>[0],
): Promise<Round> {
  const cpuSeconds = async (): Promise<number> => {
    const { up, nats } = await usageOf(pids)
    return (up?.cpuSeconds ?? NaN) + (nats?.cpuSeconds ?? NaN)
  }
  const [before, cpuBefore, startedMs] = [records.value, await cpuSeconds(), performance.now()]
  const run = await clients.run(load)
  const { atMs } = await records.reached(before + run.answers, CAUGHT_UP_MS_MAX)
  const perAnswer = (value: number): number => value / run.answers
  return {
    ...run,
    decidedPerSecond: (run.answers / (atMs - startedMs)) * 1_000,
    cpuMicroseconds: perAnswer(((await cpuSeconds()) - cpuBefore) * 1e6),
  }
}
