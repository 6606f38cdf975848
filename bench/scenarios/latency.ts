import { setTimeout as delay } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { build, type Histogram } from 'hdr-histogram-js'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { LEVEL_MS_MAX } from '../levels.ts'
import type { Bench, Figures, Measured, Scenario } from '../scenario.ts'
import { rounded } from '../statistics.ts'
import type { BenchSystem } from '../system.ts'

const WARM_UP_SECONDS_MAX = 3
const WARM_UP_SHARE = 0.5
/** Pause between an answer of ClickHouse and the next question. */
const ROWS_POLL_MS = 5
const TICK_MS = 1

/** Open loop at a fixed rate: how long from when an input was due to be sent until its record, its reply and its row are there. */
export const latency: Scenario = {
  name: 'latency',
  about: 'publish → LOG, → OUT, → ClickHouse row at a fixed rate',
  actorsDefault: 1_000,
  run: measureLatency,
}

/** By what a stage is timed: inputs that it has shown, each once. */
interface Probe {
  /** In microseconds. */
  readonly histogram: Histogram
  readonly seen: number
  see(id: string, atMs: number): void
}

async function measureLatency({ system, producer, options: { rate, seconds } }: Bench): Promise<Measured> {
  const warmUpCount = Math.ceil(Math.min(WARM_UP_SECONDS_MAX, seconds * WARM_UP_SHARE) * rate)
  const count = warmUpCount + Math.ceil(seconds * rate)
  const dueAtMs = new Map<string, number>()
  const createProbe = (): Probe => {
    const histogram = build({ highestTrackableValue: LEVEL_MS_MAX * 1_000, numberOfSignificantValueDigits: 3 })
    const seen = new Set<string>()
    return {
      histogram,
      get seen() {
        return seen.size
      },
      see(id, atMs) {
        const due = dueAtMs.get(id)
        if (due === undefined || seen.has(id)) return
        seen.add(id)
        if (seen.size > warmUpCount) histogram.recordValue(Math.max(1, Math.round((atMs - due) * 1_000)))
      },
    }
  }
  const [log, out, row] = [createProbe(), createProbe(), createProbe()]

  await using watching = new AsyncDisposableStack()
  watching.defer(watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ input }) => input.id, log))
  watching.defer(watchSubject(system.nc, `out.${producer.tenant}.>`, eventSchema, ({ causationid }) => causationid, out))
  const rows = watchRows(system, producer.tenant, row)
  watching.defer(rows.stop)

  const begunMs = performance.now()
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.floor((performance.now() - begunMs) / 1_000 * rate) + 1)
    for (; sent < due; sent++) dueAtMs.set(producer.send().id, begunMs + sent / rate * 1_000)
    await delay(TICK_MS)
  }
  await producer.publisher.settled()
  const deadline = performance.now() + LEVEL_MS_MAX
  while (Math.min(log.seen, out.seen, row.seen) < producer.acknowledged) {
    await rows.next()
    if (performance.now() < deadline) continue
    const seen = `${log.seen} came to LOG, ${out.seen} to OUT, ${row.seen} to the tables`
    throw new ColloquyError('not_level', `of ${producer.acknowledged} inputs ${seen} within ${LEVEL_MS_MAX} ms`)
  }
  return {
    figures: {
      ...figuresOf('toLog', log), ...figuresOf('toOut', out), ...figuresOf('toRow', row),
      ratePerSecond: rate, measured: log.histogram.totalCount, rowsPollMs: rounded(rows.pollMs()), refused: producer.publisher.refused,
    },
    notes: [
      'Open loop: times count from when an input was due by the rate, not from when it was sent, so that a stall counts for '
      + 'every input that it held up (coordinated omission).',
      'LOG and OUT: when a core subscription sees the message on its way into the stream. Row: when a query for new rows of '
      + 'events_rows answers with it; one query after the other, rowsPollMs apart, which bounds how exact it is.',
      `The first ${warmUpCount} inputs warm up and are not in the figures. Producer and observers are one process, on the same `
      + 'machine as the system.',
    ],
  }
}

const figuresOf = (name: string, { histogram }: Probe): Figures => ({
  [`${name}P50Ms`]: rounded(histogram.getValueAtPercentile(50) / 1_000),
  [`${name}P99Ms`]: rounded(histogram.getValueAtPercentile(99) / 1_000),
  [`${name}MaxMs`]: rounded(histogram.maxValue / 1_000),
})

const recordSchema = z.object({ input: z.object({ id: z.string() }) })
const eventSchema = z.object({ causationid: z.string() })

function watchSubject<T>(
  nc: NatsConnection, subject: string, schema: z.ZodType<T>, idOf: (value: T) => string, probe: Probe,
): () => void {
  const subscription = nc.subscribe(subject, {
    callback: (_, message) => {
      const atMs = performance.now()
      probe.see(idOf(schema.parse(message.json())), atMs)
    },
  })
  return () => subscription.unsubscribe()
}

const rowsSchema = z.array(z.object({ seq: z.coerce.number(), id: z.string() }))

/** Asks for the rows behind the last one that was seen, over and over. */
function watchRows({ clickhouse }: BenchSystem, tenant: string, probe: Probe) {
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
        probe.see(id, atMs)
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
