import { labelNumber } from '../../../schemas/event-readers.ts'
import type { Asked, Case, LogRecord } from '../../../schemas/record.ts'
import { leavesOf, type Entered } from './expected-intervals.ts'
import { newCase, type CaseTally, type Question, type Step, type Tally } from './tally.ts'
import { messagesIn } from './expected-messages.ts'

/**
 * The counts as a record carries them, for a reading that begins in the middle: its own rows are then as that record says, and all
 * that follows is counted from there.
 */
export function tallyOf(record: LogRecord, seq: number): Tally {
  const carried: Case = record.case
  const { counts } = carried
  const own: CaseTally = {
    ...newCase(carried.no, record, carried.history === true), committedAt: carried.openedAt, openedAt: carried.arrivedAt ?? carried.openedAt,
    channel: carried.channel ?? null, lang: carried.lang ?? null, intent: carried.intent ?? null, outcome: carried.ended?.outcome ?? null,
    dropState: carried.ended?.drop ?? null, reason: carried.escalated?.reason ?? null, responder: carried.responded?.by ?? null,
    respondedAt: carried.responded?.at ?? null, escalatedAt: carried.escalated?.at ?? null, closedAt: carried.ended?.at ?? null,
    rating: carried.rating ?? null, records: counts?.records ?? 0, rejected: counts?.rejected ?? 0, messages: counts?.messages ?? 0,
    userMessages: counts?.userMessages ?? 0, botMessages: counts?.botMessages ?? 0, agentMessages: counts?.agentMessages ?? 0,
    turns: counts?.turns ?? 0, answered: counts?.answered ?? 0, escalations: counts?.escalations ?? 0, tasks: counts?.tasks ?? 0,
    tasksFailed: counts?.tasksFailed ?? 0, tokensIn: counts?.tokensIn ?? null, tokensOut: counts?.tokensOut ?? null, costMicros: counts?.costMicros ?? null,
  }
  const waiting = (carried.open ?? []).map((asked) => questionOf(asked, seq))
  return {
    firstAt: carried.firstAt, case: own, isClosed: carried.closed, customer: carried.customer ?? null, quality: carried.quality ?? null,
    messages: carried.messages, userMessages: carried.userMessages, botMessages: carried.botMessages, agentMessages: carried.agentMessages,
    turns: carried.turns ?? 0, waiting, labelRating: labelNumber(record.label, 'rating'), entered: resumedIntervals(record, seq), n: record.n,
  }
}

function resumedIntervals({ since, state }: LogRecord, seq: number): ReadonlyMap<string, Entered> {
  return new Map(Object.entries(state?.entered ?? {}).map(([leaf, at]) => {
    const own = since?.[leaf]
    return [leaf, { at, seq: own === 0 ? seq : own ?? null }]
  }))
}

const questionOf = (asked: Asked, seq: number): Question => ({
  turn: asked.turn, id: asked.id, seq: asked.seq === 0 ? seq : asked.seq ?? null, at: asked.at, committedAt: asked.committedAt,
  isHistory: asked.history === true, lang: asked.lang ?? null, intent: asked.intent ?? null, confidence: asked.confidence ?? null,
})

/** What happened with a record, as it says itself. */
export function resumedStep(record: LogRecord, seq: number): Step {
  const told = messagesIn(record)
  const answered = (record.answered ?? []).map(({ idx, ...asked }, index, all) => ({
    ...questionOf(asked, seq), idx, isNewest: !all.slice(index + 1).some((later) => later.idx === idx),
  }))
  const isQuestion = told.received?.role === 'user'
  const own = isQuestion ? [...answered, ...(record.case.open ?? []).map((asked) => questionOf(asked, seq))].find(({ seq: asked }) => asked === seq) : undefined
  const stays = resumedIntervals(record, seq)
  const left = new Map((record.left ?? []).map((stay) => [stay.state, { at: stay.enteredAt, seq: stay.enteredSeq ?? null }]))
  const before = leavesOf(record.from).map((leaf): [string, Entered] => [leaf, left.get(leaf) ?? stays.get(leaf) ?? { at: record.at, seq: null }])
  return { told, caseBefore: record.left?.[0]?.case ?? record.case.no, enteredBefore: new Map(before), asked: own, answered }
}
