import { describe, expect, test } from 'vitest'
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { type Calendar, everyDue } from '../../../actors/definition/calendar.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { inputAdvice } from '../../../actors/definition/input-advice.ts'
import { type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import { explore } from '../../../actors/testkit/explore/explore.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { internal, message, reread } from '../../support/core-helpers.ts'

interface Given {
  readonly every?: string | Calendar
  readonly version?: number
}

/** Counts mornings, until it is told to stop. */
function diary({ every = '0 8 * * *', version = 1 }: Given = {}, hasEvery = true): Kind {
  const kind = defineKind({
    name: 'diary',
    version,
    context: z.object({ mornings: z.number() }),
    events: { opened: z.object({}), closed: z.object({}), every: everyDue },
    emits: { morning: z.object({ due: z.string() }) },
    tasks: {},
    ...(hasEvery && { every }),
    migrate: version === 1 ? {} : { 1: ({ value }) => ({ value, context: { mornings: 0 } }) },
  })
  return kind.with(
    setup(kind.xstate).createMachine({
      id: 'diary',
      context: { mornings: 0 },
      initial: 'open',
      states: {
        open: {
          on: {
            every: {
              actions: [
                assign({ mornings: ({ context }) => context.mornings + 1 }),
                emit(({ event }) => ({ type: 'morning', data: { due: event.data.due } })),
              ],
            },
            closed: 'closed',
          },
        },
        closed: { type: 'final' },
      },
    }),
  )
}

describe('each live actor of the kind', () => {
  test('gets the event at each due time, from its first input on', () => {
    const days = given(diary(), { at: '2026-01-01T07:00:00Z' }).when('opened', {}).after('3 days')
    days.thenContext({ mornings: 3 })
    expect(days.records.flatMap(({ emitted }) => emitted.map(({ data }) => data['due']))).toEqual([
      '2026-01-01T08:00:00.000Z',
      '2026-01-02T08:00:00.000Z',
      '2026-01-03T08:00:00.000Z',
    ])
  })

  test('gets it in the time zone', () => {
    const shanghai = { every: '0 8 * * *', timeZone: 'Asia/Shanghai' }
    const day = given(diary({ every: shanghai }), { at: '2026-01-01T00:00:01Z' })
      .when('opened', {})
      .after('1 day')
    day.thenEmitted('morning', { due: '2026-01-02T00:00:00.000Z' })
  })

  test('gets it no more when it has ended', () => {
    const ended = given(diary()).when('opened', {}).when('closed', {})
    ended.thenStatus('done')
    expect(ended.records.at(-1)?.state?.timers).toEqual({})
  })

  test('cannot be given it by a producer', () => {
    given(diary())
      .when('opened', {})
      .whenRaw({ type: 'every', data: { due: '2026-01-01T08:00:00Z' } })
      .thenRejected('bad_data')
    const advice = inputAdvice(kindsByName([diary()]), 'diary', { type: 'every', data: { due: '2026-01-01T08:00:00Z' } })
    expect(advice?.message).toContain("comes from the actor's own timer alone")
  })

  test('has no fault that a walk finds', () => {
    explore(diary(), { runs: 50 })
  })
})

const address = { tenant: 'acme', kind: 'diary', id: 'd1' }

/** Decides a message; the actor is reloaded from its record. */
function after(kind: Kind, actor: Actor, at: ReturnType<typeof message>): { actor: Actor; record: LogRecord } {
  const decision = decide(kindsByName([kind]), actor, at, { now: at.ts, low: 0, lastSeq: actor.n }, true)
  if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
  const record = reread(decision.record)
  return { actor: actorAfter(address, record), record }
}

/** A message that INBOX stored at a time. */
const opened = (ts: string, seq = 1) => ({ ...message(seq, { type: 'opened', id: `o-${seq}`, data: {} }), ts })
const wakeUp = (ts: string, seq = 2) => ({ ...internal(seq, { type: 'alarm' }), ts })
const timersOf = ({ state }: Actor) => Object.values(state?.timers ?? {})

describe('after an outage of three days', () => {
  const late = '2026-01-04T09:00:00.000Z'
  const begun = (every: Calendar) => after(diary({ every }), newActor(address), opened('2026-01-01T00:00:00.000Z')).actor

  test('`once` gives it the first, late', () => {
    const { record } = after(diary(), begun({ every: '0 8 * * *' }), wakeUp(late))
    expect(record.emitted).toMatchObject([{ data: { due: '2026-01-01T08:00:00.000Z' } }])
    expect(record.timers).toMatchObject([{ event: 'every', at: '2026-01-05T08:00:00.000Z' }])
  })

  test('`skip` gives it none', () => {
    const every = { every: '0 8 * * *', missed: 'skip' } as const
    const { record, actor } = after(diary({ every }), begun(every), wakeUp(late))
    expect(record).toMatchObject({ outcome: 'committed', emitted: [], to: 'open', input: { type: 'timer.fired' } })
    expect(timersOf(actor)).toMatchObject([{ at: '2026-01-05T08:00:00.000Z' }])
  })

  test('`all` gives it each, oldest first', () => {
    const every = { every: '0 8 * * *', missed: 'all' } as const
    const dues: unknown[] = []
    let actor = begun(every)
    for (let seq = 2; timersOf(actor)[0]?.at !== '2026-01-05T08:00:00.000Z'; seq++) {
      const next = after(diary({ every }), actor, wakeUp(late, seq))
      dues.push(...next.record.emitted.map(({ data }) => data['due']))
      actor = next.actor
    }
    expect(dues).toEqual([1, 2, 3, 4].map((day) => `2026-01-0${day}T08:00:00.000Z`))
  })
})

test('a reset sets the timer by the calendar of today', () => {
  const begun = after(diary(), newActor(address), opened('2026-01-01T07:00:00.000Z'))
  const { machine, at, status, state } = begun.record
  const restored = { machine, at, status, state }
  const reset = { ...internal(2, { type: 'actor.reset', id: 'r', data: { to: 1 }, restored }), ts: '2026-03-01T12:00:00.000Z' }
  const { actor } = after(diary(), begun.actor, reset)
  expect(timersOf(actor)).toMatchObject([{ at: '2026-03-02T08:00:00.000Z', event: { data: { due: '2026-03-02T08:00:00.000Z' } } }])
})

test('an event that the machine could not take does not keep the next one away', () => {
  const begun = after(diary(), newActor(address), opened('2026-01-01T07:00:00.000Z')).actor
  const timers = Object.entries(begun.state?.timers ?? {}).map(([run, timer]) => [run, { ...timer, refused: true as const }] as const)
  const refused: Actor = { ...begun, state: begun.state && { ...begun.state, timers: Object.fromEntries(timers) } }
  const { actor } = after(diary(), refused, opened('2026-01-01T09:00:00.000Z', 2))
  expect(timersOf(actor)).toMatchObject([{ at: '2026-01-02T08:00:00.000Z' }])
})

describe('another version of the kind', () => {
  const begun = after(diary(), newActor(address), opened('2026-01-01T00:00:00.000Z')).actor

  test('with another calendar sets the timer again with the next input', () => {
    const { actor, record } = after(diary({ version: 2, every: '0 9 * * *' }), begun, opened('2026-01-01T01:00:00.000Z', 2))
    expect(timersOf(actor)).toMatchObject([{ at: '2026-01-01T09:00:00.000Z' }])
    expect(record.stopped).toHaveLength(1)
  })

  test('without the option stops it', () => {
    const { actor } = after(diary({ version: 2 }, false), begun, opened('2026-01-01T01:00:00.000Z', 2))
    expect(timersOf(actor)).toEqual([])
  })

  test('that has it first gives it to actors that there are', () => {
    const without = after(diary({}, false), newActor(address), opened('2026-01-01T00:00:00.000Z')).actor
    expect(timersOf(without)).toEqual([])
    expect(timersOf(after(diary({ version: 2 }), without, opened('2026-01-01T01:00:00.000Z', 2)).actor)).toHaveLength(1)
  })
})

test.each([
  ['without the event', { every: '0 8 * * *', events: {} }, 'add every: everyDue to its events'],
  ['that is no cron', { every: 'daily', events: { every: everyDue } }, 'is no cron'],
  ['with seconds', { every: '* * * * * *', events: { every: everyDue } }, 'is due again after 1000 ms'],
])('a calendar %s is refused', (_, options, problem) => {
  const define = () => defineKind({ name: 'x', version: 1, context: z.object({}), emits: {}, tasks: {}, ...options })
  expect(define).toThrow(problem)
})
