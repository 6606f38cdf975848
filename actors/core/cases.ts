import type { Input } from '../../schemas/envelope.ts'
import { labelNumber, labelText, readOutcome, readRating, readReason } from '../../schemas/event-readers.ts'
import type { Case, LogRecord } from '../../schemas/record.ts'
import { detectLanguage } from './detect-language.ts'
import { reachedAt, observedMessages, type ObservedMessage } from './observed-messages.ts'
import { nextTurns, placed } from './turns.ts'

/** What a record that is being made says already, and what it follows. */
export interface CaseStep extends Pick<LogRecord, 'at' | 'inbox' | 'outcome' | 'from' | 'label' | 'emitted' | 'started' | 'ended'> {
  readonly input: Input
  readonly before: Case | undefined
  readonly labelBefore: LogRecord['label']
  /** LOG sequence of the actor's last record, if it is known. */
  readonly lastSeq: number | undefined
  /** What made the machine move. */
  readonly cause: string
}

type Counts = NonNullable<Case['counts']>

/**
 * The running counts after one record, and the questions that it answers. A case is opened by the first input and closed by an
 * emitted `case.closed`; the next live thing that somebody says opens another, as does the first one after imported history.
 * What is said as history in a live case, or the other way round, is counted and says nothing else about the case.
 */
export function nextCase(step: CaseStep): { case: Case; answered: LogRecord['answered'] } {
  const { before, input, at, label, emitted } = step
  const said = step.outcome === 'committed' ? observedMessages(step) : []
  const spoken = said[0]?.idx === 0 ? said[0] : undefined
  const reopens = before !== undefined && spoken?.history === false && (before.closed || before.history === true)
  const opens = before === undefined || reopens
  /** What was known of this case. */
  const known: Partial<Case> = opens ? {} : before
  const history = opens ? input.history : known.history
  const told = said.filter((one) => one.history === (history === true))
  const turns = nextTurns({ turns: before?.turns ?? 0, open: placed(known.open ?? [], step.lastSeq) }, said, at, label)
  const by = tally(said)
  const closing = emitted.findLast(({ type }) => type === 'case.closed')
  const channel = known.channel ?? channelOf(told, step)

  const after: Case = {
    no: (before?.no ?? 1) + (reopens ? 1 : 0),
    openedAt: known.openedAt ?? at,
    closed: closing !== undefined || known.closed === true,
    firstAt: before?.firstAt ?? at,
    messages: (before?.messages ?? 0) + said.length,
    userMessages: (before?.userMessages ?? 0) + by.user,
    botMessages: (before?.botMessages ?? 0) + by.assistant,
    agentMessages: (before?.agentMessages ?? 0) + by.agent,
    turns: some(turns.turns),
    open: turns.open.length === 0 ? undefined : [...turns.open],
    quality: said.findLast(({ sent }) => sent?.quality !== undefined)?.sent?.quality ?? before?.quality,
    customer: spoken?.received?.customer ?? labelText(label, 'customer') ?? before?.customer,
    history: history === true ? true : undefined,
    arrivedAt: opens ? reachedAt(input, step.inbox.ts) : known.arrivedAt,
    channel,
    lang: known.lang ?? languageOf(told, label),
    intent: known.intent ?? (channel === undefined || history === true ? undefined : labelText(label, 'intent')),
    responded: known.responded ?? responseOf(told, known.channel !== undefined),
    escalated: known.escalated ?? escalationOf(step),
    ended: closing === undefined ? known.ended : { at, outcome: readOutcome(closing.data), drop: dropOf(step, readOutcome(closing.data)) },
    rating: ratingOf(step) ?? known.rating,
    counts: nextCounts(known.counts, step, said, by, turns.answered.length),
  }
  return { case: after, answered: turns.answered.length === 0 ? undefined : turns.answered }
}

const some = (count: number): number | undefined => (count === 0 ? undefined : count)

function channelOf(told: readonly ObservedMessage[], { input, label }: CaseStep): string | undefined {
  const asked = told.find(({ role }) => role === 'user')
  if (asked === undefined) return undefined
  return asked.received?.channel ?? (asked.history ? undefined : labelText(label, 'channel')) ?? input.source
}

function languageOf(told: readonly ObservedMessage[], label: LogRecord['label']): string | undefined {
  const asked = told.find(({ role }) => role === 'user')
  if (asked?.received === undefined) return undefined
  const { lang, text } = asked.received
  return lang ?? (asked.history ? undefined : labelText(label, 'lang')) ?? detectLanguage(text) ?? undefined
}

function responseOf(told: readonly ObservedMessage[], wasAsked: boolean): Case['responded'] {
  const asked = told.findIndex(({ role }) => role === 'user')
  if (asked < 0 && !wasAsked) return undefined
  const response = told.slice(wasAsked ? 0 : asked + 1).find(({ role }) => role === 'assistant' || role === 'agent')
  return response === undefined ? undefined : { at: response.at, by: response.role === 'agent' ? 'agent' : 'assistant' }
}

function escalationOf({ emitted, at }: CaseStep): Case['escalated'] {
  const escalated = emitted.find(({ type }) => type === 'escalated')
  return escalated === undefined ? undefined : { at, reason: readReason(escalated.data) }
}

/** Where a person was left who did not see the case end. */
function dropOf({ cause, from }: CaseStep, outcome: string | undefined): string | undefined {
  return (cause.startsWith('timer:') || outcome === 'abandoned') && from !== '' ? from : undefined
}

function ratingOf({ outcome, input, label, labelBefore }: CaseStep): number | undefined {
  if (outcome === 'committed' && input.type === 'feedback.given') return readRating(input.data)
  const rating = labelNumber(label, 'rating')
  return rating === labelNumber(labelBefore, 'rating') ? undefined : rating
}

function tally(said: readonly ObservedMessage[]): Record<ObservedMessage['role'], number> {
  const by = { user: 0, assistant: 0, agent: 0, system: 0 }
  for (const { role } of said) by[role] += 1
  return by
}

function nextCounts(
  before: Counts | undefined, step: CaseStep, said: readonly ObservedMessage[], by: ReturnType<typeof tally>, answered: number,
): Counts {
  const plus = (name: keyof Counts, more: number): number | undefined => some((before?.[name] ?? 0) + more)
  return {
    records: (before?.records ?? 0) + 1,
    rejected: plus('rejected', step.outcome === 'rejected' ? 1 : 0),
    messages: plus('messages', said.length),
    userMessages: plus('userMessages', by.user),
    botMessages: plus('botMessages', by.assistant),
    agentMessages: plus('agentMessages', by.agent),
    turns: plus('turns', by.user),
    answered: plus('answered', answered),
    escalations: plus('escalations', step.emitted.filter(({ type }) => type === 'escalated').length),
    tasks: plus('tasks', step.started.length),
    tasksFailed: plus('tasksFailed', step.ended.filter(({ status }) => status === 'failed' || status === 'expired').length),
    tokensIn: sum(before?.tokensIn, said, 'tokensIn'),
    tokensOut: sum(before?.tokensOut, said, 'tokensOut'),
    costMicros: sum(before?.costMicros, said, 'costMicros'),
  }
}

/** Undefined where there was nothing to add up; a sum too large to be exact stays where it was. */
function sum(before: number | undefined, said: readonly ObservedMessage[], name: 'tokensIn' | 'tokensOut' | 'costMicros'): number | undefined {
  let total = before
  for (const { sent } of said) {
    const more = sent?.[name]
    if (more !== undefined && Number.isSafeInteger((total ?? 0) + more)) total = (total ?? 0) + more
  }
  return total
}
