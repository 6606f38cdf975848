import { attributeTexts } from '../../../schemas/envelope.ts'
import { isConversation, isServed, labelNumber, labelText } from '../../../schemas/event-readers.ts'
import type { LogRecord, PublicRecord } from '../../../schemas/record.ts'
import { actorKey, type Address } from '../../../schemas/subjects.ts'
import { CONTEXT_TEXT_CHARS_MAX, type Row, type TableName } from '../../../schemas/tables.ts'
import type { LogEntry } from '../../jetstream/log-message.ts'
import { intervalRows, openIntervals } from './interval-rows.ts'
import { sharedPath } from './json-paths.ts'
import { conversationRowsOf } from './message-rows.ts'
import { money, type Source } from './row-columns.ts'

/** The value of a JSON column that cannot hold the text; `data_raw` has the text. */
export const NO_JSON = '{}'

/** A table with the current state of an actor or a case: of several records with the same key, only the newest one's row counts. */
export type CurrentTable = 'conversations' | 'cases' | 'actors'

/** How the rows of a table with current states are made. Pure functions of the record and its LOG sequence. */
interface CurrentRows {
  /** Whether a record has a row in the table. */
  has(record: PublicRecord): boolean
  keyOf(entry: LogEntry): string
  /** The row; none where the private part cannot be read: the row of an earlier record stays. */
  rowOf(entry: LogEntry): readonly Row<CurrentTable>[]
}

const caseKey = ({ address, record }: LogEntry): string => `${actorKey(address)}/${record.case.no}`

export const CURRENT_ROWS: Readonly<Record<CurrentTable, CurrentRows>> = {
  conversations: { has: ({ case: current }) => current.messages > 0, keyOf: caseKey, rowOf: (entry) => [conversationRow(sourceOf(entry))] },
  cases: { has: (record) => shownCounts(record) !== undefined, keyOf: caseKey, rowOf: (entry) => caseRows(sourceOf(entry)) },
  actors: {
    has: ({ status, outcome, resolves }) => status !== 'none' || (outcome === 'committed' && resolves === undefined),
    keyOf: ({ address }) => actorKey(address),
    rowOf(entry) {
      const whole = entry.whole()
      return whole === undefined ? [] : [actorRow(sourceOf(entry), whole)]
    },
  },
}

export const isCurrentTable = (name: TableName): name is CurrentTable => name in CURRENT_ROWS

/** The rows of one record in the other tables. A table with a version column keeps the newest row of each key. */
export type Rows = { readonly [Name in Exclude<TableName, CurrentTable>]: readonly Row<Name>[] }

/**
 * Makes the rows of a record, all but those of current states. A pure function of the record and its LOG sequence: projecting a record
 * again gives the same rows.
 *
 * @param seq LOG sequence of the record.
 */
export function rowsOf(address: Address, record: PublicRecord, seq: number): Rows {
  const source = sourceOf({ address, record, seq })
  const isOfConversation = isConversation(record.label)
  return {
    events: eventRows(source),
    ...conversationRowsOf(source),
    state_intervals: isOfConversation ? intervalRows(source) : [],
    tasks: isOfConversation ? taskRows(source) : [],
    dead_letters: deadLetterRows(source),
  }
}

function sourceOf({ address, record, seq }: Pick<Source, 'address' | 'record' | 'seq'>): Source {
  const identity = { tenant: address.tenant, kind: address.kind, actor: address.id, case_no: record.case.no, machine: record.machine }
  return { address, record, seq, at: record.at, identity }
}

