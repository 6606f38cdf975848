import { detectLanguage } from '../../../actors/core/detect-language.ts'
import {
  isConversation,
  labelNumber,
  labelText,
  readAtDesk,
  readImported,
  readOutcome,
  readRating,
  readReason,
} from '../../../schemas/event-readers.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { type Entered, enteredIntervals } from './expected-intervals.ts'
import { emittedInCase, messagesIn, messageTime, type RecordMessages } from './expected-messages.ts'

/** A user message that counts as a question. */
export interface Question {
  /** Number of the turn, from 1. */
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

/** A question that the record answers. */
export interface Answered extends Question {
  /** Index of the reply in the record. */
  readonly idx: number
  /** Whether it is the newest question that this reply answers. */
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
  team: string | null
  agent: string | null
  humanAt: string | null
  overdue: boolean
  closedAt: string | null
  rating: number | null
  tags: readonly string[]
  counted: boolean
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

/** The counts over all records of an actor so far, from which its rows are computed. */
export interface Tally {
  readonly firstAt: string
  case: CaseTally
  isClosed: boolean
  customer: string | null
  /** Whether its machine has been started. */
  isStarted: boolean
  /** The actor that started it as its child. */
  parent: { readonly kind: string; readonly id: string; readonly child: string } | null
  /** Quality of the last reply that has one. */
  quality: number | null
  messages: number
  userMessages: number
  botMessages: number
  agentMessages: number
  turns: number
  openQuestions: Question[]
  labelRating: number | undefined
  entered: ReadonlyMap<string, Entered>
  /** Number of the last counted record. */
  n: number
}

/** The effects of one record. */
export interface Step {
  readonly messages: RecordMessages
  /** Number of the case before the record. */
  readonly caseBefore: number
  readonly enteredBefore: ReadonlyMap<string, Entered>
  readonly asked: Question | undefined
  readonly answered: readonly Answered[]
}

/** Adds a record to the counts. Changes `tally`. */
export function count(tally: Tally | undefined, record: LogRecord, seq: number): { tally: Tally; step: Step } {
  const messages = messagesIn(record)
  const now = tally ?? newTally(record)
  const caseBefore = now.case.no
  const enteredBefore = now.entered
  if (tally !== undefined && opensCase(now, messages)) {
    now.case = newCase(now.case.no + 1, record, messages.isHistory)
    now.isClosed = false
    now.openQuestions = []
  }
  const asked = countMessages(now, record, messages, seq)
  const answered = countAnswers(now, record, messages)
  countEvents(now, record, messages)
  if (!now.isStarted && record.outcome === 'committed' && record.state !== null) {
    now.isStarted = true
    now.parent = parentIn(record)
  }
  now.entered = enteredIntervals(enteredBefore, record, seq)
  now.n = record.n
  return { tally: now, step: { messages, caseBefore, enteredBefore, asked, answered } }
}

/** The parent that an actor's first committed input for its machine names; only a parent can send that type. */
function parentIn({ input: { type, source, data } }: LogRecord): Tally['parent'] {
  const [, , kind, id] = source.split('/')
  if (type !== 'xstate.init' || kind === undefined || id === undefined) return null
  return { kind, id, child: String(data?.['child']) }
}

const opensCase = ({ isClosed, case: ownCase }: Tally, { received, isHistory }: RecordMessages): boolean =>
  received !== undefined && !isHistory && (isClosed || ownCase.isHistory)

function newTally(record: LogRecord): Tally {
  return {
    firstAt: record.at,
    case: newCase(1, record, record.input.history === true),
    isClosed: false,
    customer: null,
    isStarted: false,
    parent: null,
    quality: null,
    messages: 0,
    userMessages: 0,
    botMessages: 0,
    agentMessages: 0,
    turns: 0,
    openQuestions: [],
    labelRating: undefined,
    entered: new Map(),
    n: 0,
  }
}

export const newCase = (no: number, record: LogRecord, isHistory: boolean): CaseTally => ({
  no,
  isHistory,
  committedAt: record.at,
  openedAt: messageTime(record),
  channel: null,
  lang: null,
  intent: null,
  outcome: null,
  dropState: null,
  reason: null,
  responder: null,
  respondedAt: null,
  escalatedAt: null,
  team: null,
  agent: null,
  humanAt: null,
  overdue: false,
  closedAt: null,
  rating: null,
  tags: [],
  counted: false,
  records: 0,
  rejected: 0,
  messages: 0,
  userMessages: 0,
  botMessages: 0,
  agentMessages: 0,
  turns: 0,
  answered: 0,
  escalations: 0,
  tasks: 0,
  tasksFailed: 0,
  tokensIn: null,
  tokensOut: null,
  costMicros: null,
})

function countMessages(now: Tally, record: LogRecord, { received, sent, isHistory }: RecordMessages, seq: number): Question | undefined {
  const own = now.case
  const role = received?.role
  const all = (role === undefined ? 0 : 1) + sent.length
  const user = role === 'user' ? 1 : 0
  const bot = (role === 'assistant' ? 1 : 0) + sent.length
  const agent = role === 'agent' ? 1 : 0
  for (const counts of [now, own]) {
    counts.messages += all
    counts.userMessages += user
    counts.botMessages += bot
    counts.agentMessages += agent
  }
  // History in a live case, and a live message in a historic case, only changes counts.
  const isOfCase = isHistory === own.isHistory
  if (received?.role !== 'user') return undefined
  now.turns += 1
  own.turns += 1
  // The machine does not process history, so its label does not describe it.
  const label = (name: string): string | null => (isHistory ? null : (labelText(record.label, name) ?? null))
  if (isOfCase) {
    own.channel ??= received.channel ?? label('channel') ?? record.input.source
    own.lang ??= received.lang ?? label('lang') ?? detectLanguage(received.text) ?? null
  }
  const asked: Question = {
    turn: now.turns,
    id: record.input.id,
    seq,
    at: messageTime(record),
    committedAt: record.at,
    isHistory,
    lang: received.lang ?? label('lang'),
    intent: label('intent'),
    confidence: isHistory ? null : (labelNumber(record.label, 'confidence') ?? null),
  }
  now.openQuestions = [...now.openQuestions, asked].slice(-LIMITS.openTurnsMax)
  return asked
}

function countAnswers(now: Tally, record: LogRecord, { received, sent, isHistory }: RecordMessages): Answered[] {
  const answered: Answered[] = []
  const answer = (idx: number, replyTo: string | undefined): void => {
    const fits = (question: Question): boolean =>
      replyTo !== undefined ? question.id === replyTo : question.isHistory === (isHistory && idx === 0)
    const found = now.openQuestions.filter(fits)
    now.openQuestions = now.openQuestions.filter((question) => !fits(question))
    answered.push(...found.map((question, index) => ({ ...question, idx, isNewest: index === found.length - 1 })))
  }
  if (received?.role === 'assistant' || received?.role === 'agent') answer(0, undefined)
  for (const [idx, { replyTo, quality }] of sent) {
    answer(idx, replyTo)
    now.quality = quality ?? now.quality
  }
  now.case.answered += answered.length
  const own = now.case
  if (hasUserMessage(own) && own.responder === null && isHistory === own.isHistory) {
    const role = received?.role === 'assistant' || received?.role === 'agent' ? received.role : undefined
    if (role !== undefined) [own.responder, own.respondedAt] = [role, messageTime(record)]
    else if (sent.length > 0) [own.responder, own.respondedAt] = ['assistant', record.at]
  }
  return answered
}

/** Whether the case has a user message: the first one sets the channel. */
const hasUserMessage = ({ channel }: CaseTally): boolean => channel !== null

function countEvents(now: Tally, record: LogRecord, { received, sent }: RecordMessages): void {
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
  for (const { type, data } of emittedInCase(record)) {
    if (type === 'escalated') {
      own.escalations += 1
      own.escalatedAt ??= record.at
      if (own.escalations === 1) own.reason = readReason(data) ?? null
    }
    if (type === 'case.closed') {
      now.isClosed = true
      own.outcome = readOutcome(data) ?? null
      own.closedAt = record.at
      const isLost = (record.input.type === 'timer.fired' && !isServed(own.outcome)) || own.outcome === 'abandoned'
      own.dropState = isLost ? record.from : null
    }
  }
  if (own.isHistory && record.outcome === 'committed' && record.input.type === 'conversation.imported') countImported(own, record)
  countPeople(own, record, received)
  const labelRating = labelNumber(record.label, 'rating')
  const isRated = record.outcome === 'committed' && record.input.type === 'feedback.given' && isConversation(record.label)
  if (isRated) own.rating = readRating(record.input.data) ?? own.rating
  else if (labelRating !== undefined && labelRating !== now.labelRating) own.rating = labelRating
  now.labelRating = labelRating
  now.customer = received?.customer ?? labelText(record.label, 'customer') ?? now.customer
  if (hasUserMessage(own) && !own.isHistory) own.intent ??= labelText(record.label, 'intent') ?? null
}

/** The people who have the case. Records of an earlier version know none, and count for none. */
function countPeople(own: CaseTally, record: LogRecord, received: RecordMessages['received']): void {
  const { input, case: known } = record
  if (record.outcome !== 'committed' || !isConversation(record.label) || own.isHistory !== (input.history === true)) return
  const { agent = received?.role === 'agent' ? received.agent : undefined, team, isOverdue } = readAtDesk(input.type, input.data)
  if (known.agent !== undefined) own.agent = agent ?? own.agent
  if (known.team !== undefined) own.team = team ?? own.team
  if (known.overdue === true && isOverdue === true) own.overdue = true
  if (known.humanAt !== undefined && received?.role === 'agent') own.humanAt ??= messageTime(record)
}

/** A case that ends so has lost no customer. */
export const isServed = (outcome: string | null): boolean => ['resolved', 'escalated_resolved', 'answered'].includes(outcome ?? '')

/** The facts of an imported conversation. */
function countImported(own: CaseTally, { input, at }: LogRecord): void {
  const { rating, tags, counted, endedAt } = readImported(input.data)
  own.rating = rating ?? own.rating
  own.tags = tags ?? own.tags
  if (!counted) return
  own.counted = true
  own.closedAt = endedAt ?? at
}
