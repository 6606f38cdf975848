import { setTimeout as delay } from 'node:timers/promises'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { lastRecord } from '../../pipeline/jetstream/last-record.ts'
import type { Bench, Figures, Measured, Scenario, TitledChart } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { lastSeqOf, projectedSeqOf, watchStream, watchTables } from '../harness/caught-up.ts'
import { CAUGHT_UP_MS_MAX } from '../harness/in-time.ts'
import { openLoop } from '../harness/open-loop.ts'
import { usageOf } from '../harness/process-usage.ts'
import { quantile, rounded, slope } from '../harness/statistics.ts'

const SAMPLES = 600
const SAMPLE_MS_MIN = 250
/** Share of the samples that is warm-up: caches fill and code is compiled. A rise after it indicates a leak. */
const WARM_UP_SHARE = 0.25
const CHART_POINTS = 60

/** Measures whether memory and lag stay constant under a constant load for an hour. */
export const soak: Scenario = {
  name: 'soak',
  about: 'Memory and lag during an hour at a fixed rate. Not part of "all".',
  actorsDefault: 10_000,
  rateDefault: 200,
  secondsDefault: 3_600,
  run: measureSoak,
}

interface Sample {
  readonly seconds: number
  /** Resident memory in MiB, by program. */
  readonly up: number
  readonly nats: number
  readonly clickhouse: number
  /** Lag of the host (INBOX messages after the newest record's input) and of the tables (records without rows). */
  readonly hostLag: number
  readonly tablesLag: number
}

async function measureSoak({ system, producer, options }: Bench): Promise<Measured> {
  // Takes few samples and does not poll at the usual interval: in an hour, polling would cost enough to distort the figures.
  const progress = () => Promise.all([lastSeqOf(system, 'INBOX'), newestRecord(system), projectedSeqOf(system)])
  const logBase = await lastSeqOf(system, 'LOG')
  const samples: Sample[] = []
  const stopping = new AbortController()
  const { signal } = stopping
  const everyMs = Math.max(SAMPLE_MS_MIN, (options.seconds * 1_000) / SAMPLES)
  const sampling = (async () => {
    const startedMs = performance.now()
    while (!signal.aborted) {
      const [used, [inbox, record, tables]] = await Promise.all([usageOf(system.pids), progress()])
      const mib = (name: keyof typeof used): number => (used[name]?.rssBytes ?? 0) / 1024 ** 2
      samples.push({
        seconds: (performance.now() - startedMs) / 1_000,
        up: mib('up'),
        nats: mib('nats'),
        clickhouse: mib('clickhouse'),
        hostLag: Math.max(0, inbox - record.inboxSeq),
        tablesLag: Math.max(0, record.seq - tables),
      })
      await delay(everyMs, undefined, { signal }).catch(() => undefined)
    }
  })()
  const sending = openLoop({ rate: options.rate, count: Math.ceil(options.rate * options.seconds), signal }, () => void producer.send())
  // Sampling settles first only if it failed; then the run ends at once.
  await Promise.race([sending, sampling]).finally(() => stopping.abort())
  await sampling
  await producer.publisher.settled()
  await using watches = new AsyncDisposableStack()
  const log = watches.adopt(await watchStream(system, 'LOG'), (watch) => watch.stop())
  const tables = watches.adopt(await watchTables(system), (watch) => watch.stop())
  await tables.reached((await log.reached(logBase + producer.acknowledged, CAUGHT_UP_MS_MAX)).value, CAUGHT_UP_MS_MAX)

  const settled = samples.slice(Math.floor(samples.length * WARM_UP_SHARE))
  const [early, late] = [settled.slice(0, Math.ceil(settled.length / 2)), settled.slice(Math.floor(settled.length / 2))]
  const lag = (of: readonly Sample[], name: 'hostLag' | 'tablesLag', share: number): number =>
    rounded(
      quantile(
        of.map((sample) => sample[name]),
        share,
      ),
    )
  const memory = (['up', 'nats', 'clickhouse'] as const).map((name): Figures => ({
    [`${name}MiBAtStart`]: rounded(samples[0]?.[name] ?? 0),
    [`${name}MiBEarly`]: rounded(
      quantile(
        early.map((sample) => sample[name]),
        0.5,
      ),
    ),
    [`${name}MiBLate`]: rounded(
      quantile(
        late.map((sample) => sample[name]),
        0.5,
      ),
    ),
    [`${name}MiBPerHour`]: rounded(slope(settled.map((sample) => [sample.seconds / 3_600, sample[name]]))),
  }))
  return {
    figures: {
      ...(Object.assign({}, ...memory) as Figures),
      hostLagP50Early: lag(early, 'hostLag', 0.5),
      hostLagP50Late: lag(late, 'hostLag', 0.5),
      hostLagP99Late: lag(late, 'hostLag', 0.99),
      tablesLagP50Early: lag(early, 'tablesLag', 0.5),
      tablesLagP50Late: lag(late, 'tablesLag', 0.5),
      tablesLagP99Late: lag(late, 'tablesLag', 0.99),
      ratePerSecond: options.rate,
      turns: producer.acknowledged,
      refused: producer.publisher.refused,
    },
    charts: [
      chartOf('Memory', ' MiB', samples, { Colloquy: 'up', 'nats-server': 'nats', ClickHouse: 'clickhouse' }),
      chartOf('Lag: messages without a record, records without rows', '', samples, { host: 'hostLag', tables: 'tablesLag' }),
    ],
    notes: [
      "Memory is resident memory. hostLag counts INBOX messages after the newest record's input, tablesLag records without rows. "
        + `${samples.length} samples; the first quarter is warm-up, Early and Late are the halves of the rest, and PerHour is the slope `
        + 'over both by least squares.',
    ],
  }
}

/** The newest record and its INBOX sequence. INBOX's own last sequence may be higher: an obsolete wake-up leaves no record. */
async function newestRecord(system: BenchSystem): Promise<{ seq: number; inboxSeq: number }> {
  const newest = await lastRecord(system, 'log.>')
  return newest === undefined ? { seq: 0, inboxSeq: 0 } : { seq: newest.seq, inboxSeq: newest.record.inbox.seq }
}

const LINE_COLOURS = [COLOURS.good, COLOURS.plain, COLOURS.bad]

function chartOf(title: string, unit: string, samples: readonly Sample[], lines: Readonly<Record<string, keyof Sample>>): TitledChart {
  const step = Math.max(1, Math.floor(samples.length / CHART_POINTS))
  const shown = samples.filter((_, index) => index % step === 0)
  return {
    title,
    unit,
    shape: 'lines',
    labels: shown.map(({ seconds }) => `${Math.round(seconds / 6) / 10} min`),
    series: Object.entries(lines).map(([name, of], index) => ({
      name,
      values: shown.map((sample) => rounded(sample[of])),
      colour: LINE_COLOURS[index] ?? COLOURS.grey,
    })),
  }
}
