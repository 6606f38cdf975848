import type { JsMsg } from '@nats-io/jetstream'
import { z } from 'zod'
import type { BenchSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX, endIfIdle } from '../harness/in-time.ts'
import type { Ledger, LedgerEvent, LedgerRecord, LedgerRow } from './check-ledger.ts'

const FETCH_AHEAD_MAX = 5_000
/** LOG sequences per query: the user `analyst` may read a million rows at a time. */
const SEQUENCES_MAX = 100_000

/** Reads the records, events and rows of one tenant. The stages must have caught up. */
export async function readLedger(system: BenchSystem, tenant: string): Promise<Ledger> {
  const records: LedgerRecord[] = []
  for await (const message of readStream(system, 'LOG', `log.*.${tenant}.>`)) records.push(recordIn(message))
  const events: LedgerEvent[] = []
  for await (const message of readStream(system, 'OUT', `out.${tenant}.>`)) events.push(eventIn(message))
  return { records, events, rows: await readRows(system, tenant) }
}

/** Yields the messages of a subject in a stream, in order. */
async function* readStream({ js }: BenchSystem, stream: string, subject: string): AsyncGenerator<JsMsg> {
  const consumer = await js.consumers.get(stream, { filter_subjects: [subject] })
  let left = (await consumer.info()).num_pending
  if (left === 0) return
  const messages = await consumer.consume({ max_messages: FETCH_AHEAD_MAX })
  using _ = endIfIdle(messages, CAUGHT_UP_MS_MAX, () => `the gate reads ${subject} from ${stream}, and ${left} messages have not come`)
  for await (const message of messages) {
    left = message.info.pending
    yield message
    if (left === 0) return
  }
}

const actorIn = (subject: string, place: number): string => subject.split('.')[place] ?? ''

// These schemas are the harness's own, so that a fault in the product's schemas cannot hide a fault in its records.
// A record leaves out what is empty, and that it is committed.
const runs = z.array(z.object({ run: z.string() })).default([])
const recordSchema = z.object({
  n: z.number(),
  outcome: z.string().default('committed'),
  inbox: z.object({ seq: z.number() }),
  input: z.object({ id: z.string(), type: z.string(), data: z.object({ run: z.string().optional() }).optional() }),
  emitted: z.array(z.object({ id: z.string() })).default([]),
  started: runs,
  timers: runs,
  stopped: z.array(z.string()).default([]),
})
/** Input types that only Colloquy itself sends. */
const INTERNAL_TYPES: ReadonlySet<string> = new Set(['task.done', 'task.failed', 'task.expired', 'timer.fired'])
const eventSchema = z.object({ id: z.string() })

function recordIn(message: JsMsg): LedgerRecord {
  const { n, outcome, inbox, input, emitted, started, timers, stopped } = recordSchema.parse(message.json())
  return {
    seq: message.seq,
    actor: actorIn(message.subject, 4),
    n,
    inputId: input.id,
    position: inbox.seq,
    committed: outcome === 'committed',
    emitted: emitted.map(({ id }) => id),
    about: INTERNAL_TYPES.has(input.type) ? input.data?.run : undefined,
    started: started.map(({ run }) => run),
    set: timers.map(({ run }) => run),
    stopped,
  }
}

const eventIn = (message: JsMsg): LedgerEvent => ({ actor: actorIn(message.subject, 3), id: eventSchema.parse(message.json()).id })

const lastSchema = z.array(z.object({ last: z.coerce.number() }))
const rowSchema = z.tuple([z.coerce.number(), z.number(), z.string(), z.string()])

async function readRows({ clickhouse }: BenchSystem, tenant: string): Promise<LedgerRow[]> {
  const result = await clickhouse.query({
    query: 'SELECT max(seq) AS last FROM events WHERE tenant = {tenant:String}',
    query_params: { tenant },
    format: 'JSONEachRow',
  })
  const last = lastSchema.parse(await result.json())[0]?.last ?? 0
  const rows: LedgerRow[] = []
  for (let from = 0; from <= last; from += SEQUENCES_MAX) {
    const page = await clickhouse.query({
      query: `SELECT seq, idx, actor, id FROM events
        WHERE tenant = {tenant:String} AND seq >= {from:UInt64} AND seq < {to:UInt64} ORDER BY seq, idx`,
      query_params: { tenant, from, to: from + SEQUENCES_MAX },
      format: 'JSONCompactEachRow',
    })
    for (const row of await page.json()) {
      const [seq, idx, actor, id] = rowSchema.parse(row)
      rows.push({ seq, idx, actor, id })
    }
  }
  return rows
}