function eventRows({ identity, record, seq, at }: Source): Row<'events'>[] {
  const { input } = record
  const shared = {
    ...identity,
    history: input.history === true,
    seq,
    n: record.n,
    outcome: record.outcome,
    committed_at: at,
    correlation_id: input.correlationid ?? null,
    state_from: record.from,
    state_to: record.to,
  }
  const rows: Row<'events'>[] = [
    {
      ...shared,
      idx: 0,
      type: input.type,
      id: input.id,
      time: input.time,
      source: input.source,
      causation_id: input.causationid ?? null,
      ...json(input.data ?? {}, record.payload),
      attributes: input.attributes === undefined ? NO_ATTRIBUTES : attributeTexts(input.attributes),
    },
  ]
  for (const { type, id, data } of record.emitted) {
    rows.push({
      ...shared,
      idx: rows.length,
      type,
      id,
      time: at,
      source: 'colloquy',
      causation_id: input.id,
      ...json(data, undefined),
      attributes: NO_ATTRIBUTES,
    })
  }
  return rows
}

const NO_ATTRIBUTES = {}

type DataColumns = Pick<Row<'events'>, 'data' | 'data_error' | 'data_raw'>

/** Detects what ClickHouse would refuse in a JSON column, so that the batch need not be split to find the row. */
function json(object: Readonly<Record<string, unknown>>, payload: string | undefined): DataColumns {
  const path = sharedPath(object)
  const data = JSON.stringify(object)
  const data_raw = payload ?? data
  return path === undefined
    ? { data, data_error: null, data_raw }
    : { data: NO_JSON, data_error: `two fields have the path ${path.slice(0, 256).toWellFormed()}`, data_raw }
}

/** The row of an actor, from its newest record. */
function actorRow({ identity, record, seq, at }: Source, whole: LogRecord): Row<'actors'> {
  const label = JSON.stringify(record.label)
  const { parent } = record.case
  return {
    ...identity,
    state: record.to,
    status: record.status,
    n: record.n,
    parent_kind: parent?.kind ?? null,
    parent: parent?.id ?? null,
    child: parent?.child ?? null,
    first_at: record.case.firstAt,
    last_at: at,
    last_seq: seq,
    label,
    label_raw: label,
    context_facts: contextFacts(whole.state?.context ?? {}),
    open_states: openIntervals(whole, seq),
  }
}

/** The part of a context that has a bounded size, whatever the kind. */
function contextFacts(context: Readonly<Record<string, unknown>>): string {
  const isFact = (value: unknown): boolean =>
    typeof value === 'string' ? value.length <= CONTEXT_TEXT_CHARS_MAX : typeof value !== 'object'
  return JSON.stringify(Object.fromEntries(Object.entries(context).filter(([, value]) => isFact(value))))
}

function conversationRow({ identity, record, seq, at }: Source): Row<'conversations'> {
  const { case: current, label } = record
  return {
    ...identity,
    history: current.history === true,
    state: record.to,
    messages: current.messages,
    user_msgs: current.userMessages,
    bot_msgs: current.botMessages,
    agent_msgs: current.agentMessages,
    first_at: current.firstAt,
    last_at: at,
    last_seq: seq,
    intent: labelText(label, 'intent') ?? null,
    quality: labelNumber(label, 'quality') ?? current.quality ?? null,
  }
}

/** The counts of the case; `undefined` while it has no row, before it has a message, an escalation, a rating or an end. */
function shownCounts({ case: { counts, escalated, rating, ended } }: PublicRecord): PublicRecord['case']['counts'] {
  const isShown = counts?.messages !== undefined || escalated !== undefined || rating !== undefined || ended !== undefined
  return isShown ? counts : undefined
}

