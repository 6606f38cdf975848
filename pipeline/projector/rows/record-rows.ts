import { labelNumber, labelText } from '../../../schemas/event-readers.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'
import type { Row, TableName } from '../../../schemas/tables.ts'
import { caseRows } from './case-rows.ts'
import type { Source } from './row-columns.ts'
import { sharedPath } from './json-paths.ts'
import { conversationRowsOf } from './message-rows.ts'
import { openIntervals, intervalRows } from './interval-rows.ts'

/** What a JSON column holds where it cannot hold the text. */
export const NO_JSON = '{}'

/** The rows that one record makes. A table with a version keeps the newest row of each key. */
export type Rows = { readonly [Name in TableName]: readonly Row<Name>[] }

/**
 * What a record says in each table: a pure function of the record and its place in LOG, so that projecting again gives
 * the same rows.
 */
export function rowsOf(address: Address, record: LogRecord, seq: number): Rows {
  const standing = { tenant: address.tenant, kind: address.kind, actor: address.id, case_no: record.case.no, machine: record.machine }
  const source: Source = { address, record, seq, at: record.at, standing }
  return {
    events: eventRows(source),
    ...conversationRowsOf(source),
    actors: actorRows(source),
    conversations: conversationRows(source),
    cases: caseRows(source),
    state_intervals: intervalRows(source),
    tasks: taskRows(source),
    dead_letters: deadLetterRows(source),
  }
}

function eventRows({ standing, record, seq, at }: Source): Row<'events'>[] {
  const { input } = record
  const shared = {
    ...standing, history: input.history === true, seq, n: record.n, outcome: record.outcome, committed_at: at,
    correlation_id: input.correlationid ?? null, state_from: record.from, state_to: record.to,
  }
  const rows: Row<'events'>[] = [{
    ...shared, idx: 0, type: input.type, id: input.id, time: input.time, source: input.source,
    causation_id: input.causationid ?? null, ...json(input.data ?? {}, record.payload),
  }]
  for (const { type, id, data } of record.emitted) {
    rows.push({ ...shared, idx: rows.length, type, id, time: at, source: 'colloquy', causation_id: input.id, ...json(data, undefined) })
  }
  return rows
}

/** Known beforehand what ClickHouse would refuse: a batch need not be halved for it. */
function json(object: Readonly<Record<string, unknown>>, payload: string | undefined): Pick<Row<'events'>, 'data' | 'data_error' | 'data_raw'> {
  const path = sharedPath(object)
  const data = JSON.stringify(object)
  const data_raw = payload ?? data
  return path === undefined ? { data, data_error: null, data_raw }
    : { data: NO_JSON, data_error: `two fields have the path ${path.slice(0, 256).toWellFormed()}`, data_raw }
}

function actorRows(source: Source): Row<'actors'>[] {
  const { standing, record, seq, at } = source
  if (record.status === 'none' && (record.outcome === 'rejected' || record.resolves !== undefined)) return []
  return [{
    ...standing, state: record.to, status: record.status, n: record.n, first_at: record.case.firstAt, last_at: at,
    last_seq: seq, label: JSON.stringify(record.label), open_states: openIntervals(source),
  }]
}

function conversationRows({ standing, record, seq, at }: Source): Row<'conversations'>[] {
  const { case: now, label } = record
  if (now.messages === 0) return []
  return [{
    ...standing, history: now.history === true, state: record.to, messages: now.messages, user_msgs: now.userMessages,
    bot_msgs: now.botMessages, agent_msgs: now.agentMessages, first_at: now.firstAt, last_at: at, last_seq: seq,
    intent: labelText(label, 'intent') ?? null, quality: labelNumber(label, 'quality') ?? now.quality ?? null,
  }]
}

function taskRows({ standing, record, seq, at }: Source): Row<'tasks'>[] {
  const unknown = { attempts: null, queue_ms: null, duration_ms: null, error_code: null, error: null }
  const ended = record.ended.map((end) => ({
    ...standing, run: end.run, name: end.task, status: end.status, attempts: end.attempts ?? null, queue_ms: end.queueMs ?? null,
    started_at: end.startedAt, duration_ms: end.durationMs ?? null, error_code: end.error?.code ?? null,
    error: end.error?.message ?? null, last_seq: seq,
  }))
  const started = record.started.map(({ run, task }) => ({
    ...standing, ...unknown, run, name: task, status: 'running', started_at: at, last_seq: seq,
  }))
  return [...ended, ...started]
}

function deadLetterRows({ address, record, seq, at }: Source): Row<'dead_letters'>[] {
  const standing = { tenant: address.tenant, kind: address.kind, actor: address.id, last_seq: seq }
  const base = { ...standing, seq, inbox_seq: record.inbox.seq, at, resolved: false }
  const rejected = record.reason === undefined ? [] : [{
    ...base, reason: record.reason, subject: record.subject ?? '', error: record.error ?? '', payload: record.payload ?? '',
  }]
  const failed = record.ended.filter((end) => end.status === 'failed' || end.status === 'expired').map((end) => ({
    ...base, reason: 'task_failed', subject: `task.${end.task}.${address.tenant}.${address.kind}.${address.id}`,
    error: `${end.error?.code ?? ''}: ${end.error?.message ?? ''}`, payload: JSON.stringify(end),
  }))
  return [...rejected, ...failed, ...resolvedRows(standing, record)]
}

function resolvedRows(standing: { tenant: string; kind: string; actor: string; last_seq: number }, { resolves }: LogRecord): Row<'dead_letters'>[] {
  if (resolves === undefined) return []
  const { logSeq, inboxSeq, at, reason, subject, error, payload } = resolves
  return [{ ...standing, seq: logSeq, inbox_seq: inboxSeq, at, reason, subject, error, payload, resolved: true }]
}
