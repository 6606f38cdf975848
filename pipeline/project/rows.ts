import type { LogRecord } from '../../schemas/record.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { Row, TableName } from '../../schemas/tables.ts'
import { saidIn } from '../said.ts'

/** The rows that one record makes. A table with a version keeps the newest row of each key. */
export type Rows = { readonly [Name in TableName]: readonly Row<Name>[] }

/** A time as ClickHouse reads it fastest. */
const dateTime = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 23)}`

/**
 * What a record says in each table: a pure function of the record and its place in LOG, so that projecting again gives
 * the same rows.
 */
export function rowsOf(address: Address, record: LogRecord, seq: number): Rows {
  const { tenant, kind, id: actor } = address
  const at = dateTime(record.at)
  const standing = { tenant, kind, actor, case_no: record.case.no, machine: record.machine }
  const context = { ...standing, history: record.input.history === true }
  return {
    events: eventRows(context, record, seq, at),
    messages: messageRows(context, record, seq, at),
    actors: record.status === 'none' && record.outcome === 'rejected' ? [] : [{
      ...standing, state: record.to, status: record.status, n: record.n, first_at: dateTime(record.case.firstAt), last_at: at,
      last_seq: seq, label: record.label,
    }],
    conversations: record.case.messages === 0 ? [] : [{
      ...standing, state: record.to, messages: record.case.messages, user_msgs: record.case.userMessages,
      bot_msgs: record.case.botMessages, agent_msgs: record.case.agentMessages, first_at: dateTime(record.case.firstAt),
      last_at: at, last_seq: seq, intent: textOf(record.label['intent']), quality: numberOf(record.label['quality']),
    }],
    tasks: taskRows(standing, record, seq, at),
    dead_letters: deadLetterRows(address, record, seq, at),
  }
}

type Context = Pick<Row<'events'>, 'tenant' | 'kind' | 'actor' | 'case_no' | 'machine' | 'history'>
type Standing = Omit<Context, 'history'>

function eventRows(context: Context, record: LogRecord, seq: number, at: string): Row<'events'>[] {
  const { input } = record
  const shared = {
    ...context, seq, n: record.n, outcome: record.outcome, committed_at: at, correlation_id: input.correlationid ?? null,
    state_from: record.from, state_to: record.to, data_error: null,
  }
  const data = input.data ?? {}
  const first = {
    ...shared, idx: 0, type: input.type, id: input.id, time: dateTime(input.time), source: input.source,
    causation_id: input.causationid ?? null, data, data_raw: record.payload ?? JSON.stringify(data),
  }
  return [first, ...record.emitted.map((event, index) => ({
    ...shared, idx: index + 1, type: event.type, id: event.id, time: at, source: 'colloquy', causation_id: input.id,
    data: event.data, data_raw: JSON.stringify(event.data),
  }))]
}

function messageRows(context: Context, record: LogRecord, seq: number, at: string): Row<'messages'>[] {
  return saidIn(record).map(({ time, text, ...said }) =>
    ({ ...context, ...said, seq, text, time: dateTime(time), committed_at: at, chars: codePoints(text) }))
}

function taskRows(standing: Standing, record: LogRecord, seq: number, at: string): Row<'tasks'>[] {
  const unknown = { attempts: null, queue_ms: null, duration_ms: null, error_code: null, error: null }
  const ended = record.ended.map((end) => ({
    ...standing, run: end.run, name: end.task, status: end.status, attempts: end.attempts ?? null, queue_ms: end.queueMs ?? null,
    started_at: dateTime(end.startedAt), duration_ms: end.durationMs ?? null, error_code: end.error?.code ?? null,
    error: end.error?.message ?? null, last_seq: seq,
  }))
  const started = record.started.map(({ run, task }) => ({
    ...standing, ...unknown, run, name: task, status: 'running', started_at: at, last_seq: seq,
  }))
  return [...ended, ...started]
}

function deadLetterRows(address: Address, record: LogRecord, seq: number, at: string): Row<'dead_letters'>[] {
  const base = { tenant: address.tenant, kind: address.kind, actor: address.id, seq, inbox_seq: record.inbox.seq, at, resolved: false }
  const rejected = record.reason === undefined ? [] : [{
    ...base, reason: record.reason, subject: record.subject ?? '', error: record.error ?? '', payload: record.payload ?? '',
  }]
  const failed = record.ended.filter((end) => end.status === 'failed' || end.status === 'expired').map((end) => ({
    ...base, reason: 'task_failed', subject: `task.${end.task}.${address.tenant}.${address.kind}.${address.id}`,
    error: `${end.error?.code ?? ''}: ${end.error?.message ?? ''}`, payload: JSON.stringify(end),
  }))
  return [...rejected, ...failed]
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)
