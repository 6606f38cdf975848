import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { waitUntil } from '../harness/in-time.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { openLoop } from '../harness/open-loop.ts'
import { medians, quantile, rounded } from '../harness/statistics.ts'

const SECONDS_PER_ROUND = 20
/** An input that waits longer than this counts as delayed by the fault. */
const CALM_MS = 500
/** The fault counts as over after this time without a delayed input. */
const CALM_FOR_MS = 1_500
const CALM_MS_MAX = 120_000

/** Measures how long inputs wait when a worker is killed, freezes, stops in order or joins, each under load. */
export const takeover: Scenario = {
  name: 'takeover',
  about: `The longest wait of an input when a worker is killed, frozen, or stopped in order. One round per ${SECONDS_PER_ROUND} --seconds.`,
  actorsDefault: 2_000,
  secondsDefault: 3 * SECONDS_PER_ROUND,
  workersMin: 2,
  run: measureTakeover,
}

const recordSchema = z.object({ input: z.object({ id: z.string() }) })

/** Waiting times of inputs for their records. */
interface Waits {
  /** Waiting time so far of the oldest input without a record. */
  oldestMs(): number
  /** Waiting times of the recorded inputs that were due at or after `atMs`. */
  since(atMs: number): number[]
}

async function measureTakeover({ system, producer, options }: Bench): Promise<Measured> {
  const waiting = new Map<string, number>()
  const recorded: { readonly dueAtMs: number; readonly ms: number }[] = []
  await using started = new AsyncDisposableStack()
  started.defer(
    await watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ input: { id } }, _, atMs) => {
      const dueAtMs = waiting.get(id)
      if (dueAtMs === undefined) return
      waiting.delete(id)
      recorded.push({ dueAtMs, ms: atMs - dueAtMs })
    }),
  )
  const waits: Waits = {
    // The map keeps the order of sending, so its first entry is the oldest.
    oldestMs: () => performance.now() - (waiting.values().next().value ?? performance.now()),
    since: (atMs) => recorded.filter(({ dueAtMs }) => dueAtMs >= atMs).map(({ ms }) => ms),
  }
  while (system.workers.length < options.workers - 1) await system.addWorker()
  const stopping = new AbortController()
  const load = openLoop({ rate: options.rate, signal: stopping.signal }, (dueAtMs) => {
    waiting.set(producer.send().id, dueAtMs)
  })
  started.defer(async () => {
    stopping.abort()
    await load
    await producer.publisher.settled()
  })
  await calm(waits)

  const rounds = Math.max(1, Math.round(options.seconds / SECONDS_PER_ROUND))
  const [killed, frozen, stopped, joined, undisturbed]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []]
  const measureWait = async (into: number[], act: () => Promise<unknown>): Promise<void> => {
    const atMs = performance.now()
    await act()
    await calm(waits)
    into.push(Math.max(...waits.since(atMs - CALM_MS)))
  }
  for (let round = 0; round < rounds; round++) {
    const quietMs = performance.now()
    await calm(waits)
    undisturbed.push(quantile(waits.since(quietMs), 0.99))
    await measureWait(killed, () => victimOf(system).kill())
    await measureWait(joined, () => system.addWorker())
    await measureWait(stopped, () => victimOf(system).end())
    if (options.seconds < SECONDS_PER_ROUND) break
    await measureWait(joined, () => system.addWorker())
    const victim = victimOf(system)
    await measureWait(frozen, async () => victim.pause())
    await victim.kill()
    await measureWait(joined, () => system.addWorker())
  }
  const summary = medians({
    killedLongestWaitMs: killed,
    ...(frozen.length === 0 ? {} : { frozenLongestWaitMs: frozen }),
    stoppedLongestWaitMs: stopped,
    joinedLongestWaitMs: joined,
    undisturbedP99Ms: undisturbed,
  })
  return {
    figures: {
      ...summary.figures,
      killedSlowestMs: rounded(Math.max(...killed)),
      stoppedSlowestMs: rounded(Math.max(...stopped)),
      ratePerSecond: options.rate,
      workers: options.workers,
      refused: producer.publisher.refused,
    },
    spread: summary.spread,
    charts: [
      {
        title: 'Longest wait of any input',
        unit: ' ms',
        shape: 'bars',
        labels: ['killed', 'frozen', 'stopped in order', 'another joins'],
        series: [
          {
            name: 'median of rounds',
            colour: COLOURS.plain,
            values: ['killed', 'frozen', 'stopped', 'joined'].map((name) => summary.figures[`${name}LongestWaitMs`] ?? null),
          },
        ],
      },
    ],
    notes: [
      `Open loop to ${options.actors} actors over all partitions; ${options.workers} workers, one of which also runs the servers. In each `
        + `of ${rounds} rounds another worker is killed (SIGKILL), replaced, stopped (SIGTERM) and replaced. A figure is the longest time `
        + 'that any input waited for its record, from when it was due: detecting the fault, taking over the partitions, and catching up.',
      `The others take over a silent worker's partitions after COLLOQUY_LEASE_MS (${system.settings.LEASE_MS}). On the same machine they `
        + 'detect the exit of a process sooner, but not a frozen process: frozen shows the cost of losing a machine. undisturbedP99Ms is '
        + 'the wait without a fault.',
      'A joining worker loads and compiles its code on the processors that all workers share.',
    ],
  }
}

function victimOf({ workers }: BenchSystem) {
  const [victim] = workers
  if (victim === undefined) throw new ColloquyError('no_worker', 'the only worker runs the servers; start with --workers 2 or more')
  return victim
}

/** Waits until no input has been delayed for `CALM_FOR_MS`. */
async function calm(waits: Waits): Promise<void> {
  let calmSinceMs = performance.now()
  await waitUntil(
    () => {
      if (waits.oldestMs() > CALM_MS) calmSinceMs = performance.now()
      return performance.now() - calmSinceMs > CALM_FOR_MS
    },
    CALM_MS_MAX,
    () => `the oldest input without a record has waited ${Math.round(waits.oldestMs())} ms for it, after a fault or at the start`,
  )
}
