import { detectLanguage } from '../../../actors/core/detect-language.ts'
import { isConversation, labelNumber, labelText, type Sent } from '../../../schemas/event-readers.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { CONTEXT_TEXT_CHARS_MAX, type TableName } from '../../../schemas/tables.ts'
import type { BadRecord } from '../../jetstream/log-message.ts'
import type { ExpectedRow, ExpectedValue } from '../canonical-text.ts'
import { isWithin, leavesOf, regionOf } from './expected-intervals.ts'
import { messageTime } from './expected-messages.ts'
import { judgedTurns, judgementIn, scoresOf } from './expected-scores.ts'
import type { CaseTally, Question, Step, Tally } from './tally.ts'

/** A row and its table. */
export type Expected = readonly [TableName, ExpectedRow]

/**
 * The rows that a record should produce, computed from the column definitions in `schemas/tables.ts` and from independent counts. It shares
 * only schemas with the projector, so that an error in either one becomes a difference. JSON columns have the JSON text here.
 */
export function expectedRows(address: Address, record: LogRecord, seq: number, tally: Tally, step: Step): Expected[] {
  const { messages } = step
  const who = { tenant: address.tenant, kind: address.kind, actor: address.id }
  const standing = { ...who, case_no: tally.case.no, machine: record.machine, last_seq: seq }
  const own = { ...who, case_no: tally.case.no, machine: record.machine, history: messages.isHistory, seq }
  const rows: Expected[] = []
  for (const row of eventsOf(record)) rows.push(['events', { ...own, ...row }])
  for (const row of messagesOf(record, step)) rows.push(['messages', { ...own, committed_at: record.at, ...row }])
  if (record.status !== 'none' || (record.outcome === 'committed' && record.resolves === undefined)) {
    rows.push(['actors', { ...standing, ...actorOf(record, tally) }])
  }
  if (tally.messages > 0) rows.push(['conversations', { ...standing, ...conversationOf(record, tally) }])
  if (hasCaseRow(tally)) rows.push(['cases', { ...standing, ...caseOf(record, tally) }])
  if (step.asked !== undefined && !step.answered.some(({ turn }) => turn === step.asked?.turn)) {
    rows.push(['turns', { ...standing, ...questionOf(step.asked), ...UNANSWERED }])
  }
  for (const { idx, isNewest, ...question } of step.answered) {
    const sent = messages.sent.find(([index]) => index === idx)?.[1] ?? {}
    const at = idx === 0 ? messageTime(record) : record.at
    const responder = idx === 0 ? (messages.received?.role ?? null) : 'assistant'
    rows.push(['turns', { ...standing, ...questionOf(question), ...answerOf(question, sent, isNewest, { seq, idx, at, responder }) }])
  }
  const judgement = judgementIn(record)
  if (judgement !== undefined) {
    const { seq: answeredSeq, idx, at, caseNo, machine } = judgement.given
    const answer = { seq: answeredSeq, idx, at, responder: 'assistant' }
    for (const { question, sent, isNewest } of judgedTurns(judgement)) {
      const own = { ...standing, case_no: caseNo, machine, ...questionOf(question) }
      rows.push(['turns', { ...own, ...answerOf(question, sent, isNewest, answer) }])
    }
  }
  for (const row of scoresOf(record, seq, tally, step)) rows.push(['scores', { ...who, ...row }])
  const isOfConversation = isConversation(record.label)
  for (const row of isOfConversation ? intervalsOf(record, seq, step) : [])
    rows.push(['state_intervals', { ...own, ...row, case_no: step.caseBefore }])
  for (const row of citationsOf(step)) rows.push(['citations', { ...own, committed_at: record.at, ...row }])
  for (const row of isOfConversation ? tasksOf(record) : []) rows.push(['tasks', { ...standing, ...row }])
  for (const row of deadLettersOf(address, record, seq)) rows.push(['dead_letters', { ...who, last_seq: seq, ...row }])
  return rows
}

/** A message of LOG that is no record is a dead letter, whose payload is its beginning. */
export const expectedBadRecord = ({ seq, address: { tenant, kind, id }, bad: { why, subject, at, data } }: BadRecord): Expected => [
  'dead_letters',
  {
    tenant,
    kind,
    actor: id,
    seq,
    inbox_seq: 0,
    at,
    reason: 'bad_record',
    subject,
    error: why,
    payload: Buffer.from(data).toString('utf8', 0, LIMITS.rejectedPayloadCharsMax).toWellFormed(),
    resolved: false,
    last_seq: seq,
  },
]

type Columns = Record<string, ExpectedValue>

function eventsOf({ input, emitted, n, outcome, at, from, to, payload }: LogRecord): Columns[] {
  const both = { n, outcome, committed_at: at, correlation_id: input.correlationid ?? null, state_from: from, state_to: to }
  const data = JSON.stringify(input.data ?? {})
  return [
    {
      ...both,
      idx: 0,
      type: input.type,
      id: input.id,
      time: input.time,
      source: input.source,
      causation_id: input.causationid ?? null,
      data,
      data_raw: payload ?? data,
      attributes: attributesOf(input),
    },
    ...emitted.map((event, index) => ({
      ...both,
      idx: index + 1,
      type: event.type,
      id: event.id,
      time: at,
      source: 'colloquy',
      causation_id: input.id,
      data_raw: JSON.stringify(event.data),
      attributes: {},
    })),
  ]
}

