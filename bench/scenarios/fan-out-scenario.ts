import { z } from 'zod'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { usageOf } from '../harness/process-usage.ts'
import { startProducing } from '../harness/producing-system.ts'
import { rounded } from '../harness/statistics.ts'

/** Measures how fast one change reaches many actors. */
export const fanOut: OfflineScenario = {
  name: 'fan-out',
  about: 'Time in which one event of toMany reaches --actors actors, at COLLOQUY_FANOUT_RATE_MAX events a second.',
  actorsDefault: 10_000,
  measure,
}

const TENANT = 'bench-fan-out'
const toldSchema = z.object({ data: z.object({ recipients: z.number() }) })

async function measure({ actors }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const { system, publisher, input } = await startProducing(TENANT, started)

  /** When each record of a hearer was seen. */
  const seenMs: number[] = []
  started.defer(await watchSubject(system.nc, `log.*.${TENANT}.bench-hearer.*`, z.unknown(), (_, __, atMs) => void seenMs.push(atMs)))
  const told: number[] = []
  started.defer(
    await watchSubject(system.nc, `out.${TENANT}.bench-teller.*.told`, toldSchema, ({ data }) => void told.push(data.recipients)),
  )
  for (let index = 0; index < actors; index++) {
    await publisher.whenAvailable()
    input('bench-hearer', `a${index}`, 'opened', {})
  }
  await waitUntil(
    () => seenMs.length >= actors,
    CAUGHT_UP_MS_MAX,
    () => `${seenMs.length} of ${actors} actors have a record`,
  )
  const before = await cpuSecondsOf(system.pids)
  const causeMs = performance.now()
  input('bench-teller', 't1', 'change', { to: 2 })
  await waitUntil(
    () => told.length > 0 && seenMs.length >= 2 * actors,
    Math.max(CAUGHT_UP_MS_MAX, (2_000 * actors) / system.settings.FANOUT_RATE_MAX),
    () => `${seenMs.length - actors} of ${actors} actors have a record of the change; the task reached ${told.join()}`,
  )
  const [firstMs = NaN, lastMs = NaN] = [seenMs[actors], seenMs.at(-1)]
  const tookSeconds = (lastMs - causeMs) / 1_000
  return {
    figures: {
      recipients: told[0] ?? NaN,
      eventsPerSecondMax: system.settings.FANOUT_RATE_MAX,
      eventsPerSecond: rounded((1_000 * actors) / (lastMs - firstMs)),
      firstAfterSeconds: rounded((firstMs - causeMs) / 1_000),
      allAfterSeconds: rounded(tookSeconds),
      processors: rounded(((await cpuSecondsOf(system.pids)) - before) / tookSeconds),
      unexpected: seenMs.length - 2 * actors,
    },
    notes: [
      'From when the input that causes the event is published to when a core subscription sees the record of each recipient on its way '
        + 'into LOG. The task first waits until the tables have the records of all recipients. All roles but embed run on the machine of '
        + 'the harness.',
      'processors: processor time of Colloquy and nats-server and ClickHouse in it, per second.',
    ],
  }
}

async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const all = await usageOf(pids)
  return Object.values(all).reduce((sum, usage) => sum + usage.cpuSeconds, 0)
}
