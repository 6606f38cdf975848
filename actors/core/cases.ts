import type { Input } from '../../schemas/envelope.ts'
import {
  type Imported,
  isConversation,
  isServed,
  labelNumber,
  labelText,
  readAtDesk,
  readImported,
  readOutcome,
  readRating,
  readReason,
} from '../../schemas/event-readers.ts'
import type { Case, LogRecord } from '../../schemas/record.ts'
import { detectLanguage } from './detect-language.ts'
import { type ObservedMessage, observedMessages, reachedAt } from './observed-messages.ts'
import { nextTurns, withLogSeq } from './turns.ts'

/** The parts of a record that decide how the case continues, and the case before the record. */
export interface CaseStep extends Pick<LogRecord, 'at' | 'inbox' | 'outcome' | 'from' | 'label' | 'emitted' | 'started' | 'ended'> {
  readonly input: Input
  /** The actor that follows from this record on; default: the one before. */
  readonly follower?: Case['follower']
  /** The actor's parent, where this record starts it as a child; default: the one before. */
  readonly parent?: Case['parent']
  readonly before: Case | undefined
  readonly labelBefore: LogRecord['label']
  /** LOG sequence of the actor's last record; undefined where unknown. */
  readonly lastSeq: number | undefined
  /** The cause of the transition, as `causeOf` names it. */
  readonly cause: string
}

type Counts = NonNullable<Case['counts']>

/**
 * Computes the running counts after one record, and the questions that the record answers.
 *
 * The first input opens a case; an emitted `case.closed` closes it. The next live message opens another case, and so does the first live
 * message after imported history. A history message in a live case changes only the counts, and so does a live message in a case of
 * history.
 */
export function nextCase(given: CaseStep): { case: Case; answered: LogRecord['answered'] } {
  // What an actor that is no conversation emits and receives says nothing about a case.
  const step = isConversation(given.label) ? given : { ...given, emitted: [] }
  const { before, input, at, label } = step
  const messages = step.outcome === 'committed' ? observedMessages(step) : []
  const inputMessage = messages[0]?.idx === 0 ? messages[0] : undefined
  const reopens = before !== undefined && inputMessage?.history === false && (before.closed || before.history === true)
  const opens = before === undefined || reopens
  /** The facts of the current case so far. */
  const known: Partial<Case> = opens ? {} : before
  const history = opens ? input.history : known.history
  const caseMessages = messages.filter((one) => one.history === (history === true))
  const turns = nextTurns({ turns: before?.turns ?? 0, open: withLogSeq(known.open ?? [], step.lastSeq) }, messages, at, label)
  const byRole = countByRole(messages)
  const caseClosed = step.emitted.findLast(({ type }) => type === 'case.closed')
  const channel = known.channel ?? channelOf(caseMessages, step)
  const imported = history === true ? importedBy(step) : undefined
  const isOfCase = step.outcome === 'committed' && isConversation(label) && (input.history === true) === (history === true)
  const atDesk = isOfCase ? readAtDesk(input.type, input.data) : {}
  const human = caseMessages.find(({ role }) => role === 'agent')

  const after: Case = {
    no: (before?.no ?? 1) + (reopens ? 1 : 0),
    openedAt: known.openedAt ?? at,
    closed: caseClosed !== undefined || known.closed === true,
    firstAt: before?.firstAt ?? at,
    messages: (before?.messages ?? 0) + messages.length,
    userMessages: (before?.userMessages ?? 0) + byRole.user,
    botMessages: (before?.botMessages ?? 0) + byRole.assistant,
    agentMessages: (before?.agentMessages ?? 0) + byRole.agent,
    turns: nonZero(turns.turns),
    open: turns.open.length === 0 ? undefined : [...turns.open],
    quality: messages.findLast(({ sent }) => sent?.quality !== undefined)?.sent?.quality ?? before?.quality,
    customer: inputMessage?.received?.customer ?? labelText(label, 'customer') ?? before?.customer,
    follower: step.follower ?? before?.follower,
    parent: step.parent ?? before?.parent,
    history: history === true ? true : undefined,
    arrivedAt: opens ? reachedAt(input, step.inbox.ts) : known.arrivedAt,
    channel,
    lang: known.lang ?? languageOf(caseMessages, label),
    intent: known.intent ?? (channel === undefined || history === true ? undefined : labelText(label, 'intent')),
    responded: known.responded ?? responseOf(caseMessages, known.channel !== undefined),
    escalated: known.escalated ?? escalationOf(step),
    ended:
      caseClosed === undefined
        ? imported?.counted === true
          ? { at: imported.endedAt ?? at }
          : known.ended
        : { at, outcome: readOutcome(caseClosed.data), drop: dropOf(step, readOutcome(caseClosed.data)) },
    rating: imported?.rating ?? ratingOf(step) ?? known.rating,
    tags: imported?.tags === undefined ? known.tags : [...imported.tags],
    counted: imported?.counted === true ? true : known.counted,
    agent: atDesk.agent ?? human?.received?.agent ?? known.agent,
    team: atDesk.team ?? known.team,
    humanAt: known.humanAt ?? human?.at,
    overdue: atDesk.isOverdue === true ? true : known.overdue,
    counts: nextCounts(known.counts, step, messages, byRole, turns.answered.length),
  }
  return { case: after, answered: turns.answered.length === 0 ? undefined : turns.answered }
}