function attributesOf({ attributes = {} }: LogRecord['input']): Record<string, string> {
  const entries = Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
  return Object.fromEntries(entries) as Record<string, string>
}

function messagesOf({ input, emitted, at }: LogRecord, { messages: { received, sent } }: Step): Columns[] {
  const message = (
    idx: number,
    id: string,
    role: string,
    text: string,
    lang: string | undefined,
    time: string,
    agent?: string,
  ): Columns => ({
    idx,
    id,
    role,
    text,
    time,
    agent: agent ?? null,
    lang: lang ?? detectLanguage(text) ?? null,
    chars: Array.from(text).length,
  })
  return [
    ...(received === undefined ? [] : [message(0, input.id, received.role, received.text, received.lang, input.time, received.agent)]),
    ...sent.map(([idx, { text, lang }]) => message(idx, emitted[idx - 1]?.id ?? '', 'assistant', text, lang, at)),
  ]
}

function actorOf({ to, status, n, at, label, state }: LogRecord, { firstAt, entered, parent }: Tally): Columns {
  const leaves = [...entered.keys()].sort()
  const open = leaves.map((state) => ({
    region: regionOf(state, leaves),
    state,
    enteredSeq: entered.get(state)?.seq ?? null,
    enteredAt: entered.get(state)?.at ?? '',
  }))
  const facts = Object.entries(state?.context ?? {}).filter(([, value]) => isFact(value))
  return {
    state: to,
    status,
    n,
    parent_kind: parent?.kind ?? null,
    parent: parent?.id ?? null,
    child: parent?.child ?? null,
    first_at: firstAt,
    last_at: at,
    label: JSON.stringify(label),
    label_raw: JSON.stringify(label),
    context_facts: JSON.stringify(Object.fromEntries(facts)),
    open_states: open,
  }
}

const isFact = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= CONTEXT_TEXT_CHARS_MAX)

const conversationOf = ({ to, at, label }: LogRecord, tally: Tally): Columns => ({
  history: tally.case.isHistory,
  state: to,
  messages: tally.messages,
  user_msgs: tally.userMessages,
  bot_msgs: tally.botMessages,
  agent_msgs: tally.agentMessages,
  first_at: tally.firstAt,
  last_at: at,
  intent: labelText(label, 'intent') ?? null,
  quality: labelNumber(label, 'quality') ?? tally.quality,
})

/** Whether the case has a row: it has a message, or was escalated, rated or closed. */
const hasCaseRow = ({ case: own }: Tally): boolean =>
  own.messages > 0 || own.escalations > 0 || own.rating !== null || own.closedAt !== null

function caseOf({ at }: LogRecord, { case: own, customer }: Tally): Columns {
  return {
    history: own.isHistory,
    committed_at: own.committedAt,
    opened_at: own.openedAt,
    customer,
    channel: own.channel,
    lang: own.lang,
    first_intent: own.intent,
    outcome: own.outcome,
    drop_state: own.dropState,
    escalation_reason: own.reason,
    first_responder: own.responder,
    first_response_at: own.respondedAt,
    escalated_at: own.escalatedAt,
    team: own.team,
    agent: own.agent,
    human_first_at: own.humanAt,
    wait_for_human_ms: waitOf(own),
    sla: own.overdue ? 'missed' : own.closedAt !== null && own.team !== null ? 'kept' : null,
    closed_at: own.closedAt,
    records: own.records,
    rejected: own.rejected,
    messages: own.messages,
    user_msgs: own.userMessages,
    bot_msgs: own.botMessages,
    agent_msgs: own.agentMessages,
    turns: own.turns,
    turns_answered: own.answered,
    escalations: own.escalations,
    tasks: own.tasks,
    tasks_failed: own.tasksFailed,
    tokens_in: own.tokensIn,
    tokens_out: own.tokensOut,
    cost: own.costMicros,
    rating: own.rating,
    tags: own.tags,
    counted: own.counted,
    last_at: at,
  }
}

function waitOf({ escalatedAt, humanAt }: CaseTally): number | null {
  if (escalatedAt === null || humanAt === null) return null
  const ms = Date.parse(humanAt) - Date.parse(escalatedAt)
  return ms < 0 ? 0 : ms
}

const questionOf = (asked: Question): Columns => ({
  history: asked.isHistory,
  turn: asked.turn,
  committed_at: asked.committedAt,
  asked_id: asked.id,
  asked_seq: asked.seq,
  asked_at: asked.at,
  lang: asked.lang,
  intent: asked.intent,
  intent_confidence: asked.confidence,
})

