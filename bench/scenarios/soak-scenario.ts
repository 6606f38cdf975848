import { setTimeout as delay } from 'node:timers/promises'
import { lastRecord } from '../../pipeline/jetstream/last-record.ts'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { lastSeqOf, CAUGHT_UP_MS_MAX, markOf, watchStream, watchTables } from '../harness/caught-up.ts'
import { openLoop } from '../harness/open-loop.ts'
import { usageOf } from '../harness/processes.ts'
import type { Bench, Figures, Measured, Scenario, TitledChart } from '../harness/bench-scenario.ts'
import { quantile, rounded, slope } from '../harness/statistics.ts'
import type { BenchSystem } from '../harness/bench-system.ts'

const SAMPLES = 600
const SAMPLE_MS_MIN = 250
/** Caches fill and code is compiled before; a slope from here on is a leak. */
const SETTLED_SHARE = 0.25
const CHART_POINTS = 60

/** The same load for long: whether memory and lag stay where they are. */
export const soak: Scenario = {
  name: 'soak',
  about: 'an hour at a fixed rate, by hand: whether memory and lag stay flat',
  actorsDefault: 10_000,
  rateDefault: 200,
  secondsDefault: 3_600,
  run: measureSoak,
}

interface Sample {
  readonly seconds: number
  /** Resident, in MiB. */
  readonly up: number
  readonly nats: number
  readonly clickhouse: number
  /** What INBOX has beyond the newest record, records without rows. */
  readonly hostLag: number
  readonly tablesLag: number
}

async function measureSoak({ system, producer, options }: Bench): Promise<Measured> {
  // Asked now and then, not followed: what asking costs would go on for an hour.
  const levels = () => Promise.all([lastSeqOf(system, 'INBOX'), newestRecord(system), markOf(system)])
  const logBase = await lastSeqOf(system, 'LOG')
  const samples: Sample[] = []
  const stopping = new AbortController()
  const { signal } = stopping
  const everyMs = Math.max(SAMPLE_MS_MIN, options.seconds * 1_000 / SAMPLES)
  const sampling = (async () => {
    const begunMs = performance.now()
    while (!signal.aborted) {
      const [used, [inbox, record, tables]] = await Promise.all([usageOf(system.pids), levels()])
      const mib = (name: keyof typeof used): number => (used[name]?.rssBytes ?? 0) / 1024 ** 2
      samples.push({
        seconds: (performance.now() - begunMs) / 1_000, up: mib('up'), nats: mib('nats'), clickhouse: mib('clickhouse'),
        hostLag: Math.max(0, inbox - record.inboxSeq), tablesLag: Math.max(0, record.seq - tables),
      })
      await delay(everyMs, undefined, { signal }).catch(() => undefined)
    }
  })()
  const sending = openLoop({ rate: options.rate, count: Math.ceil(options.rate * options.seconds), signal }, () => void producer.send())
  // Sampling ends by itself only if it failed, and an hour need not be waited for then.
  await Promise.race([sending, sampling]).finally(() => stopping.abort())
  await sampling
  await producer.publisher.settled()
  await using watches = new AsyncDisposableStack()
  const log = watches.adopt(await watchStream(system, 'LOG'), (watch) => watch.stop())
  const tables = watches.adopt(await watchTables(system), (watch) => watch.stop())
  await tables.reached((await log.reached(logBase + producer.acknowledged, CAUGHT_UP_MS_MAX)).value, CAUGHT_UP_MS_MAX)

  const settled = samples.slice(Math.floor(samples.length * SETTLED_SHARE))
  const [early, late] = [settled.slice(0, Math.ceil(settled.length / 2)), settled.slice(Math.floor(settled.length / 2))]
  const lag = (of: readonly Sample[], name: 'hostLag' | 'tablesLag', share: number): number => rounded(quantile(of.map((sample) => sample[name]), share))
  const memory = (['up', 'nats', 'clickhouse'] as const).map((name): Figures => ({
    [`${name}MiBAtStart`]: rounded(samples[0]?.[name] ?? 0), [`${name}MiBEarly`]: rounded(quantile(early.map((sample) => sample[name]), 0.5)),
    [`${name}MiBLate`]: rounded(quantile(late.map((sample) => sample[name]), 0.5)),
    [`${name}MiBPerHour`]: rounded(slope(settled.map((sample) => [sample.seconds / 3_600, sample[name]]))),
  }))
  return {
    figures: {
      ...Object.assign({}, ...memory) as Figures,
      hostLagP50Early: lag(early, 'hostLag', 0.5), hostLagP50Late: lag(late, 'hostLag', 0.5), hostLagP99Late: lag(late, 'hostLag', 0.99),
      tablesLagP50Early: lag(early, 'tablesLag', 0.5), tablesLagP50Late: lag(late, 'tablesLag', 0.5), tablesLagP99Late: lag(late, 'tablesLag', 0.99),
      ratePerSecond: options.rate, turns: producer.acknowledged, refused: producer.publisher.refused,
    },
    charts: [
      chartOf('Memory', ' MiB', samples, { Colloquy: 'up', 'nats-server': 'nats', ClickHouse: 'clickhouse' }),
      chartOf('Messages and records not yet done', '', samples, { host: 'hostLag', tables: 'tablesLag' }),
    ],
    notes: [
      `Memory is resident, lag is in what INBOX has beyond the newest record and in records without rows, ${samples.length} samples. Early and late are the halves of what follows the first quarter; PerHour is the slope over both, by least squares.`,
    ],
  }
}

/** Where LOG is, and INBOX as its newest record says: alarms that are for nothing any more come to INBOX and leave no record. */
async function newestRecord(system: BenchSystem): Promise<{ seq: number; inboxSeq: number }> {
  const newest = await lastRecord(system, 'log.>')
  return newest === undefined ? { seq: 0, inboxSeq: 0 } : { seq: newest.seq, inboxSeq: newest.record.inbox.seq }
}

const LINE_COLOURS = [COLOURS.good, COLOURS.plain, COLOURS.bad]

function chartOf(title: string, unit: string, samples: readonly Sample[], lines: Readonly<Record<string, keyof Sample>>): TitledChart {
  const step = Math.max(1, Math.floor(samples.length / CHART_POINTS))
  const shown = samples.filter((_, index) => index % step === 0)
  return {
    title, unit, shape: 'lines', labels: shown.map(({ seconds }) => `${Math.round(seconds / 6) / 10} min`),
    series: Object.entries(lines).map(([name, of], index) => ({ name, values: shown.map((sample) => rounded(sample[of])), colour: LINE_COLOURS[index] ?? COLOURS.grey })),
  }
}
