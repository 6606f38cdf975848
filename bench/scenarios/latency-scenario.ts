import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { COLOURS } from '../../infra/reporting/report/report-charts.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { CAUGHT_UP_MS_MAX } from '../harness/caught-up.ts'
import { openLoop } from '../harness/open-loop.ts'
import { CHART_PERCENTILES, createProbe, percentilesForChart, percentilesOf, watchSubject, type Probe } from '../harness/latency-probe.ts'
import { roundsOf } from '../harness/rounds.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { rounded } from '../harness/statistics.ts'
import type { BenchSystem } from '../harness/bench-system.ts'

/**
 * Pause between an answer of ClickHouse and the next question. Asking costs the machine some milliseconds of its processors, which
 * what is measured lacks.
 */
const ROWS_POLL_MS = 50
/** How often the harness looks whether it comes late itself. */
const STALLS_MS = 1

/** Open loop at a fixed rate: how long from when an input was due to be sent until its record, its reply and its row are there. */
export const latency: Scenario = {
  name: 'latency',
  about: 'publish → LOG, → OUT, → ClickHouse row at a fixed rate',
  actorsDefault: 1_000,
  rateDefault: 1_000,
  secondsDefault: 30,
  run: measureLatency,
}

/** When an input was due, and in which window it counts. */
interface Due {
  readonly atMs: number
  readonly window: number
}

/** A place that inputs come to, each once. */
interface Goal {
  readonly probe: Probe
  readonly seen: ReadonlySet<string>
  see(id: string, atMs: number): void
}

const recordSchema = z.object({ input: z.object({ id: z.string() }) })
const eventSchema = z.object({ causationid: z.string() })

async function measureLatency({ system, producer, options: { rate, seconds } }: Bench): Promise<Measured> {
  const { count: windows, warmUpMs } = roundsOf(seconds)
  const warmUpCount = Math.ceil(warmUpMs / 1_000 * rate)
  const count = warmUpCount + Math.ceil(seconds * rate)
  const dues = new Map<string, Due>()
  const createGoal = (): Goal => {
    const [probe, seen] = [createProbe(windows), new Set<string>()]
    return {
      probe, seen,
      see(id, atMs) {
        const due = dues.get(id)
        if (due === undefined || seen.has(id)) return
        seen.add(id)
        probe.record(due.window, atMs - due.atMs)
      },
    }
  }
  const [log, out, row] = [createGoal(), createGoal(), createGoal()]

  await using watching = new AsyncDisposableStack()
  watching.defer(watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ input }, _, atMs) => log.see(input.id, atMs)))
  watching.defer(watchSubject(system.nc, `out.${producer.tenant}.>`, eventSchema, ({ causationid }, _, atMs) => out.see(causationid, atMs)))
  const rows = watchRows(system, producer.tenant, row)
  watching.defer(rows.stop)

  const stalls = monitorEventLoopDelay({ resolution: STALLS_MS })
  stalls.enable()
  await openLoop({ rate, count }, (atMs, index) => {
    dues.set(producer.send().id, { atMs, window: Math.floor((index - warmUpCount) / (count - warmUpCount) * windows) })
  })
  stalls.disable()
  await producer.publisher.settled()
  const deadline = performance.now() + CAUGHT_UP_MS_MAX
  while (Math.min(log.seen.size, out.seen.size, row.seen.size) < producer.acknowledged) {
    await rows.next()
    if (performance.now() < deadline) continue
    const seen = `${log.seen.size} came to LOG, ${out.seen.size} to OUT, ${row.seen.size} to the tables`
    throw new ColloquyError('not_level', `of ${producer.acknowledged} inputs ${seen} within ${CAUGHT_UP_MS_MAX} ms`)
  }
  const told = [percentilesOf('toLog', log.probe), percentilesOf('toOut', out.probe), percentilesOf('toRow', row.probe)]
  return {
    figures: {
      ...Object.assign({}, ...told.map(({ figures }) => figures)) as Measured['figures'],
      ratePerSecond: rate, measured: log.probe.histogram.totalCount, rowsPollMs: rounded(rows.pollMs()),
      harnessStallP99Ms: rounded(Math.max(0, stalls.percentile(99) / 1e6 - STALLS_MS)), refused: producer.publisher.refused,
    },
    spread: Object.assign({}, ...told.map(({ spread }) => spread)) as NonNullable<Measured['spread']>,
    charts: [{
      title: `From when an input was due, at ${rate} a second`, unit: ' ms', shape: 'bars', labels: CHART_PERCENTILES.map((percentile) => (percentile === 100 ? 'slowest' : `p${percentile}`)),
      series: [
        { name: 'to LOG', values: percentilesForChart(log.probe), colour: COLOURS.light },
        { name: 'to OUT', values: percentilesForChart(out.probe), colour: COLOURS.plain },
        { name: 'to the row', values: percentilesForChart(row.probe), colour: COLOURS.good },
      ],
    }],
    notes: [
      'Open loop: times count from when an input was due by the rate, not from when it was sent, so that a stall counts for '
      + 'every input that it held up (coordinated omission). HDR histograms of three digits.',
      'LOG and OUT: when a core subscription sees the message on its way into the stream. Row: when a query for new rows of '
      + 'events_rows answers with it; one query after the other, rowsPollMs apart, which bounds how exact it is.',
      `The first ${warmUpCount} inputs warm up and are not in the figures; the quartiles are those of ${windows} windows in a row. Producer and observers are `
      + 'one process, on the same machine as the system: by harnessStallP99Ms it came late itself, in sending and in seeing.',
    ],
  }
}

const rowsSchema = z.array(z.object({ seq: z.coerce.number(), id: z.string() }))

/** Asks for the rows behind the last one that was seen, over and over. */
function watchRows({ clickhouse }: BenchSystem, tenant: string, goal: Goal) {
  const stopping = new AbortController()
  let answered = Promise.withResolvers<void>()
  let last = 0
  let answers = 0
  const begunMs = performance.now()
  const ask = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const result = await clickhouse.query({
        query: 'SELECT seq, id FROM events_rows WHERE seq > {last:UInt64} AND idx = 0 AND tenant = {tenant:String}',
        query_params: { last, tenant }, format: 'JSONEachRow',
      })
      const rows = rowsSchema.parse(await result.json())
      const atMs = performance.now()
      answers += 1
      for (const { seq, id } of rows) {
        last = Math.max(last, seq)
        goal.see(id, atMs)
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
    /** From one question to the next. */
    pollMs: () => (performance.now() - begunMs) / answers,
    async stop() {
      stopping.abort()
      await asking
    },
  }
}
