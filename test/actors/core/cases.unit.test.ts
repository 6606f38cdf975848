import { describe, expect, test } from 'vitest'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { message, play as playToy, reread, timeAt } from '../../support/core-helpers.ts'

/** A kind that emits whatever its input contains; it has its own schemas for the known events. */
const parrot = defineKind({
  name: 'parrot',
  version: 1,
  context: z.object({}),
  events: {
    'message.received': z.looseObject({}),
    say: z.looseObject({}),
    end: z.looseObject({}),
    call: z.looseObject({}),
    rest: z.looseObject({}),
    reply: z.looseObject({}),
  },
  emits: { 'message.sent': z.looseObject({}), 'case.closed': z.looseObject({}), escalated: z.looseObject({}) },
  tasks: {},
})
const machine = setup(parrot.xstate).createMachine({
  context: {},
  initial: 'perched',
  states: {
    perched: {
      on: {
        say: { actions: emit(({ event }) => ({ type: 'message.sent' as const, data: event.data })) },
        end: { actions: emit(({ event }) => ({ type: 'case.closed' as const, data: event.data })) },
        rest: 'content',
        reply: 'replied',
        call: { actions: emit(({ event }) => ({ type: 'escalated' as const, data: event.data })) },
      },
      after: { 1000: { target: 'asleep', actions: emit({ type: 'case.closed', data: { outcome: 'silence' } }) } },
    },
    asleep: {},
    replied: { after: { 1000: { target: 'asleep', actions: emit({ type: 'case.closed', data: { outcome: 'answered' } }) } } },
    content: { after: { 1000: { target: 'asleep', actions: emit({ type: 'case.closed', data: { outcome: 'resolved' } }) } } },
  },
})
const kinds = kindsByName([parrot.with(machine)])

interface Step {
  type: string
  data: object
  [more: string]: unknown
}
const user = (text: string, more: object = {}, of: object = {}): Step => ({
  type: 'message.received',
  data: { role: 'user', text, ...more },
  ...of,
})
const agent = (text: string): Step => ({ type: 'message.received', data: { role: 'agent', text } })
const event = (type: string, data: object = {}): Step => ({ type, data })
const assigned = event('case.assigned', { team: 'support', agent: 'Ann', offeredAt: null, waitedMs: 1 })

/** Decides each step at its own second. LOG sequences are ten times the INBOX sequences. */
function play(...steps: Step[]): LogRecord[] {
  let actor = newActor({ tenant: 'acme', kind: 'parrot', id: 'p' })
  return steps.map((step, index) => {
    const seq = index + 1
    const isTimer = step.type === 'timer.fired'
    const body = isTimer ? { type: step.type, run: Object.keys(actor.state?.timers ?? {})[0] } : { id: `m${seq}`, ...step }
    const at = message(seq, body, isTimer ? { origin: 'internal' } : {})
    const decision = decide(kinds, actor, at, { now: timeAt(seq), low: 0, lastSeq: index * 10 }, true)
    if (decision.kind !== 'record') throw new Error(JSON.stringify(decision))
    const record = reread(decision.record)
    actor = actorAfter(actor.address, record)
    return record
  })
}
const last = (...steps: Step[]): LogRecord => {
  const record = play(...steps).at(-1)
  if (record === undefined) throw new Error('no steps')
  return record
}

