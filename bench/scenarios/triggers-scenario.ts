import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'
import { TRIGGER_LIMITS } from '../../schemas/trigger-events.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { createProbe, percentilesOf, watchSubject } from '../harness/latency-probe.ts'
import { planMeasurement } from '../harness/measurement-plan.ts'
import { openLoop } from '../harness/open-loop.ts'
import { usageOf } from '../harness/process-usage.ts'
import { startProducing } from '../harness/producing-system.ts'
import { rounded } from '../harness/statistics.ts'

/** Measures how soon an alert is raised while many series take readings. */
export const triggers: OfflineScenario = {
  name: 'triggers',
  about: 'Time from an input of 100 readings to alert.raised: 10,000 readings a second over 100 series, with --actors triggers.',
  actorsDefault: 1_000,
  secondsDefault: 30,
  measure,
}

const TENANT = 'bench-triggers'
const SERIES = 100
/** Inputs a second: each has 100 readings, and each series gets one a second. */
const RATE = 100
/** One in so many inputs of a series crosses the threshold; the next one goes back. */
const CROSSES_EVERY = 8
/** Conditions of the triggers of a series, in turn. The first two kinds are met by a crossing, the others never. */
const CONDITIONS = [
  { when: 'value > 90.0', clear: 'value < 70.0' },
  { when: 'value > 89.0 && count("10s") > 1.0', clear: 'value < 70.0' },
  { when: 'mean("1m") > 1000.0' },
  { when: 'percentile("10s", 95) > 1000.0' },
  { when: 'rate("1m") > 1000.0' },
  { when: 'change("1m") > 1000.0' },
  { when: 'absent("10m")' },
  { when: 'max("1m") > 1000.0 || min("10s") < -1000.0' },
] as const
const RAISING = 2
/** Resolution of the check for delays of the harness itself. */
const STALLS_MS = 1

const eventSchema = z.object({ data: z.object({ alert: z.string() }) })
const seriesOf = (index: number): string => `s${index}`

async function measure({ seconds, actors, seed }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const { system, publisher, input } = await startProducing(TENANT, started)

  let watched = 0
  const watching = await watchSubject(system.nc, `log.*.${TENANT}.series.*`, z.unknown(), () => void watched++)
  for (let index = 0; index < actors; index++) {
    await publisher.whenAvailable()
    const condition = CONDITIONS[Math.floor(index / SERIES) % CONDITIONS.length]
    input('trigger', `t${index}`, 'trigger.set', { series: seriesOf(index % SERIES), ...condition })
  }
  await waitUntil(
    () => watched >= actors,
    CAUGHT_UP_MS_MAX,
    () => `${watched} of ${actors} triggers are watched`,
  )
  watching()

  const raisingOf = (series: number): number =>
    Array.from({ length: actors }, (_, index) => index).filter(
      (index) => index % SERIES === series && Math.floor(index / SERIES) % CONDITIONS.length < RAISING,
    ).length
  const { rounds: windows, warmUpMs } = planMeasurement(seconds)
  const warmUpCount = Math.ceil((warmUpMs / 1_000) * RATE)
  const count = warmUpCount + seconds * RATE
  const probe = createProbe(windows)
  const crossings = new Map<number, { readonly atMs: number; readonly window: number }>()
  let [expected, raised] = [0, 0]
  started.defer(
    await watchSubject(system.nc, `out.${TENANT}.trigger.*.alert.raised`, eventSchema, ({ data: { alert } }, _, atMs) => {
      const crossing = crossings.get(Number(/^t(\d+)-/.exec(alert)?.[1]) % SERIES)
      raised += 1
      if (crossing !== undefined) probe.record(crossing.window, atMs - crossing.atMs)
    }),
  )
  const before = await usageOfSystem(system)
  const stalls = monitorEventLoopDelay({ resolution: STALLS_MS })
  stalls.enable()
  const startedMs = performance.now()
  await openLoop({ rate: RATE, count }, (atMs, index) => {
    const series = index % SERIES
    // Series cross at different times: an even load.
    const phase = (Math.floor(index / SERIES) + series + seed) % CROSSES_EVERY
    if (phase === 0) {
      crossings.set(series, { atMs, window: Math.floor(((index - warmUpCount) / (count - warmUpCount)) * windows) })
      expected += raisingOf(series)
    }
    const readings = Array.from({ length: TRIGGER_LIMITS.readingsMax }, (_, reading) => ({
      value: (phase === 0 ? 95 : 50) + (reading % 5),
    }))
    input('series', seriesOf(series), 'readings.taken', { readings })
  })
  stalls.disable()
  const cpuSeconds = (await usageOfSystem(system)) - before
  const tookSeconds = (performance.now() - startedMs) / 1_000
  await publisher.settled()
  await waitUntil(
    () => raised >= expected,
    CAUGHT_UP_MS_MAX,
    () => `${raised} of ${expected} alerts were raised`,
  )
  const { figures, spread } = percentilesOf('alert', probe)
  return {
    figures: {
      ...figures,
      triggers: actors,
      readingsPerSecond: RATE * TRIGGER_LIMITS.readingsMax,
      alerts: raised,
      alertsPerSecond: rounded(raised / tookSeconds),
      processors: rounded(cpuSeconds / tookSeconds),
      harnessStallMaxMs: rounded(Math.max(0, stalls.max / 1e6 - STALLS_MS)),
      refused: publisher.refused,
      unexpected: raised - expected,
    },
    spread,
    notes: [
      'Open loop: an alert counts from when the input that crosses the threshold was due to when a core subscription sees alert.raised on '
        + 'its way into OUT. The input reaches the series, which tells the trigger by an input of its own.',
      `Each of ${SERIES} series takes an input of ${TRIGGER_LIMITS.readingsMax} readings a second and has ${actors / SERIES} triggers with `
        + `windows of 10 s to 10 min. One in ${CROSSES_EVERY} inputs crosses. All roles but embed run on the same machine as the harness.`,
      'harnessStallMaxMs: the longest delay of the harness itself.',
      'processors: processor time of Colloquy and nats-server and ClickHouse in it, per second.',
    ],
  }
}

async function usageOfSystem({ pids }: BenchSystem): Promise<number> {
  const all = await usageOf(pids)
  return Object.values(all).reduce((sum, usage) => sum + usage.cpuSeconds, 0)
}
