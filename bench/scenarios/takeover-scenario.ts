import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { openLoop } from '../harness/open-loop.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { sleepUntil } from '../harness/sleep-until.ts'
import { medians, quantile, rounded } from '../harness/statistics.ts'
import type { BenchSystem } from '../harness/bench-system.ts'

const SECONDS_PER_ROUND = 20
/** An input that has waited longer than this is held up by what was done to the workers. */
const CALM_MS = 500
/** So long it must be calm before it counts as over. */
const CALM_FOR_MS = 1_500
const CALM_MS_MAX = 120_000

/** A worker that is killed under load, one that freezes, one that is stopped in order, one that joins: how long inputs wait then. */
export const takeover: Scenario = {
  name: 'takeover',
  about: `a worker killed under load, one frozen, one stopped in order: the longest wait of any input (a round each ${SECONDS_PER_ROUND} --seconds)`,
  actorsDefault: 2_000,
  secondsDefault: 3 * SECONDS_PER_ROUND,
  workersMin: 2,
  run: measureTakeover,
}

const recordSchema = z.object({ input: z.object({ id: z.string() }) })

/** What waits, and what has waited. */
interface Waits {
  /** How long what waits now has waited at most. */
  oldestMs(): number
  /** Of inputs that were due from then on, each when it had its record. */
  since(atMs: number): number[]
}

async function measureTakeover({ system, producer, options }: Bench): Promise<Measured> {
  const waiting = new Map<string, number>()
  const over: { readonly dueAtMs: number; readonly ms: number }[] = []
  await using started = new AsyncDisposableStack()
  started.defer(watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ input: { id } }, _, atMs) => {
    const dueAtMs = waiting.get(id)
    if (dueAtMs === undefined) return
    waiting.delete(id)
    over.push({ dueAtMs, ms: atMs - dueAtMs })
  }))
  const waits: Waits = {
    // The map keeps the order in which they were sent.
    oldestMs: () => performance.now() - (waiting.values().next().value ?? performance.now()),
    since: (atMs) => over.filter(({ dueAtMs }) => dueAtMs >= atMs).map(({ ms }) => ms),
  }
  while (system.workers.length < options.workers - 1) await system.addWorker()
  const stopping = new AbortController()
  const pace = openLoop({ rate: options.rate, signal: stopping.signal }, (dueAtMs) => { waiting.set(producer.send().id, dueAtMs) })
  started.defer(async () => {
    stopping.abort()
    await pace
    await producer.publisher.settled()
  })
  await calm(waits)

  const rounds = Math.max(1, Math.round(options.seconds / SECONDS_PER_ROUND))
  const [killed, frozen, stopped, joined, usual]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []]
  const watched = async (into: number[], act: () => Promise<unknown>): Promise<void> => {
    const atMs = performance.now()
    await act()
    await calm(waits)
    into.push(Math.max(...waits.since(atMs - CALM_MS)))
  }
  for (let round = 0; round < rounds; round++) {
    const quietMs = performance.now()
    await calm(waits)
    usual.push(quantile(waits.since(quietMs), 0.99))
    await watched(killed, () => victimOf(system).kill())
    await watched(joined, () => system.addWorker())
    await watched(stopped, () => victimOf(system).end())
    if (options.seconds < SECONDS_PER_ROUND) break
    await watched(joined, () => system.addWorker())
    const victim = victimOf(system)
    await watched(frozen, async () => victim.pause())
    await victim.kill()
    await watched(joined, () => system.addWorker())
  }
  const told = medians({ killedLongestWaitMs: killed, ...(frozen.length === 0 ? {} : { frozenLongestWaitMs: frozen }), stoppedLongestWaitMs: stopped, joinedLongestWaitMs: joined, undisturbedP99Ms: usual })
  return {
    figures: {
      ...told.figures, killedSlowestMs: rounded(Math.max(...killed)), stoppedSlowestMs: rounded(Math.max(...stopped)),
      ratePerSecond: options.rate, workers: options.workers, refused: producer.publisher.refused,
    },
    spread: told.spread,
    charts: [{
      title: 'The longest wait of any input', unit: ' ms', shape: 'bars', labels: ['killed', 'frozen', 'stopped in order', 'another joins'],
      series: [{ name: 'median of rounds', values: ['killed', 'frozen', 'stopped', 'joined'].map((name) => told.figures[`${name}LongestWaitMs`] ?? null), colour: COLOURS.plain }],
    }],
    notes: [
      `Open loop to ${options.actors} actors over all partitions, ${options.workers} workers of which one has the servers too; another is killed (SIGKILL), replaced, stopped (SIGTERM), replaced, ${rounds} times. `
      + 'The figure is the longest time that any input waited for its record then, from when it was due: noticing, taking over, and catching up with what had come meanwhile.',
      `A worker that says nothing is given up after COLLOQUY_LEASE_MS (${system.settings.LEASE_MS}); on one machine its neighbours see sooner that its process is gone, not that it is frozen: that is what the loss of a whole machine costs. undisturbedP99Ms is what inputs wait otherwise.`,
      'A worker that joins loads the code and compiles it on the processors that all share.',
    ],
  }
}

function victimOf({ workers }: BenchSystem) {
  const [victim] = workers
  if (victim === undefined) throw new ColloquyError('no_worker', 'there is no worker besides the one with the servers')
  return victim
}

/** Waits until nothing has waited long, for some time. */
async function calm(waits: Waits): Promise<void> {
  let calmSinceMs = performance.now()
  const isCalm = await sleepUntil(() => {
    if (waits.oldestMs() > CALM_MS) calmSinceMs = performance.now()
    return performance.now() - calmSinceMs > CALM_FOR_MS
  }, CALM_MS_MAX)
  if (!isCalm) throw new ColloquyError('not_level', `inputs had waited for their records for ${Math.round(waits.oldestMs())} ms, ${CALM_MS_MAX} ms after a worker was gone`)
}
