import { labelNumber } from '../../../schemas/event-readers.ts'
import type { Asked, Case, LogRecord } from '../../../schemas/record.ts'
import { type Entered, leavesOf } from './expected-intervals.ts'
import { messagesIn } from './expected-messages.ts'
import { type CaseTally, isServed, newCase, type Question, type Step, type Tally } from './tally.ts'

/**
 * The counts stored in a record, for a verification that starts in the middle of an actor. The rows of this record are then not verified
 * independently. The rows of later records are.
 */
export function tallyOf(record: LogRecord, seq: number): Tally {
  const resumed: Case = record.case
  const { counts } = resumed
  const own: CaseTally = {
    ...newCase(resumed.no, record, resumed.history === true),
    committedAt: resumed.openedAt,
    openedAt: resumed.arrivedAt ?? resumed.openedAt,
    channel: resumed.channel ?? null,
    lang: resumed.lang ?? null,
    intent: resumed.intent ?? null,
    outcome: resumed.ended?.outcome ?? null,
    dropState: isServed(resumed.ended?.outcome ?? null) ? null : (resumed.ended?.drop ?? null),
    reason: resumed.escalated?.reason ?? null,
    responder: resumed.responded?.by ?? null,
    respondedAt: resumed.responded?.at ?? null,
    escalatedAt: resumed.escalated?.at ?? null,
    team: resumed.team ?? null,
    agent: resumed.agent ?? null,
    humanAt: resumed.humanAt ?? null,
    overdue: resumed.overdue === true,
    closedAt: resumed.ended?.at ?? null,
    rating: resumed.rating ?? null,
    tags: resumed.tags ?? [],
    counted: resumed.counted === true,
    records: counts?.records ?? 0,
    rejected: counts?.rejected ?? 0,
    messages: counts?.messages ?? 0,
    userMessages: counts?.userMessages ?? 0,
    botMessages: counts?.botMessages ?? 0,
    agentMessages: counts?.agentMessages ?? 0,
    turns: counts?.turns ?? 0,
    answered: counts?.answered ?? 0,
    escalations: counts?.escalations ?? 0,
    tasks: counts?.tasks ?? 0,
    tasksFailed: counts?.tasksFailed ?? 0,
    tokensIn: counts?.tokensIn ?? null,
    tokensOut: counts?.tokensOut ?? null,
    costMicros: counts?.costMicros ?? null,
  }
  const openQuestions = (resumed.open ?? []).map((asked) => questionOf(asked, seq))
  return {
    firstAt: resumed.firstAt,
    case: own,
    isClosed: resumed.closed,
    customer: resumed.customer ?? null,
    isStarted: record.status !== 'none',
    parent: resumed.parent ?? null,
    quality: resumed.quality ?? null,
    messages: resumed.messages,
    userMessages: resumed.userMessages,
    botMessages: resumed.botMessages,
    agentMessages: resumed.agentMessages,
    turns: resumed.turns ?? 0,
    openQuestions,
    labelRating: labelNumber(record.label, 'rating'),
    entered: resumedIntervals(record, seq),
    n: record.n,
  }
}

function resumedIntervals({ since, state }: LogRecord, seq: number): ReadonlyMap<string, Entered> {
  return new Map(
    Object.entries(state?.entered ?? {}).map(([leaf, at]) => {
      const own = since?.[leaf]
      return [leaf, { at, seq: own === 0 ? seq : (own ?? null) }]
    }),
  )
}

const questionOf = (asked: Asked, seq: number): Question => ({
  turn: asked.turn,
  id: asked.id,
  seq: asked.seq === 0 ? seq : (asked.seq ?? null),
  at: asked.at,
  committedAt: asked.committedAt,
  isHistory: asked.history === true,
  lang: asked.lang ?? null,
  intent: asked.intent ?? null,
  confidence: asked.confidence ?? null,
})

/** The effects of a record according to the record itself. */
export function resumedStep(record: LogRecord, seq: number): Step {
  const messages = messagesIn(record)
  const answered = (record.answered ?? []).map(({ idx, ...asked }, index, all) => ({
    ...questionOf(asked, seq),
    idx,
    isNewest: !all.slice(index + 1).some((later) => later.idx === idx),
  }))
  const isQuestion = messages.received?.role === 'user'
  const questions = [...answered, ...(record.case.open ?? []).map((asked) => questionOf(asked, seq))]
  const own = isQuestion ? questions.find(({ seq: askedSeq }) => askedSeq === seq) : undefined
  const active = resumedIntervals(record, seq)
  const exited = new Map((record.left ?? []).map(({ state, enteredAt, enteredSeq }) => [state, { at: enteredAt, seq: enteredSeq ?? null }]))
  const before = leavesOf(record.from).map((leaf): [string, Entered] => [
    leaf,
    exited.get(leaf) ?? active.get(leaf) ?? { at: record.at, seq: null },
  ])
  return { messages, caseBefore: record.left?.[0]?.case ?? record.case.no, enteredBefore: new Map(before), asked: own, answered }
}
