import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { support } from '../../support/support-harness.ts'
import { caughtUp, publishAll, readLog, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { INTENT_KINDS, teachDemoSet } from '../../support/teach-demo-set.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [support, toyKind, ...INTENT_KINDS] })
  await teachDemoSet(system, 'acme')
})
afterAll(() => system.stop())

const messageFrom = (role: string, text: string, more: object = {}) => ({ type: 'message.received', data: { role, text, ...more } })

/** Publishes inputs to an actor one by one, each after the stages have caught up with the one before. */
async function publishInOrder(actor: string, ...bodies: readonly object[]): Promise<void> {
  for (const body of bodies) {
    await publishAll(system, [{ subject: `in.acme.support.${actor}`, body }])
    await caughtUp(system)
  }
}
const of = (table: string, actor: string, columns: string, order: string) =>
  rows(system, `SELECT ${columns} FROM ${table} WHERE actor = '${actor}' ORDER BY ${order}`)

describe('a case from its opening to the next one', () => {
  beforeAll(() =>
    publishInOrder(
      'nora',
      { ...messageFrom('user', 'How long does shipping to Norway take?', { customer: 42, channel: 'app' }), id: 'q1' },
      { ...messageFrom('user', 'qwertz uiop asdf'), id: 'q2' },
      { ...messageFrom('user', 'I want to talk to a human please'), id: 'q3' },
      { ...messageFrom('user', 'still there?'), id: 'q4' },
      messageFrom('agent', 'Hello, this is Ann.'),
      { type: 'feedback.given', data: { rating: 4 } },
      { type: 'case.resolved', data: {} },
      { ...messageFrom('user', '你好'), id: 'q5', source: 'web' },
    ),
  )

  test('has one row in `cases`, and the next case another', async () => {
    const columns =
      'case_no, history, customer, channel, lang, outcome, drop_state, escalation_reason, first_intent, first_responder, '
      + 'closed_at IS NOT NULL AS closed, escalated_at IS NOT NULL AS escalated, messages, user_msgs, bot_msgs, agent_msgs, turns, '
      + 'turns_answered, escalations, tasks, tasks_failed, rating, cost, '
      + 'toBool(first_response_at >= opened_at AND closed_at >= escalated_at) AS ordered'
    expect(await of('cases', 'nora', columns, 'case_no')).toEqual([
      {
        case_no: 1,
        history: false,
        customer: '42',
        channel: 'app',
        lang: 'en',
        outcome: 'escalated_resolved',
        drop_state: null,
        escalation_reason: 'customer_asked',
        first_intent: 'shipping',
        first_responder: 'assistant',
        closed: 1,
        escalated: 1,
        messages: 8,
        user_msgs: 4,
        bot_msgs: 3,
        agent_msgs: 1,
        turns: 4,
        turns_answered: 4,
        escalations: 1,
        tasks: 3,
        tasks_failed: 0,
        rating: 4,
        cost: null,
        ordered: true,
      },
      {
        case_no: 2,
        history: false,
        customer: '42',
        channel: 'web',
        lang: 'zh',
        outcome: null,
        drop_state: null,
        escalation_reason: null,
        first_intent: null,
        first_responder: 'assistant',
        closed: 0,
        escalated: 0,
        messages: 2,
        user_msgs: 1,
        bot_msgs: 1,
        agent_msgs: 0,
        turns: 1,
        turns_answered: 1,
        escalations: 0,
        tasks: 1,
        tasks_failed: 0,
        rating: null,
        cost: null,
        ordered: null,
      },
    ])
  })

  test('has a row in `turns` for each question, with the message that answered it', async () => {
    const columns =
      'turn, case_no, asked_id, responder, answered_idx, intent, act, length(intents) AS intents, hits, model, kb_version IS NULL AS blind'
    expect(await of('turns', 'nora', columns, 'turn')).toEqual([
      {
        turn: 1,
        case_no: 1,
        asked_id: 'q1',
        responder: 'assistant',
        answered_idx: 1,
        intent: 'shipping',
        act: 'new_topic',
        intents: 1,
        hits: 3,
        model: 'extractive',
        blind: 0,
      },
      {
        turn: 2,
        case_no: 1,
        asked_id: 'q2',
        responder: 'assistant',
        answered_idx: 1,
        intent: null,
        act: 'out_of_scope',
        intents: 0,
        hits: 0,
        model: null,
        blind: 0,
      },
      {
        turn: 3,
        case_no: 1,
        asked_id: 'q3',
        responder: 'assistant',
        answered_idx: 1,
        intent: null,
        act: 'handoff',
        intents: 0,
        hits: null,
        model: null,
        blind: 1,
      },
      {
        turn: 4,
        case_no: 1,
        asked_id: 'q4',
        responder: 'agent',
        answered_idx: 0,
        intent: null,
        act: null,
        intents: 0,
        hits: null,
        model: null,
        blind: 1,
      },
      {
        turn: 5,
        case_no: 2,
        asked_id: 'q5',
        responder: 'assistant',
        answered_idx: 1,
        intent: null,
        act: 'chitchat',
        intents: 0,
        hits: null,
        model: null,
        blind: 1,
      },
    ])
    const pairs = await rows<{ asked: string; answer: string; ms: number; latency_ms: number }>(
      system,
      `
      SELECT q.id AS asked, a.text AS answer, latency_ms, dateDiff('millisecond', asked_at, answered_at) AS ms
      FROM turns JOIN messages AS q ON q.seq = turns.asked_seq AND q.idx = 0
        JOIN messages AS a ON a.seq = turns.answered_seq AND a.idx = turns.answered_idx
      WHERE turns.actor = 'nora' ORDER BY turn`,
    )
    expect(pairs.map(({ asked }) => asked)).toEqual(['q1', 'q2', 'q3', 'q4', 'q5'])
    expect(pairs[3]?.answer).toBe('Hello, this is Ann.')
    for (const { ms, latency_ms: latency } of pairs) expect(latency).toBe(Math.max(0, ms))
  })

  test('has an interval for each state, which starts where and when the interval before it ended', async () => {
    const intervals = await rows<Record<string, unknown>>(
      system,
      `
      SELECT state, next, cause, case_no, entered_seq, left_seq, toString(entered_at) AS entered, toString(left_at) AS left, ms
      FROM states WHERE actor = 'nora' ORDER BY entered_seq`,
    )
    expect(intervals.map(({ state, cause, case_no: no }) => [state, cause, no])).toEqual([
      ['open.answering.lookingUp', 'task:lookup:done', 1],
      ['open.answering.composing', 'task:answer:done', 1],
      ['open.listening', 'message.received', 1],
      ['open.answering.lookingUp', 'task:lookup:done', 1],
      ['open.listening', 'message.received', 1],
      ['escalated.waiting', 'message.received', 1],
      ['escalated.withAgent', 'case.resolved', 1],
      ['closed', 'message.received', 1],
      ['open.answering.lookingUp', 'task:lookup:done', 2],
      ['open.listening', null, 2],
    ])
    for (const [index, interval] of intervals.slice(1).entries()) {
      const before = intervals[index]
      const { state, entered_seq: seq, entered } = interval
      expect([before?.['next'], before?.['left_seq'], before?.['left']]).toEqual([state, seq, entered])
    }
    expect(intervals.at(-1)).toMatchObject({ next: null, left_seq: null, left: null, ms: null })
  })

  test('has the sources of an answer in `citations`, ranked, with the turn', async () => {
    expect(await of('citations', 'nora', 'turn, rank, source, toBool(score > 0) AS scored', 'rank')).toEqual([
      { turn: 1, rank: 1, source: 'shipping-europe-en', scored: true },
    ])
  })
})

