import { describe, expect, test } from 'vitest'
import { emit, setup } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Decision, Message } from '../../../actors/core/decision.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { defineKind, defineTask } from '../../../actors/definition/define-kind.ts'
import { type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import { createRecording } from '../../../actors/testkit/recorded.ts'
import { actorCancelled } from '../../../schemas/operator-events.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { recordProblem } from '../../../schemas/record-check.ts'
import { internal, message, reread, timeAt } from '../../support/core-helpers.ts'

const address = { tenant: 'acme', kind: 'order', id: 'o1' }
const MINUTE_MS = 60_000

const charge = defineTask({
  input: z.object({ amount: z.number() }),
  output: z.object({ receipt: z.string() }),
  deadlineMs: 10 * MINUTE_MS,
  attemptsMax: 3,
  concurrencyMax: 1,
  run: async () => ({ receipt: '' }),
})

interface Given {
  readonly version?: number
  /** Declares `actor.cancelled`, and tells the customer. */
  readonly tells?: boolean
  readonly throws?: boolean
}

function orderKind({ version = 1, tells = true, throws = false }: Given = {}): Kind {
  const kind = defineKind({
    name: 'order',
    version,
    context: z.object({ amount: z.number() }),
    events: { ordered: z.object({}), returned: z.object({}), ...(tells && { 'actor.cancelled': actorCancelled }) },
    emits: { 'order.told': z.object({ text: z.string() }) },
    tasks: { charge },
    label: ({ amount }) => ({ amount }),
    migrate: version === 1 ? {} : { 1: () => ({ value: 'charging', context: { amount: 5 } }) },
  })
  return kind.with(
    setup(kind.xstate).createMachine({
      id: 'order',
      context: { amount: 5 },
      initial: 'new',
      ...(tells && {
        on: {
          'actor.cancelled': {
            guard: () => {
              if (throws) throw new Error('broken')
              return true
            },
            target: '.returning',
            actions: emit({ type: 'order.told', data: { text: '已取消' } }),
          },
        },
      }),
      states: {
        new: { on: { ordered: 'charging' } },
        charging: {
          after: { 600_000: 'late' },
          invoke: {
            id: 'charging',
            src: 'charge',
            input: ({ context }) => ({ amount: context.amount }),
            onDone: 'charged',
            onError: 'late',
          },
        },
        charged: { on: { returned: 'returning' } },
        returning: { invoke: { id: 'returning', src: 'charge', input: { amount: -5 }, onDone: 'ended', onError: 'late' } },
        late: {},
        ended: { type: 'final' },
      },
    }),
  )
}

interface Told {
  readonly actor: Actor
  readonly records: readonly LogRecord[]
}

function playing(kind: Kind) {
  const kinds = kindsByName([kind])
  const decideOn = (actor: Actor, at: Message, fresh = true): Decision =>
    decide(kinds, actor, at, { now: at.ts, low: 0, lastSeq: actor.n }, fresh)
  return {
    kinds,
    decideOn,
    after({ actor, records }: Told, at: Message): Told {
      const decision = decideOn(actor, at)
      if (decision.kind !== 'record') throw new Error(`expected a record, got ${JSON.stringify(decision)}`)
      const record = reread(decision.record)
      expect(recordProblem(record)).toBeUndefined()
      return { actor: actorAfter(address, record), records: [...records, record] }
    },
  }
}

const last = ({ records }: Told): LogRecord => records.at(-1) ?? expect.fail('no record')
const start: Told = { actor: newActor(address), records: [] }
const ordered = message(1, { type: 'ordered', data: {} })
const chargeOf = ({ actor }: Told): string => Object.keys(actor.state?.tasks ?? {})[0] ?? ''
const done = (run: string) => ({ type: 'task.done', run, attempts: 1, queueMs: 0, durationMs: 0, output: { receipt: 'r' } })
const cancel = { type: 'actor.cancelled', id: 'cancel-1', data: { by: 'ann', reason: 'a test order' } }

const resetTo = ({ records }: Told, to: number, id = 'reset-1') => {
  const { machine, at, status, state } = records[to - 1] ?? last({ actor: newActor(address), records })
  return { type: 'actor.reset', id, data: { to, by: 'ann' }, restored: { machine, at, status, state } }
}

const { kinds, decideOn, after } = playing(orderKind())
const charging = after(start, ordered)
const charged = after(charging, internal(2, done(chargeOf(charging))))

describe('a reset', () => {
  const reset = after(charged, internal(60, resetTo(charged, 1)))

  test('restores state, status and label, and says who asked for it', () => {
    expect(last(reset)).toMatchObject({
      n: 3,
      outcome: 'committed',
      from: 'charged',
      to: 'charging',
      status: 'active',
      label: { amount: 5 },
    })
    expect(last(reset).input).toMatchObject({ type: 'actor.reset', id: 'reset-1', source: 'colloquy', data: { to: 1, by: 'ann' } })
    expect(last(reset).left).toMatchObject([{ state: 'charged', cause: 'actor.reset' }])
    expect(last(reset).emitted).toEqual([])
  })

  test('starts what was pending then under new names, a timer with the time that it had left', () => {
    const [task] = last(reset).started
    expect(task).toMatchObject({ task: 'charge', input: { amount: 5 } })
    expect(task?.run).not.toBe(chargeOf(charging))
    expect(last(reset).timers).toMatchObject([{ at: new Date(Date.parse(timeAt(60)) + 10 * MINUTE_MS).toISOString() }])
  })

  test('gives a task the input that it had, if the message has it', () => {
    const { restored, ...body } = resetTo(charged, 1, 'reset-2')
    const again = after(charged, internal(60, { ...body, restored: { ...restored, inputs: { [chargeOf(charging)]: { amount: 7 } } } }))
    expect(last(again).started).toMatchObject([{ task: 'charge', input: { amount: 7 } }])
  })

  test('ignores results of the old start, and takes those of the new one', () => {
    expect(decideOn(reset.actor, internal(61, done(chargeOf(charging))))).toEqual({ kind: 'ignored', why: 'no_such_run' })
    expect(last(after(reset, internal(61, done(chargeOf(reset)))))).toMatchObject({ to: 'charged' })
  })

  test('stops what is pending now', () => {
    const returning = after(charged, message(3, { type: 'returned', data: {} }))
    const back = after(returning, internal(4, resetTo(returning, 2)))
    expect(last(back)).toMatchObject({ to: 'charged', started: [], timers: [], stopped: [chargeOf(returning)] })
    expect(last(back).ended).toMatchObject([{ task: 'charge', status: 'stopped' }])
  })

  test('of the same id is a duplicate', () => {
    expect(decideOn(reset.actor, internal(61, resetTo(charged, 1)))).toEqual({ kind: 'duplicate', by: 'id' })
  })

  test('opens an actor that has ended', () => {
    const stopped = after(charging, internal(2, cancel))
    const open = after(stopped, internal(3, resetTo(stopped, 1)))
    expect(last(open)).toMatchObject({ status: 'active', to: 'charging' })
  })

  test('takes an actor back to before its first input', () => {
    const early = after(start, message(1, { type: 'ordered', data: {}, history: true }))
    const begun = after(early, message(2, { type: 'ordered', data: {} }))
    const back = after(begun, internal(3, resetTo(begun, 1)))
    expect(last(back)).toMatchObject({ status: 'none', to: '', state: null, label: {} })
    expect(last(back).stopped).toHaveLength(2)
    expect(last(after(back, message(4, { type: 'ordered', data: {} })))).toMatchObject({ to: 'charging', status: 'active' })
  })

  test('to a record of an earlier version migrates its state', () => {
    const now = playing(orderKind({ version: 2 }))
    const back = now.after(charged, internal(9, resetTo(charged, 2)))
    expect(last(back)).toMatchObject({ machine: 'order@2', to: 'charging', started: [{ task: 'charge' }] })
  })

  test.each([
    ['that the actor does not have', resetTo(charged, 1), { data: { to: 9 } }, 'records 1 to 2, and no 9'],
    ['of a newer version', resetTo(charged, 1), { restored: { ...resetTo(charged, 1).restored, machine: 'order@3' } }, 'made by order@3'],
    [
      'with a state that is gone',
      resetTo(charged, 1),
      { restored: { ...resetTo(charged, 1).restored, state: { ...last(charging).state, value: 'gone' } } },
      'cannot be restored: state_gone',
    ],
  ])('to a record %s is rejected', (_, body, wrong, error) => {
    const refused = last(after(charged, internal(9, { ...body, ...wrong })))
    expect(refused).toMatchObject({ outcome: 'rejected', reason: 'bad_data', to: 'charged' })
    expect(refused.error).toContain(error)
  })

  test('of an actor without records leaves none', () => {
    expect(decideOn(newActor(address), internal(1, resetTo(charged, 1)))).toEqual({ kind: 'ignored', why: 'no_such_actor' })
  })

  test('is skipped by a replay, which goes on from it', () => {
    expect(replayRecord(kinds, charged.actor, last(reset))).toMatchObject({ kind: 'skipped', next: { n: 3, status: 'active' } })
    const again = after(reset, internal(61, done(chargeOf(reset))))
    const recording = createRecording(orderKind(), address, again.records)
    expect(recording.deviation).toBeUndefined()
    expect(recording.toCode()).toContain('record 3: actor.reset, which no test can do')
  })
})

describe('a cancelled actor', () => {
  const stopped = after(charging, internal(2, cancel))

  test('tells others of it, and starts nothing more', () => {
    expect(last(stopped)).toMatchObject({ outcome: 'committed', status: 'done', to: 'returning', started: [], timers: [] })
    expect(last(stopped).emitted).toMatchObject([{ type: 'order.told', data: { text: '已取消' } }])
    expect(last(stopped).input).toMatchObject({ type: 'actor.cancelled', data: { by: 'ann', reason: 'a test order' } })
  })

  test('has nothing pending', () => {
    expect(last(stopped).state).toMatchObject({ tasks: {}, timers: {} })
    const { tasks = {}, timers = {} } = charging.actor.state ?? {}
    expect(last(stopped).stopped.toSorted()).toEqual([...Object.keys(tasks), ...Object.keys(timers)].sort())
    expect(last(stopped).ended).toMatchObject([{ task: 'charge', status: 'stopped' }])
    expect(decideOn(stopped.actor, internal(3, done(chargeOf(charging))))).toEqual({ kind: 'ignored', why: 'no_such_run' })
  })

  test('refuses later inputs, and another cancel', () => {
    expect(last(after(stopped, message(3, { type: 'returned', data: {} })))).toMatchObject({ outcome: 'rejected', reason: 'ended' })
    expect(decideOn(stopped.actor, internal(3, cancel))).toEqual({ kind: 'duplicate', by: 'id' })
    expect(last(after(stopped, internal(3, { ...cancel, id: 'cancel-2' })))).toMatchObject({ reason: 'ended' })
  })

  test('keeps its state where the kind does not declare the event', () => {
    const quiet = playing(orderKind({ tells: false }))
    const begun = quiet.after(start, ordered)
    expect(last(quiet.after(begun, internal(2, cancel)))).toMatchObject({ status: 'done', to: 'charging', emitted: [] })
  })

  test('stops also where its machine throws, and the record says so', () => {
    const broken = playing(orderKind({ throws: true }))
    const begun = broken.after(start, ordered)
    expect(broken.decideOn(begun.actor, internal(2, cancel), false)).toMatchObject({ kind: 'threw' })
    const ended = last(broken.after(begun, internal(2, cancel)))
    expect(ended).toMatchObject({ status: 'done', to: 'charging', outcome: 'committed' })
    expect(ended.error).toContain('the kind has not taken "actor.cancelled": ')
    expect(ended.stopped).toHaveLength(2)
  })

  test('is decided again as it was recorded', () => {
    expect(replayRecord(kinds, charging.actor, last(stopped))).toMatchObject({ kind: 'same' })
    expect(createRecording(orderKind(), address, stopped.records).deviation).toBeUndefined()
  })

  test('can be one that has not begun', () => {
    const early = after(start, message(1, { type: 'ordered', data: {}, history: true }))
    expect(last(after(early, internal(2, cancel)))).toMatchObject({ status: 'done', to: '', state: null })
  })
})

test.each(['actor.reset', 'actor.cancelled'])('a producer cannot send %s', (type) => {
  const forged = last(after(charged, message(9, { type, id: 'x', data: { to: 1 } })))
  expect(forged).toMatchObject({ outcome: 'rejected', reason: 'bad_envelope' })
  expect(forged.error).toContain('reserved')
})
