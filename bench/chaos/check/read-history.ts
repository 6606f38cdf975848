import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ClickHouseClient } from '@clickhouse/client'
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'
import { recordSchema } from '../../../schemas/record.ts'
import { restoreRecord } from '../../../schemas/record-form.ts'
import { actorKey, parseLogSubject } from '../../../schemas/subjects.ts'
import {
  type DeadLetterMessage,
  digestOf,
  digestOfBytes,
  type History,
  type IndexedText,
  type LedgerLine,
  type LoggedRecord,
  type Many,
  type OutMessage,
  POINT_TABLES,
  POLLUTED_HEADER,
  type UnreadableMessage,
} from './chaos-history.ts'

const ACTOR_KEY = "concat(tenant, '/', kind, '/', actor) AS actor"

export interface HistorySources {
  readonly ledgerFile: string
  readonly jsm: JetStreamManager
  readonly clickhouse: ClickHouseClient
}

/** Reads the history of a run after all stages caught up; streams and tables are read lazily. */
export async function readHistory({ ledgerFile, jsm, clickhouse }: HistorySources): Promise<History> {
  const tasks = await jsm.streams.info('TASKS')
  const rows = <Row>(schema: z.ZodType<Row>, query: string) => readRows(clickhouse, schema, query)
  return {
    ledger: readLedger(ledgerFile),
    log: mapped(readStream(jsm, 'LOG'), recordIn),
    out: mapped(readStream(jsm, 'OUT'), eventIn),
    dead: mapped(readStream(jsm, 'DEAD'), deadIn),
    wakeUps: await readWakeUps(jsm),
    tasksWaiting: tasks.state.messages,
    tables: {
      events: rows(eventRow, `SELECT seq, idx, ${ACTOR_KEY}, n, outcome, type, id, state_to FROM events ORDER BY seq, idx`),
      actors: rows(actorRow, `SELECT ${ACTOR_KEY}, n, last_seq, state, status FROM actors`),
      tasks: rows(taskRow, `SELECT ${ACTOR_KEY}, run, name, status FROM tasks`),
      deadLetters: rows(deadLetterRow, `SELECT seq, ${ACTOR_KEY}, reason FROM dead_letters`),
      stateIntervals: rows(stateIntervalRow, `SELECT left_seq, state, ${ACTOR_KEY} FROM state_intervals`),
    },
    indexed: await indexedTexts(clickhouse),
    readAtMs: Date.now(),
  }
}

async function* readLedger(file: string): AsyncGenerator<LedgerLine> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) yield ledgerLine.parse(JSON.parse(line))
}
const ledgerLine = z.custom<LedgerLine>((line) => typeof line === 'object' && line !== null && 'what' in line && 'id' in line)

const BATCH_MAX = 1_000
/** Reads of a stream that fail. The client gives a server five seconds for the first message, which a busy machine may take. */
const FAILED_READS_MAX = 20

/** Yields the messages of a stream in order. Reads in batches: the caller may take longer for a message than a consumer's timeout. */
async function* readStream(jsm: JetStreamManager, stream: string): AsyncGenerator<StoredMsg> {
  const { state } = await jsm.streams.info(stream)
  if (state.messages === 0) return
  let failed = 0
  for (let seq = state.first_seq; seq <= state.last_seq;) {
    let last: number | undefined
    try {
      for await (const message of await jsm.direct.getBatch(stream, { seq, batch: BATCH_MAX })) {
        yield message
        last = message.seq
      }
    } catch (error) {
      failed += 1
      if (failed > FAILED_READS_MAX) throw error
      last ??= seq - 1
    }
    if (last === undefined) throw new Error(`${stream} returned no message from ${seq} on, although its last sequence is ${state.last_seq}`)
    seq = last + 1
  }
}

/** Reads the stream subject by subject. Fired schedules leave gaps, so the sequences do not show where the stream ends. */
async function readWakeUps(jsm: JetStreamManager): Promise<Map<string, number>> {
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

function recordIn(message: StoredMsg): LoggedRecord | UnreadableMessage {
  const record = recordSchema.safeParse(restoreRecord(parseJson(message.string())))
  if (!record.success) {
    return { seq: message.seq, payload: digestOfBytes(message.data), isInjected: message.header.has(POLLUTED_HEADER) }
  }
  const { partition, address } = parseLogSubject(message.subject)
  return { seq: message.seq, partition, actor: actorKey(address), record: record.data }
}

const eventSchema = z.object({ id: z.string(), type: z.string(), data: z.unknown() })
function eventIn(message: StoredMsg): OutMessage {
  const [, tenant = '', kind = '', id = ''] = message.subject.split('.')
  const event = eventSchema.parse(message.json())
  return {
    actor: actorKey({ tenant, kind, id }),
    id: event.id,
    type: event.type,
    content: digestOf({ type: event.type, data: event.data }),
  }
}

const endSchema = z.object({ run: z.string() })
function deadIn(message: StoredMsg): DeadLetterMessage {
  const [, reason = '', tenant = '', kind = '', id = ''] = message.subject.split('.')
  return {
    logSeq: Number(message.header.get('Colloquy-Log-Seq')),
    reason,
    actor: actorKey({ tenant, kind, id }),
    payload: digestOfBytes(message.data),
    run: reason === 'task_failed' ? endSchema.parse(message.json()).run : undefined,
  }
}

const indexedText = z.object({ actor: z.string(), id: z.string() })
const whole = z.coerce.number()
const eventRow = z.object({
  seq: whole,
  idx: whole,
  actor: z.string(),
  n: whole,
  outcome: z.string(),
  type: z.string(),
  id: z.string(),
  state_to: z.string(),
})
const actorRow = z.object({ actor: z.string(), n: whole, last_seq: whole, state: z.string(), status: z.string() })
const taskRow = z.object({ actor: z.string(), run: z.string(), name: z.string(), status: z.string() })
const deadLetterRow = z.object({ seq: whole, actor: z.string(), reason: z.string() })
const stateIntervalRow = z.object({ left_seq: whole, state: z.string(), actor: z.string() })

/** The texts in the search index; none without an index. */
async function indexedTexts(clickhouse: ClickHouseClient): Promise<Many<IndexedText>> {
  const names: string[] = []
  for await (const { name } of readRows(clickhouse, z.object({ name: z.string() }), POINT_TABLES)) names.push(name)
  const [name] = names
  if (name === undefined) return []
  return readRows(clickhouse, indexedText, `SELECT DISTINCT ${ACTOR_KEY}, source AS id FROM ${name}`)
}

/** Streams the rows, so that no table is in memory as a whole. */
async function* readRows<Row>(clickhouse: ClickHouseClient, schema: z.ZodType<Row>, query: string): AsyncGenerator<Row> {
  const result = await clickhouse.query({ query, format: 'JSONEachRow' })
  for await (const batch of result.stream()) for (const row of batch) yield schema.parse(row.json())
}