const nonZero = (count: number): number | undefined => (count === 0 ? undefined : count)

function channelOf(messages: readonly ObservedMessage[], { input, label }: CaseStep): string | undefined {
  const asked = messages.find(({ role }) => role === 'user')
  if (asked === undefined) return undefined
  return asked.received?.channel ?? (asked.history ? undefined : labelText(label, 'channel')) ?? input.source
}

function languageOf(messages: readonly ObservedMessage[], label: LogRecord['label']): string | undefined {
  const asked = messages.find(({ role }) => role === 'user')
  if (asked?.received === undefined) return undefined
  const { lang, text } = asked.received
  return lang ?? (asked.history ? undefined : labelText(label, 'lang')) ?? detectLanguage(text) ?? undefined
}

function responseOf(messages: readonly ObservedMessage[], hadQuestion: boolean): Case['responded'] {
  const asked = messages.findIndex(({ role }) => role === 'user')
  if (asked < 0 && !hadQuestion) return undefined
  const response = messages.slice(hadQuestion ? 0 : asked + 1).find(({ role }) => role === 'assistant' || role === 'agent')
  return response === undefined ? undefined : { at: response.at, by: response.role === 'agent' ? 'agent' : 'assistant' }
}

function escalationOf({ emitted, at }: CaseStep): Case['escalated'] {
  const escalated = emitted.find(({ type }) => type === 'escalated')
  return escalated === undefined ? undefined : { at, reason: readReason(escalated.data) }
}

/** The state in which the customer dropped out: a timer closed the case without serving him, or its outcome is abandoned. */
function dropOf({ cause, from }: CaseStep, outcome: string | undefined): string | undefined {
  if (isServed(outcome)) return undefined
  return (cause.startsWith('timer:') || outcome === 'abandoned') && from !== '' ? from : undefined
}

/** The facts about a conversation of history, from the input that ends its import. */
const importedBy = ({ outcome, input }: CaseStep): Imported | undefined =>
  outcome === 'committed' && input.type === 'conversation.imported' ? readImported(input.data) : undefined

function ratingOf({ outcome, input, label, labelBefore }: CaseStep): number | undefined {
  if (outcome === 'committed' && input.type === 'feedback.given' && isConversation(label)) return readRating(input.data)
  const rating = labelNumber(label, 'rating')
  return rating === labelNumber(labelBefore, 'rating') ? undefined : rating
}

function countByRole(messages: readonly ObservedMessage[]): Record<ObservedMessage['role'], number> {
  const by = { user: 0, assistant: 0, agent: 0, system: 0 }
  for (const { role } of messages) by[role] += 1
  return by
}

function nextCounts(
  before: Counts | undefined,
  step: CaseStep,
  messages: readonly ObservedMessage[],
  byRole: ReturnType<typeof countByRole>,
  answered: number,
): Counts {
  const increased = (name: keyof Counts, more: number): number | undefined => nonZero((before?.[name] ?? 0) + more)
  return {
    records: (before?.records ?? 0) + 1,
    rejected: increased('rejected', step.outcome === 'rejected' ? 1 : 0),
    messages: increased('messages', messages.length),
    userMessages: increased('userMessages', byRole.user),
    botMessages: increased('botMessages', byRole.assistant),
    agentMessages: increased('agentMessages', byRole.agent),
    turns: increased('turns', byRole.user),
    answered: increased('answered', answered),
    escalations: increased('escalations', step.emitted.filter(({ type }) => type === 'escalated').length),
    tasks: increased('tasks', step.started.length),
    tasksFailed: increased('tasksFailed', step.ended.filter(({ status }) => status === 'failed' || status === 'expired').length),
    tokensIn: sum(before?.tokensIn, messages, 'tokensIn'),
    tokensOut: sum(before?.tokensOut, messages, 'tokensOut'),
    costMicros: sum(before?.costMicros, messages, 'costMicros'),
  }
}

/** The new total; undefined where there was nothing to add. A total that would no longer be an exact integer keeps its old value. */
function sum(
  before: number | undefined,
  messages: readonly ObservedMessage[],
  name: 'tokensIn' | 'tokensOut' | 'costMicros',
): number | undefined {
  let total = before
  for (const { sent } of messages) {
    const more = sent?.[name]
    if (more !== undefined && Number.isSafeInteger((total ?? 0) + more)) total = (total ?? 0) + more
  }
  return total
}
