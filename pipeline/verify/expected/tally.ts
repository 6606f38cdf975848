import { detectLanguage } from '../../../actors/core/detect-language.ts'
import { labelNumber, labelText, readOutcome, readRating, readReason } from '../../../schemas/event-readers.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { messageTime, messagesIn, type ExpectedMessage } from './expected-messages.ts'
import { enteredIntervals, type Entered } from './expected-intervals.ts'

/** A question that waits for an answer. */
export interface Question {
  readonly turn: number
  readonly id: string
  readonly seq: number | null
  readonly at: string
  readonly committedAt: string
  readonly isHistory: boolean
  readonly lang: string | null
  readonly intent: string | null
  readonly confidence: number | null
}

export interface Answered extends Question {
  readonly idx: number
  /** The newest of those that one reply answers. */
  readonly isNewest: boolean
}

/** The counts of one case. */
export interface CaseTally {
  readonly no: number
  readonly isHistory: boolean
  readonly committedAt: string
  readonly openedAt: string
  channel: string | null
  lang: string | null
  intent: string | null
  outcome: string | null
  dropState: string | null
  reason: string | null
  responder: string | null
  respondedAt: string | null
  escalatedAt: string | null
  closedAt: string | null
  rating: number | null
  records: number
  rejected: number
  messages: number
  userMessages: number
  botMessages: number
  agentMessages: number
  turns: number
  answered: number
  escalations: number
  tasks: number
  tasksFailed: number
  tokensIn: number | null
  tokensOut: number | null
  costMicros: number | null
}

/** What the rows of an actor need to know of its records so far; counted here from its first record on. */
export interface Tally {
  readonly firstAt: string
  case: CaseTally
  isClosed: boolean
  customer: string | null
  /** Of the last answer that had one. */
  quality: number | null
  messages: number
  userMessages: number
  botMessages: number
  agentMessages: number
  turns: number
  waiting: Question[]
  labelRating: number | undefined
  entered: ReadonlyMap<string, Entered>
  /** Number of the last record. */
  n: number
}

/** What happened with one record. */
export interface Step {
  readonly told: ExpectedMessage
  /** Of the case before it. */
  readonly caseBefore: number
  readonly enteredBefore: ReadonlyMap<string, Entered>
  readonly asked: Question | undefined
  readonly answered: readonly Answered[]
}

/** Counts a record in. `tally` is changed. */
export function count(tally: Tally | undefined, record: LogRecord, seq: number): { tally: Tally; step: Step } {
  const told = messagesIn(record)
  const now = tally ?? firstOf(record)
  const caseBefore = now.case.no
  const enteredBefore = now.entered
  if (tally !== undefined && opensAnother(now, told)) {
    now.case = newCase(now.case.no + 1, record, told.isHistory)
    now.isClosed = false
    now.waiting = []
  }
  const asked = countSaid(now, record, told, seq)
  const answered = countAnswers(now, record, told)
  countEvents(now, record, told)
  now.entered = enteredIntervals(enteredBefore, record, seq)
  now.n = record.n
  return { tally: now, step: { told, caseBefore, enteredBefore, asked, answered } }
}

const opensAnother = ({ isClosed, case: { isHistory } }: Tally, { received, isHistory: isToldAsHistory }: ExpectedMessage): boolean =>
  received !== undefined && !isToldAsHistory && (isClosed || isHistory)

function firstOf(record: LogRecord): Tally {
  return {
    firstAt: record.at, case: newCase(1, record, record.input.history === true), isClosed: false, customer: null, quality: null,
    messages: 0, userMessages: 0, botMessages: 0, agentMessages: 0, turns: 0, waiting: [], labelRating: undefined, entered: new Map(), n: 0,
  }
}

export const newCase = (no: number, record: LogRecord, isHistory: boolean): CaseTally => ({
  no, isHistory, committedAt: record.at, openedAt: messageTime(record), channel: null, lang: null, intent: null, outcome: null, dropState: null,
  reason: null, responder: null, respondedAt: null, escalatedAt: null, closedAt: null, rating: null, records: 0, rejected: 0, messages: 0,
  userMessages: 0, botMessages: 0, agentMessages: 0, turns: 0, answered: 0, escalations: 0, tasks: 0, tasksFailed: 0, tokensIn: null,
  tokensOut: null, costMicros: null,
})