function caseRows({ identity, record, seq, at }: Source): Row<'cases'>[] {
  const { case: current } = record
  const { escalated, rating, ended } = current
  const counts = shownCounts(record)
  if (counts === undefined) return []
  return [
    {
      ...identity,
      history: current.history === true,
      committed_at: current.openedAt,
      opened_at: current.arrivedAt ?? current.openedAt,
      customer: current.customer ?? null,
      channel: current.channel ?? null,
      lang: current.lang ?? null,
      first_intent: current.intent ?? null,
      outcome: ended?.outcome ?? null,
      // Records of earlier versions state it for served cases too.
      drop_state: isServed(ended?.outcome) ? null : (ended?.drop ?? null),
      escalation_reason: escalated?.reason ?? null,
      first_responder: current.responded?.by ?? null,
      first_response_at: current.responded?.at ?? null,
      escalated_at: escalated?.at ?? null,
      team: current.team ?? null,
      agent: current.agent ?? null,
      human_first_at: current.humanAt ?? null,
      wait_for_human_ms: waitForHuman(current),
      sla: current.overdue === true ? 'missed' : ended !== undefined && current.team !== undefined ? 'kept' : null,
      closed_at: ended?.at ?? null,
      records: counts.records,
      rejected: counts.rejected ?? 0,
      messages: counts.messages ?? 0,
      user_msgs: counts.userMessages ?? 0,
      bot_msgs: counts.botMessages ?? 0,
      agent_msgs: counts.agentMessages ?? 0,
      turns: counts.turns ?? 0,
      turns_answered: counts.answered ?? 0,
      escalations: counts.escalations ?? 0,
      tasks: counts.tasks ?? 0,
      tasks_failed: counts.tasksFailed ?? 0,
      tokens_in: counts.tokensIn ?? null,
      tokens_out: counts.tokensOut ?? null,
      cost: money(counts.costMicros),
      rating: rating ?? null,
      tags: current.tags ?? [],
      counted: current.counted === true,
      last_at: at,
      last_seq: seq,
    },
  ]
}

const waitForHuman = ({ escalated, humanAt }: PublicRecord['case']): number | null =>
  escalated === undefined || humanAt === undefined ? null : Math.max(0, Date.parse(humanAt) - Date.parse(escalated.at))

function taskRows({ identity, record, seq, at }: Source): Row<'tasks'>[] {
  const unknown = {
    attempts: null,
    queue_ms: null,
    duration_ms: null,
    error_code: null,
    error: null,
    attempt_error_code: null,
    attempt_error: null,
  }
  const ended = record.ended.map((end) => ({
    ...identity,
    run: end.run,
    name: end.task,
    status: end.status,
    attempts: end.attempts ?? null,
    queue_ms: end.queueMs ?? null,
    started_at: end.startedAt,
    duration_ms: end.durationMs ?? null,
    error_code: end.error?.code ?? null,
    error: end.error?.message ?? null,
    attempt_error_code: end.attemptError?.code ?? null,
    attempt_error: end.attemptError?.message ?? null,
    last_seq: seq,
  }))
  const started = record.started.map(({ run, task }) => ({
    ...identity,
    ...unknown,
    run,
    name: task,
    status: 'running',
    started_at: at,
    last_seq: seq,
  }))
  return [...ended, ...started]
}

function deadLetterRows({ address, record, seq, at }: Source): Row<'dead_letters'>[] {
  const actor = { tenant: address.tenant, kind: address.kind, actor: address.id, last_seq: seq }
  const base = { ...actor, seq, inbox_seq: record.inbox.seq, at, resolved: false }
  const rejected =
    record.reason === undefined
      ? []
      : [{ ...base, reason: record.reason, subject: record.subject ?? '', error: record.error ?? '', payload: record.payload ?? '' }]
  const failed = record.ended
    .filter((end) => end.status === 'failed' || end.status === 'expired')
    .map((end) => ({
      ...base,
      reason: 'task_failed',
      subject: `task.${end.task}.${address.tenant}.${address.kind}.${address.id}`,
      error: `${end.error?.code ?? ''}: ${end.error?.message ?? ''}`,
      payload: JSON.stringify(end),
    }))
  return [...rejected, ...failed, ...resolvedRows(actor, record)]
}

/** The row of a dead letter that this record redrives or drops. It replaces the row of the record that made the dead letter. */
function resolvedRows(
  actor: Pick<Row<'dead_letters'>, 'tenant' | 'kind' | 'actor' | 'last_seq'>,
  { resolves }: PublicRecord,
): Row<'dead_letters'>[] {
  if (resolves === undefined) return []
  const { logSeq, inboxSeq, at, reason, subject, error, payload } = resolves
  return [{ ...actor, seq: logSeq, inbox_seq: inboxSeq, at, reason, subject, error, payload, resolved: true }]
}