test('imported history fills the same tables with its own times, and is a case apart from the one that follows', async () => {
  const past = { history: true, source: 'import' }
  await publishInOrder(
    'olaf',
    { ...messageFrom('user', 'Where is my parcel?'), ...past, time: '2020-01-31T23:59:50Z' },
    { ...messageFrom('user', 'Hello?'), ...past, time: '2020-02-01T00:00:00Z' },
    { ...messageFrom('assistant', 'On its way.'), ...past, time: '2020-02-01T00:00:10Z' },
    { type: 'conversation.imported', data: { turns: 3 } },
    messageFrom('user', 'hello again'),
  )
  const columns = 'case_no, history, toString(opened_at) AS opened, turns, turns_answered, first_intent'
  expect(await of('cases', 'olaf', columns, 'case_no')).toMatchObject([
    { case_no: 1, history: true, opened: '2020-01-31 23:59:50.000', turns: 2, turns_answered: 2, first_intent: null },
    { case_no: 2, history: false, turns: 1 },
  ])
  expect(await of('turns', 'olaf', 'turn, history, latency_ms, responder', 'turn')).toMatchObject([
    { turn: 1, history: true, latency_ms: 20_000, responder: 'assistant' },
    { turn: 2, history: true, latency_ms: 10_000 },
    { turn: 3, history: false },
  ])
  expect(await of('conversations', 'olaf', 'history, messages', 'actor')).toEqual([{ history: false, messages: 5 }])
})

test('parallel states have an interval each, in their region', async () => {
  await publishAll(
    system,
    ['split', 'left', 'right'].map((type) => ({ subject: 'in.acme.toy.both', body: { type, data: {} } })),
  )
  await caughtUp(system)
  const expected = (await readLog(system)).filter(({ actor }) => actor === 'acme/toy/both').map(({ record }) => record.to)
  expect(expected[0]?.split('+')).toHaveLength(2)
  const [first] = await rows<{ regions: string[] }>(
    system,
    `
    SELECT groupUniqArray(region) AS regions FROM states
    WHERE actor = 'both' AND has(splitByChar('+', (SELECT state_to FROM events WHERE actor = 'both' AND type = 'split')), state)`,
  )
  expect(first?.regions).toHaveLength(2)
  const open = await rows<{ state: string }>(system, "SELECT state FROM states WHERE actor = 'both' AND left_at IS NULL ORDER BY state")
  expect(open.map(({ state }) => state).join('+')).toBe(expected.at(-1))
})

test('a kind without messages has no cases, turns or conversations, and still has intervals', async () => {
  await publishAll(system, [{ subject: 'in.acme.toy.mute', body: { type: 'pause', data: {} } }])
  await caughtUp(system)
  const counts = ['cases', 'turns', 'conversations', 'states'].map(
    (table) => `(SELECT count() FROM ${table} WHERE actor = 'mute') AS ${table}`,
  )
  expect(await rows(system, `SELECT ${counts.join(', ')}`)).toEqual([{ cases: 0, turns: 0, conversations: 0, states: 1 }])
})

test('at the end the tables match the log', async () => {
  expect(await tablesBesideLog(system)).toEqual([])
})