describe('a case', () => {
  test('records its customer, channel, language, first response and costs', () => {
    const record = last(
      user('你好，订单在哪里', { customer: 7, channel: 'app' }),
      event('say', { text: 'Hi', cost: 0.1, tokensIn: 3 }),
      user('Thanks a lot for that', { customer: 'x' }),
      event('say', { text: 'ok', cost: 0.2, tokensIn: 4, tokensOut: 1, quality: 0.5 }),
    )
    expect(record.case).toMatchObject({
      customer: 'x',
      channel: 'app',
      lang: 'zh',
      quality: 0.5,
      responded: { at: timeAt(2), by: 'assistant' },
      counts: {
        records: 4,
        messages: 4,
        userMessages: 2,
        botMessages: 2,
        turns: 2,
        answered: 2,
        costMicros: 300_000,
        tokensIn: 7,
        tokensOut: 1,
      },
    })
  })

  test('does not count a greeting as a response; its channel defaults to the source of the message', () => {
    const record = last(event('say', { text: 'Welcome!' }), user('hello', {}, { source: 'phone' }), agent('Ann here'))
    expect(record.case).toMatchObject({ channel: 'phone', responded: { at: timeAt(3), by: 'agent' } })
  })

  test('records the drop-out state where a timer or the outcome abandoned ended it', () => {
    expect(last(user('hello'), event('timer.fired')).case.ended).toEqual({ at: timeAt(2), outcome: 'silence', drop: 'perched' })
    expect(last(user('hello'), event('end', { outcome: 'abandoned' })).case.ended).toEqual({
      at: timeAt(2),
      outcome: 'abandoned',
      drop: 'perched',
    })
    expect(last(user('hello'), event('end', { outcome: 'resolved' })).case.ended).toEqual({ at: timeAt(2), outcome: 'resolved' })
    // A machine that closes resolved or answered cases by a timer loses no customer by it.
    expect(last(user('hello'), event('rest'), event('timer.fired')).case.ended).toEqual({ at: timeAt(3), outcome: 'resolved' })
    expect(last(user('hello'), event('reply'), event('timer.fired')).case.ended).toEqual({ at: timeAt(3), outcome: 'answered' })
    expect(last(user('hello'), event('end', { outcome: 7 })).case).toMatchObject({ closed: true, ended: { at: timeAt(2) } })
  })

  test('keeps its rating until the next case opens; the next one inherits only the customer', () => {
    const steps = [
      user('hello', { customer: 'c' }),
      event('call', { reason: 'r' }),
      event('call', { reason: 's' }),
      event('end', { outcome: 'ok' }),
    ]
    const rated = last(...steps, event('feedback.given', { rating: 3 }), event('feedback.given', { rating: 'x' }))
    expect(rated.case).toMatchObject({ no: 1, rating: 3, escalated: { at: timeAt(2), reason: 'r' }, counts: { escalations: 2 } })
    const next = last(...steps, event('feedback.given', { rating: 3 }), user('again'))
    expect(next.case).toEqual({
      no: 2,
      openedAt: timeAt(6),
      closed: false,
      firstAt: timeAt(1),
      messages: 2,
      userMessages: 2,
      botMessages: 0,
      agentMessages: 0,
      turns: 2,
      open: [{ turn: 2, id: 'm6', seq: 0, at: timeAt(6), committedAt: timeAt(6) }],
      customer: 'c',
      arrivedAt: timeAt(6),
      channel: 'nats',
      lang: 'en',
      counts: { records: 1, messages: 1, userMessages: 1, turns: 1 },
    })
  })

  test("of imported history is a case of its own, with its producer's times", () => {
    const past = (at: string) => ({ history: true, time: at })
    const records = play(
      user('old question', {}, past('2020-01-01T00:00:00Z')),
      { ...event('message.received', { role: 'assistant', text: 'old answer' }), ...past('2020-01-01T00:01:00Z') },
      event('conversation.imported', { turns: 2 }),
      user('new question'),
      event('say', { text: 'new answer' }),
    )
    expect(records[2]?.case).toMatchObject({
      no: 1,
      history: true,
      arrivedAt: '2020-01-01T00:00:00.000Z',
      openedAt: timeAt(1),
      responded: { at: '2020-01-01T00:01:00.000Z', by: 'assistant' },
    })
    expect(records[1]?.answered).toMatchObject([{ turn: 1, idx: 0, history: true, at: '2020-01-01T00:00:00.000Z', seq: 10 }])
    expect(records[3]?.case).toMatchObject({ no: 2, counts: { messages: 1 }, arrivedAt: timeAt(4) })
    expect(records[3]?.case.history).toBeUndefined()
    expect(records[4]?.answered).toMatchObject([{ turn: 2, id: 'm4', seq: 40 }])
  })

  test('of history takes the facts of its import; wrong ones count as absent, and a live case has none', () => {
    const past = { history: true, time: '2020-01-01T00:00:00Z' }
    const facts = { turns: 1, rating: 4, tags: ['a', 5, ''], counted: true, endedAt: '2020-01-01T00:02:00.000Z' }
    const caseAfter = (...given: Parameters<typeof play>) => play(...given).at(-1)?.case
    expect(caseAfter(user('old', {}, past), event('conversation.imported', facts))).toMatchObject({
      closed: false,
      rating: 4,
      tags: ['a'],
      counted: true,
      ended: { at: '2020-01-01T00:02:00.000Z' },
    })
    const wrong = { turns: 1, rating: '4', tags: 'a', counted: true, endedAt: '2020-02-31T00:00:00.000Z' }
    const after = caseAfter(user('old', {}, past), event('conversation.imported', wrong))
    expect([after?.rating, after?.tags, after?.ended]).toEqual([undefined, undefined, { at: timeAt(2) }])
    const live = caseAfter(user('new'), event('conversation.imported', facts))
    expect([live?.rating, live?.tags, live?.counted, live?.ended]).toEqual([undefined, undefined, undefined, undefined])
  })

  test('reads each fact alone: a fact of the wrong type counts as absent', () => {
    const { case: now, answered } = last(
      user('hello', { customer: { id: 1 }, channel: 5, lang: '' }),
      event('say', { text: 'Hi', replyTo: 4, cost: -1, tokensIn: 1.5, tokensOut: 'x', quality: null, sources: 'y' }),
    )
    expect(now).toMatchObject({ channel: 'nats', counts: { botMessages: 1, answered: 1 } })
    expect([now.customer, now.quality, now.counts?.costMicros, now.counts?.tokensIn]).toEqual([undefined, undefined, undefined, undefined])
    expect(answered).toHaveLength(1)
  })

  test('cuts texts to the limit of a fact', () => {
    const { case: now } = last(user('hello', { channel: 'x'.repeat(1000) }), event('call', { reason: '😀'.repeat(1000) }))
    expect([now.channel?.length, now.escalated?.reason]).toEqual([256, '😀'.repeat(128)])
  })

  test('sums money exactly, and stops before the sum would be inexact', () => {
    const replies = Array.from({ length: 30 }, () => event('say', { text: '.', cost: 0.1 }))
    expect(last(user('q'), ...replies).case.counts?.costMicros).toBe(3_000_000)
    expect(last(user('q'), event('say', { text: '.', cost: 9e9 }), event('say', { text: '.', cost: 9e9 })).case.counts?.costMicros).toBe(
      9e15,
    )
  })
})