function countSaid(now: Tally, record: LogRecord, { received, sent, isHistory }: ExpectedMessage, seq: number): Question | undefined {
  const own = now.case
  const by = (role: string | undefined): [number, number, number, number] =>
    [(role === undefined ? 0 : 1) + sent.length, role === 'user' ? 1 : 0, (role === 'assistant' ? 1 : 0) + sent.length, role === 'agent' ? 1 : 0]
  const [all, user, bot, agent] = by(received?.role)
  for (const counts of [now, own]) {
    counts.messages += all
    counts.userMessages += user
    counts.botMessages += bot
    counts.agentMessages += agent
  }
  // History in a live case, or the other way round, counts and says nothing else.
  const isOfCase = isHistory === own.isHistory
  if (received?.role !== 'user') return undefined
  now.turns += 1
  own.turns += 1
  // A machine is shown nothing past, so its label says nothing of it.
  const label = (name: string): string | null => (isHistory ? null : labelText(record.label, name) ?? null)
  if (isOfCase) {
    own.channel ??= received.channel ?? label('channel') ?? record.input.source
    own.lang ??= received.lang ?? label('lang') ?? detectLanguage(received.text) ?? null
  }
  const asked: Question = {
    turn: now.turns, id: record.input.id, seq, at: messageTime(record), committedAt: record.at, isHistory, lang: received.lang ?? label('lang'),
    intent: label('intent'), confidence: isHistory ? null : labelNumber(record.label, 'confidence') ?? null,
  }
  now.waiting = [...now.waiting, asked].slice(-LIMITS.openTurnsMax)
  return asked
}

function countAnswers(now: Tally, record: LogRecord, { received, sent, isHistory }: ExpectedMessage): Answered[] {
  const answered: Answered[] = []
  const answer = (idx: number, replyTo: string | undefined): void => {
    const fits = (question: Question): boolean => (replyTo !== undefined ? question.id === replyTo : question.isHistory === (isHistory && idx === 0))
    const found = now.waiting.filter(fits)
    now.waiting = now.waiting.filter((question) => !fits(question))
    answered.push(...found.map((question, index) => ({ ...question, idx, isNewest: index === found.length - 1 })))
  }
  if (received?.role === 'assistant' || received?.role === 'agent') answer(0, undefined)
  for (const [idx, { replyTo, quality }] of sent) {
    answer(idx, replyTo)
    now.quality = quality ?? now.quality
  }
  now.case.answered += answered.length
  const own = now.case
  if (isAsked(own) && own.responder === null && isHistory === own.isHistory) {
    const told = received?.role === 'assistant' || received?.role === 'agent' ? received.role : undefined
    if (told !== undefined) [own.responder, own.respondedAt] = [told, messageTime(record)]
    else if (sent.length > 0) [own.responder, own.respondedAt] = ['assistant', record.at]
  }
  return answered
}

/** A user has said something that is of the case: from then on its channel is known. */
const isAsked = ({ channel }: CaseTally): boolean => channel !== null

function countEvents(now: Tally, record: LogRecord, { received, sent }: ExpectedMessage): void {
  const own = now.case
  own.records += 1
  if (record.outcome === 'rejected') own.rejected += 1
  own.tasks += record.started.length
  own.tasksFailed += record.ended.filter(({ status }) => status === 'failed' || status === 'expired').length
  for (const [, { tokensIn, tokensOut, costMicros }] of sent) {
    if (tokensIn !== undefined) own.tokensIn = (own.tokensIn ?? 0) + tokensIn
    if (tokensOut !== undefined) own.tokensOut = (own.tokensOut ?? 0) + tokensOut
    if (costMicros !== undefined) own.costMicros = (own.costMicros ?? 0) + costMicros
  }
  for (const { type, data } of record.emitted) {
    if (type === 'escalated') {
      own.escalations += 1
      own.escalatedAt ??= record.at
      if (own.escalations === 1) own.reason = readReason(data) ?? null
    }
    if (type === 'case.closed') {
      now.isClosed = true
      own.outcome = readOutcome(data) ?? null
      own.closedAt = record.at
      own.dropState = record.input.type === 'timer.fired' || own.outcome === 'abandoned' ? record.from : null
    }
  }
  const labelRating = labelNumber(record.label, 'rating')
  if (record.outcome === 'committed' && record.input.type === 'feedback.given') own.rating = readRating(record.input.data) ?? own.rating
  else if (labelRating !== undefined && labelRating !== now.labelRating) own.rating = labelRating
  now.labelRating = labelRating
  now.customer = received?.customer ?? labelText(record.label, 'customer') ?? now.customer
  if (isAsked(own) && !own.isHistory) own.intent ??= labelText(record.label, 'intent') ?? null
}
