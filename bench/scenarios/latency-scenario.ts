import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX, waitFor } from '../harness/in-time.ts'
import { createProbe, percentileLabels, percentilesForChart, percentilesOf, type Probe, watchSubject } from '../harness/latency-probe.ts'
import { planMeasurement } from '../harness/measurement-plan.ts'
import { openLoop } from '../harness/open-loop.ts'
import { rounded } from '../harness/statistics.ts'

/**
 * Pause between two queries for new rows. A query takes some milliseconds of processor time from the measured system.
 */
const ROWS_POLL_MS = 50
/** Resolution of the check for delays of the harness itself. */
const STALLS_MS = 1

/** Open loop at a fixed rate. Measures the time from the moment an input is due until its record, its reply and its row are there. */
export const latency: Scenario = {
  name: 'latency',
  about: 'Latency at a fixed rate: publish → LOG, publish → OUT, publish → row in ClickHouse.',
  actorsDefault: 1_000,
  rateDefault: 1_000,
  secondsDefault: 30,
  run: measureLatency,
}

/** The time at which an input was due, and its window. */
interface Due {
  readonly atMs: number
  readonly window: number
}

/** Measures the latency of inputs to one place: LOG, OUT or the tables. */
interface Arrivals {
  readonly probe: Probe
  readonly ids: ReadonlySet<string>
  add(id: string, atMs: number): void
}

const recordSchema = z.object({ input: z.object({ id: z.string() }) })
const eventSchema = z.object({ causationid: z.string() })

async function measureLatency({ system, producer, options: { rate, seconds } }: Bench): Promise<Measured> {
  const { rounds: windows, warmUpMs } = planMeasurement(seconds)
  const warmUpCount = Math.ceil((warmUpMs / 1_000) * rate)
  const count = warmUpCount + Math.ceil(seconds * rate)
  const dues = new Map<string, Due>()
  const createArrivals = (): Arrivals => {
    const [probe, ids] = [createProbe(windows), new Set<string>()]
    return {
      probe,
      ids,
      add(id, atMs) {
        const due = dues.get(id)
        if (due === undefined || ids.has(id)) return
        ids.add(id)
        probe.record(due.window, atMs - due.atMs)
      },
    }
  }
  const [log, out, row] = [createArrivals(), createArrivals(), createArrivals()]

  await using watching = new AsyncDisposableStack()
  watching.defer(await watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ input }, _, atMs) => log.add(input.id, atMs)))
  watching.defer(
    await watchSubject(system.nc, `out.${producer.tenant}.>`, eventSchema, ({ causationid }, _, atMs) => out.add(causationid, atMs)),
  )
  const rows = watchRows(system, producer.tenant, row)
  watching.defer(rows.stop)

  const stalls = monitorEventLoopDelay({ resolution: STALLS_MS })
  stalls.enable()
  await openLoop({ rate, count }, (atMs, index) => {
    dues.set(producer.send().id, { atMs, window: Math.floor(((index - warmUpCount) / (count - warmUpCount)) * windows) })
  })
  stalls.disable()
  await producer.publisher.settled()
  const allThere = async (): Promise<void> => {
    while (Math.min(log.ids.size, out.ids.size, row.ids.size) < producer.acknowledged) await rows.next()
  }
  await waitFor(allThere(), CAUGHT_UP_MS_MAX, () => {
    const arrived = `${log.ids.size} reached LOG, ${out.ids.size} OUT, ${row.ids.size} the tables`
    return `of ${producer.acknowledged} inputs ${arrived}`
  })
  const percentiles = [percentilesOf('toLog', log.probe), percentilesOf('toOut', out.probe), percentilesOf('toRow', row.probe)]
  return {
    figures: {
      ...(Object.assign({}, ...percentiles.map(({ figures }) => figures)) as Measured['figures']),
      ratePerSecond: rate,
      measured: log.probe.histogram.totalCount,
      rowsPollMs: rounded(rows.pollMs()),
      harnessStallP99Ms: rounded(Math.max(0, stalls.percentile(99) / 1e6 - STALLS_MS)),
      refused: producer.publisher.refused,
    },
    spread: Object.assign({}, ...percentiles.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    charts: [
      {
        title: `Latency from when an input was due, at ${rate} per second`,
        unit: ' ms',
        shape: 'bars',
        labels: percentileLabels,
        series: [
          { name: 'to LOG', values: percentilesForChart(log.probe), colour: COLOURS.light },
          { name: 'to OUT', values: percentilesForChart(out.probe), colour: COLOURS.plain },
          { name: 'to the row', values: percentilesForChart(row.probe), colour: COLOURS.good },
        ],
      },
    ],
    notes: [
      'Open loop: a latency counts from when the input was due by the rate, not from when it was sent, so that a stall counts for every '
        + 'input that it delays (no coordinated omission). HDR histograms with three significant digits.',
      'toLog and toOut end when a core subscription sees the message on its way into the stream. toRow ends when a query for new rows of '
        + 'events_rows returns the row; the queries are rowsPollMs apart, which bounds the precision.',
      `The first ${warmUpCount} inputs are warm-up and not in the figures; quartiles are over ${windows} consecutive windows. Producer `
        + 'and observers are one process on the same machine as the system; harnessStallP99Ms is the delay of that process itself.',
    ],
  }
}

const rowsSchema = z.array(z.object({ seq: z.coerce.number(), id: z.string() }))

/** Polls for rows after the last one returned. */
function watchRows({ clickhouse }: BenchSystem, tenant: string, arrivals: Arrivals) {
  const stopping = new AbortController()
  let answered = Promise.withResolvers<void>()
  let last = 0
  let answers = 0
  const startedMs = performance.now()
  const ask = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const result = await clickhouse.query({
        query: 'SELECT seq, id FROM events_rows WHERE seq > {last:UInt64} AND idx = 0 AND tenant = {tenant:String}',
        query_params: { last, tenant },
        format: 'JSONEachRow',
      })
      const rows = rowsSchema.parse(await result.json())
      const atMs = performance.now()
      answers += 1
      for (const { seq, id } of rows) {
        last = Math.max(last, seq)
        arrivals.add(id, atMs)
      }
      answered.resolve()
      answered = Promise.withResolvers()
      await delay(ROWS_POLL_MS)
    }
  }
  const asking = ask()
  asking.catch((error: unknown) => {
    answered.promise.catch(() => undefined)
    answered.reject(error)
  })
  return {
    next: () => answered.promise,
    /** Mean interval between two queries. */
    pollMs: () => (performance.now() - startedMs) / answers,
    async stop() {
      stopping.abort()
      await asking
    },
  }
}
