import { createRandom, pick } from '../../bench/harness/random.ts'
import type { CaseFact, Facts } from './question-facts.ts'

const HOUR_MS = 3_600_000
const DAYS = 25
const OUTCOMES = ['resolved', 'answered', 'abandoned', 'escalated_resolved']

/** Cases of the last weeks, the same ones for the same count and hour. The customers are few, so that many of them return. */
export function weeksOfCases(count: number): Facts {
  const random = createRandom(count)
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const cases = Array.from({ length: count }, (_, index): CaseFact => {
    const openedAt = now - Math.floor(random() * DAYS * 24) * HOUR_MS + pick(random, 4) * 900_000
    const one: CaseFact = {
      actor: `weeks/desk/w${index}`,
      openedAt,
      committedAt: openedAt + pick(random, 3),
      agentMessages: pick(random, 5) === 0 ? 2 : 0,
      userMessages: index % 11 === 0 ? 0 : 1,
      firstMachine: index % 2 === 0 ? 'desk@1' : 'desk@2',
      lastMachine: index % 3 === 0 ? 'desk@2' : index % 2 === 0 ? 'desk@1' : 'desk@2',
    }
    if (random() < 0.7) one.customer = `k${pick(random, count / 6)}`
    if (random() < 0.9) one.lang = pick(random, 2) === 0 ? 'en' : 'zh'
    if (random() < 0.8) one.intent = ['delivery', '退货', 'size'][pick(random, 3)] ?? ''
    if (random() < 0.9)
      Object.assign(one, { respondedAt: openedAt + pick(random, 90_000), responder: one.agentMessages > 0 ? 'agent' : 'assistant' })
    if (random() < 0.3)
      Object.assign(one, {
        escalatedAt: openedAt + pick(random, 9) * 600_000,
        reason: pick(random, 2) === 0 ? 'customer_asked' : 'task_failed',
      })
    if (random() < 0.85)
      Object.assign(one, {
        closedAt: openedAt + 5_400_000 + pick(random, 40) * 1_800_000,
        outcome: OUTCOMES[pick(random, OUTCOMES.length)],
      })
    if (random() < 0.4) one.rating = 1 + pick(random, 9) / 2
    if (random() < 0.8) one.costMicros = pick(random, 50_000)
    return one
  })
  return { cases, turns: [], stateIntervals: [], tasks: [], comments: [], scores: [], inputs: [], deadLetters: [] }
}

const time = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString().slice(0, 23).replace('T', ' ')

/** Far above the log's sequences. */
const SEQ_BASE = 2_000_000_000_000

/** The row of a case, after a row that it replaces and before one of imported history that answers leave out, for some cases each. */
export function rowsOfCase(tenant: string, one: CaseFact, index: number): object[] {
  const common = {
    tenant,
    kind: 'desk',
    actor: one.actor.split('/')[2],
    machine: one.lastMachine,
    committed_at: time(one.committedAt),
    opened_at: time(one.openedAt),
    last_at: time(Math.max(one.openedAt, one.respondedAt ?? 0, one.escalatedAt ?? 0, one.closedAt ?? 0)),
  }
  const current = {
    ...common,
    case_no: 1,
    history: false,
    customer: one.customer ?? null,
    lang: one.lang ?? null,
    first_intent: one.intent ?? null,
    outcome: one.outcome ?? null,
    escalation_reason: one.reason ?? null,
    first_responder: one.responder ?? null,
    first_response_at: time(one.respondedAt),
    escalated_at: time(one.escalatedAt),
    closed_at: time(one.closedAt),
    agent_msgs: one.agentMessages,
    user_msgs: one.userMessages,
    cost: one.costMicros === undefined ? null : (one.costMicros / 1e6).toFixed(6),
    rating: one.rating ?? null,
    last_seq: SEQ_BASE + index * 3 + 2,
  }
  const replaced =
    index % 3 === 0
      ? [{ ...common, case_no: 1, history: false, closed_at: current.closed_at, outcome: 'abandoned', last_seq: SEQ_BASE + index * 3 }]
      : []
  const imported = index % 7 === 0 ? [{ ...current, case_no: 2, history: true, last_seq: SEQ_BASE + index * 3 + 1 }] : []
  return [...replaced, current, ...imported]
}

/** The rows of the first and the last record of a case. */
export const eventsOfCase = (tenant: string, one: CaseFact, index: number): object[] =>
  [one.firstMachine, one.lastMachine].map((machine, number) => ({
    tenant,
    kind: 'desk',
    actor: one.actor.split('/')[2],
    case_no: 1,
    history: false,
    machine,
    seq: SEQ_BASE + index * 3 + number,
    idx: 0,
    outcome: 'committed',
    type: 'message.received',
    committed_at: time(one.committedAt + number),
    data: {},
    data_raw: '{}',
  }))