describe('a turn', () => {
  test('is answered by the reply that names it, and by no reply that names another', () => {
    const records = play(
      user('a'),
      user('b'),
      event('say', { text: 'to b', replyTo: 'm2' }),
      event('say', { text: 'to nobody', replyTo: 'm9' }),
    )
    expect(records[2]?.answered).toMatchObject([{ turn: 2, idx: 1, seq: 20 }])
    expect(records[3]?.answered).toBeUndefined()
    expect(records[3]?.case.open).toMatchObject([{ turn: 1, id: 'm1', seq: 10 }])
  })

  test('that waits for a person is answered together with all other open turns', () => {
    expect(last(user('a'), user('b'), agent('here I am')).answered).toMatchObject([
      { turn: 1, idx: 0 },
      { turn: 2, idx: 0 },
    ])
  })

  test('stays unanswered beyond the limit of open turns, and when another case opens', () => {
    const many = play(...Array.from({ length: LIMITS.openTurnsMax + 3 }, (_, index) => user(`q${index}`)))
    expect(many.at(-1)?.case.open?.map(({ turn }) => turn)).toEqual(Array.from({ length: LIMITS.openTurnsMax }, (_, index) => index + 4))
    expect(last(user('a'), event('end'), user('b')).case.open).toMatchObject([{ turn: 2 }])
  })
})

test('an actor with records of an earlier version continues; facts that they lack stay unknown', () => {
  const [first] = play(user('hello'))
  if (first === undefined) throw new Error('no record')
  const { since: _since, ...rest } = first
  const { no, openedAt, closed, firstAt, messages, userMessages, botMessages, agentMessages } = first.case
  const old: LogRecord = { ...rest, case: { no, openedAt, closed, firstAt, messages, userMessages, botMessages, agentMessages } }
  const actor = actorAfter({ tenant: 'acme', kind: 'parrot', id: 'p' }, old)
  const timer = Object.keys(actor.state?.timers ?? {})[0]
  const decision = decide(
    kinds,
    actor,
    message(2, { type: 'timer.fired', run: timer }, { origin: 'internal' }),
    { now: timeAt(2), low: 0, lastSeq: 10 },
    true,
  )
  expect(decision).toMatchObject({
    record: {
      left: [{ state: 'perched', cause: 'timer:1000', case: 1, enteredAt: timeAt(1) }],
      since: { asleep: 0 },
      case: { no: 1, messages: 1, counts: { records: 1 }, ended: { outcome: 'silence' } },
    },
  })
  expect(decision.kind === 'record' && decision.record.left?.[0]?.enteredSeq).toBeUndefined()
})

test('a rejection is counted and keeps the entry times of states', () => {
  const { records } = playToy([
    message(1, { type: 'add', data: { by: 1 } }),
    message(2, 'rubbish'),
    message(3, { type: 'pause', data: {} }),
  ])
  expect(records[1]).toMatchObject({ since: { 'open.idle': 1 }, case: { counts: { records: 2, rejected: 1 } } })
  expect(records[2]).toMatchObject({ left: [{ state: 'open.idle', enteredSeq: 1, cause: 'pause' }], since: { paused: 0 } })
})

describe('the people of a case', () => {
  test('are who had it last, and when one of them first wrote', () => {
    const records = play(user('hi'), event('case.queued', { team: 'billing', place: 1 }), assigned, agent('hello'), agent('still here'))
    expect(records.at(-1)?.case).toMatchObject({ team: 'support', agent: 'Ann', humanAt: timeAt(4) })
    expect(records.at(-1)?.case.overdue).toBeUndefined()
  })

  test('a message that names another person counts as his; a missed promise stays', () => {
    const named = { ...agent('hello'), data: { role: 'agent', text: 'hello', agent: '李敏' } }
    const records = play(user('hi'), assigned, event('case.overdue', { team: 'support', clock: 'first_reply' }), named)
    expect(records.at(-1)?.case).toMatchObject({ agent: '李敏', overdue: true, humanAt: timeAt(4) })
  })

  test('are those of one case; history counts in a case of history', () => {
    const old = { time: '2020-01-01T00:00:00.000Z', history: true, data: { role: 'agent', text: '您好', agent: 'Bo' } }
    const records = play({ ...user('hi'), history: true, time: '2020-01-01T00:00:00.000Z' }, { ...agent(''), ...old }, user('new'))
    expect(records[1]?.case).toMatchObject({ agent: 'Bo', humanAt: '2020-01-01T00:00:00.000Z' })
    expect(records[2]?.case.agent).toBeUndefined()
    expect(records[2]?.case.humanAt).toBeUndefined()
  })
})
