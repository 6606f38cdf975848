import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ClickHouseClient } from '@clickhouse/client'
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { z } from 'zod'
import { recordSchema } from '../../../schemas/record.ts'
import { actorKey, parseLogSubject } from '../../../schemas/subjects.ts'
import { digestOf, digestOfBytes, type DeadMessage, type History, type LedgerLine, type LoggedRecord, type OutMessage } from './chaos-history.ts'

export interface Sources {
  readonly ledgerFile: string
  readonly jsm: JetStreamManager
  readonly clickhouse: ClickHouseClient
}

/** What is there when everything is level; streams and tables are read as they are asked for. */
export async function readHistory({ ledgerFile, jsm, clickhouse }: Sources): Promise<History> {
  const tasks = await jsm.streams.info('TASKS')
  const rows = <Row>(schema: z.ZodType<Row>, query: string) => readRows(clickhouse, schema, query)
  return {
    ledger: readLedger(ledgerFile),
    log: mapped(readStream(jsm, 'LOG'), recordIn),
    out: mapped(readStream(jsm, 'OUT'), eventIn),
    dead: mapped(readStream(jsm, 'DEAD'), deadIn),
    wakeUps: await readAlarms(jsm),
    tasksWaiting: tasks.state.messages,
    tables: {
      events: rows(eventRow, 'SELECT seq, idx, concat(tenant, \'/\', kind, \'/\', actor) AS actor, n, outcome, type, id, state_to FROM events ORDER BY seq, idx'),
      actors: rows(actorRow, 'SELECT concat(tenant, \'/\', kind, \'/\', actor) AS actor, n, last_seq, state, status FROM actors'),
      tasks: rows(taskRow, 'SELECT concat(tenant, \'/\', kind, \'/\', actor) AS actor, run, name, status FROM tasks'),
      deadLetters: rows(deadRow, 'SELECT seq, concat(tenant, \'/\', kind, \'/\', actor) AS actor, reason FROM dead_letters'),
      stays: rows(stayRow, 'SELECT left_seq, state, concat(tenant, \'/\', kind, \'/\', actor) AS actor FROM state_intervals'),
    },
    readAtMs: Date.now(),
  }
}

async function* readLedger(file: string): AsyncGenerator<LedgerLine> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) yield ledgerLine.parse(JSON.parse(line))
}
const ledgerLine = z.custom<LedgerLine>((line) => typeof line === 'object' && line !== null && 'what' in line && 'id' in line)

const BATCH_MAX = 1_000

/** What a stream holds by now, in order: batch by batch, since what is done with a message may take longer than a consumer waits. */
async function* readStream(jsm: JetStreamManager, stream: string): AsyncGenerator<StoredMsg> {
  const { state } = await jsm.streams.info(stream)
  if (state.messages === 0) return
  for (let seq = state.first_seq; seq <= state.last_seq;) {
    let last: number | undefined
    for await (const message of await jsm.direct.getBatch(stream, { seq, batch: BATCH_MAX })) {
      yield message
      last = message.seq
    }
    if (last === undefined) throw new Error(`${stream} has nothing from ${seq} on, and said that it ends with ${state.last_seq}`)
    seq = last + 1
  }
}

/** One by one: a schedule that has gone off leaves a gap, so that nobody could tell by the sequence when he has read all. */
async function readAlarms(jsm: JetStreamManager): Promise<Map<string, number>> {
  const wakeUps = new Map<string, number>()
  const { state } = await jsm.streams.info('TIMERS', { subjects_filter: 'timer.>' })
  for (const subject of Object.keys(state.subjects ?? {})) {
    const schedule = (await jsm.streams.getMessage('TIMERS', { last_by_subj: subject }))?.header.get('Nats-Schedule')
    const [, tenant = '', kind = '', id = ''] = subject.split('.')
    if (schedule !== undefined) wakeUps.set(actorKey({ tenant, kind, id }), Date.parse(schedule.replace('@at ', '')))
  }
  return wakeUps
}

async function* mapped<T>(messages: AsyncIterable<StoredMsg>, read: (message: StoredMsg) => T): AsyncGenerator<T> {
  for await (const message of messages) yield read(message)
}

function recordIn(message: StoredMsg): LoggedRecord {
  const { partition, address } = parseLogSubject(message.subject)
  return { seq: message.seq, partition, actor: actorKey(address), record: recordSchema.parse(message.json()) }
}

const eventSchema = z.object({ id: z.string(), type: z.string(), data: z.unknown() })
function eventIn(message: StoredMsg): OutMessage {
  const [, tenant = '', kind = '', id = ''] = message.subject.split('.')
  const event = eventSchema.parse(message.json())
  return { actor: actorKey({ tenant, kind, id }), id: event.id, type: event.type, content: digestOf({ type: event.type, data: event.data }) }
}

const endSchema = z.object({ run: z.string() })
function deadIn(message: StoredMsg): DeadMessage {
  const [, reason = '', tenant = '', kind = '', id = ''] = message.subject.split('.')
  return {
    logSeq: Number(message.header.get('Colloquy-Log-Seq')), reason, actor: actorKey({ tenant, kind, id }), payload: digestOfBytes(message.data),
    run: reason === 'task_failed' ? endSchema.parse(message.json()).run : undefined,
  }
}

const whole = z.coerce.number()
const eventRow = z.object({
  seq: whole, idx: whole, actor: z.string(), n: whole, outcome: z.string(), type: z.string(), id: z.string(), state_to: z.string(),
})
const actorRow = z.object({ actor: z.string(), n: whole, last_seq: whole, state: z.string(), status: z.string() })
const taskRow = z.object({ actor: z.string(), run: z.string(), name: z.string(), status: z.string() })
const deadRow = z.object({ seq: whole, actor: z.string(), reason: z.string() })
const stayRow = z.object({ left_seq: whole, state: z.string(), actor: z.string() })

/** Rows as they come, so that a table of any size is never in memory as a whole. */
async function* readRows<Row>(clickhouse: ClickHouseClient, schema: z.ZodType<Row>, query: string): AsyncGenerator<Row> {
  const result = await clickhouse.query({ query, format: 'JSONEachRow' })
  for await (const batch of result.stream()) for (const row of batch) yield schema.parse(row.json())
}