const UNANSWERED = {
  answered_seq: null,
  answered_idx: null,
  answered_at: null,
  responder: null,
  latency_ms: null,
  act: null,
  intents: [],
  because: [],
  understanding_version: null,
  lookups: [],
  hits: null,
  model: null,
  model_version: null,
  tier: null,
  complexity: null,
  tier_reason: null,
  cached_seq: null,
  cached_level: null,
  cached_knowledge_seq: null,
  prompt_version: null,
  kb_version: null,
  tokens_in: null,
  tokens_out: null,
  cost: null,
  quality: null,
  evaluator: null,
} as const

interface Answer {
  readonly seq: number
  readonly idx: number
  readonly at: string
  readonly responder: string | null
}

/** @param sent what the answer states, if the machine sent it */
function answerOf({ at, intent, confidence }: Question, sent: Partial<Sent>, isNewest: boolean, answer: Answer): Columns {
  const once = (value: number | undefined): number | null => (isNewest ? (value ?? null) : null)
  return {
    answered_seq: answer.seq,
    answered_idx: answer.idx,
    answered_at: answer.at,
    responder: answer.responder,
    latency_ms: Math.max(0, Date.parse(answer.at) - Date.parse(at)),
    intent: sent.intent ?? intent,
    intent_confidence: sent.intentConfidence ?? confidence,
    act: sent.act ?? null,
    intents: sent.intents ?? [],
    because: sent.because ?? [],
    understanding_version: sent.understandingVersion ?? null,
    lookups: sent.lookups ?? [],
    hits: sent.hits ?? null,
    model: sent.model ?? null,
    model_version: sent.modelVersion ?? null,
    tier: sent.tier ?? null,
    complexity: sent.complexity ?? null,
    tier_reason: sent.tierReason ?? null,
    cached_seq: sent.cachedFrom?.seq ?? null,
    cached_level: sent.cachedFrom?.level ?? null,
    cached_knowledge_seq: sent.cachedFrom?.knowledgeSeq ?? null,
    prompt_version: sent.promptVersion ?? null,
    kb_version: sent.kbVersion ?? null,
    tokens_in: once(sent.tokensIn),
    tokens_out: once(sent.tokensOut),
    cost: once(sent.costMicros),
    quality: sent.quality ?? null,
    evaluator: sent.evaluator ?? null,
  }
}

/** The cause of an exit comes from the record: only the machine knows which delay started a timer. */
function intervalsOf(record: LogRecord, seq: number, { enteredBefore }: Step): Columns[] {
  const before = [...enteredBefore.keys()]
  const after = leavesOf(record.to)
  const causes = new Map((record.left ?? []).map(({ state, cause }) => [state, cause]))
  return before
    .filter((state) => !after.includes(state) || causes.has(state))
    .map((state) => {
      const region = regionOf(state, before)
      const inRegion = after.filter((leaf) => isWithin(leaf, region))
      const { at, seq: enteredSeq } = enteredBefore.get(state) ?? { at: record.at, seq: null }
      return {
        left_seq: seq,
        region,
        state,
        next: (inRegion.length > 0 ? inRegion : after).join('+'),
        cause: causes.get(state) ?? record.input.type,
        entered_seq: enteredSeq,
        entered_at: at,
        left_at: record.at,
        ms: Math.max(0, Date.parse(record.at) - Date.parse(at)),
      }
    })
}

function citationsOf({ messages: { sent }, answered }: Step): Columns[] {
  return sent.flatMap(([idx, { sources }]) => {
    const turn = answered.find((one) => one.idx === idx && one.isNewest)?.turn ?? null
    return sources.map(({ source, chunk, score }, index) => ({
      idx,
      turn,
      rank: index + 1,
      source,
      chunk: chunk ?? null,
      score: score ?? null,
    }))
  })
}

function tasksOf({ ended, started, at }: LogRecord): Columns[] {
  const unknown = {
    attempts: null,
    queue_ms: null,
    duration_ms: null,
    error_code: null,
    error: null,
    attempt_error_code: null,
    attempt_error: null,
  }
  return [
    ...ended.map((end) => ({
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
    })),
    ...started.map(({ run, task }) => ({ ...unknown, run, name: task, status: 'running', started_at: at })),
  ]
}

function deadLettersOf(
  { tenant, kind, id }: Address,
  { inbox, at, reason, subject, error, payload, ended, resolves }: LogRecord,
  seq: number,
): Columns[] {
  const own = { seq, inbox_seq: inbox.seq, at, resolved: false }
  return [
    ...(reason === undefined ? [] : [{ ...own, reason, subject: subject ?? '', error: error ?? '', payload: payload ?? '' }]),
    ...ended
      .filter(({ status }) => status === 'failed' || status === 'expired')
      .map((end) => ({
        ...own,
        reason: 'task_failed',
        subject: `task.${end.task}.${tenant}.${kind}.${id}`,
        error: `${end.error?.code ?? ''}: ${end.error?.message ?? ''}`,
        payload: JSON.stringify(end),
      })),
    ...(resolves === undefined
      ? []
      : [
          {
            seq: resolves.logSeq,
            inbox_seq: resolves.inboxSeq,
            at: resolves.at,
            resolved: true,
            reason: resolves.reason,
            subject: resolves.subject,
            error: resolves.error,
            payload: resolves.payload,
          },
        ]),
  ]
}
