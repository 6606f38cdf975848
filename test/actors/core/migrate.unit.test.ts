import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import type { Migration } from '../../../actors/definition/earlier-versions.ts'
import { type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { internal, message, reread, timeAt } from '../../support/core-helpers.ts'

const task = defineTask({
  input: z.object({ no: z.number() }),
  output: z.object({}),
  deadlineMs: 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => ({}),
})
const events = { ask: z.object({}), wait: z.object({}), look: z.object({}), done: z.object({}) }

const first = defineKind({ name: 'order', version: 1, context: z.object({ n: z.number() }), events, emits: {}, tasks: { ship: task } })
const v1 = first.with(
  setup(first.xstate).createMachine({
    id: 'order',
    context: { n: 7 },
    initial: 'idle',
    states: {
      idle: { on: { ask: 'shipping', wait: 'waiting' } },
      shipping: { invoke: { id: 'ship', src: 'ship', input: ({ context }) => ({ no: context.n }), onDone: 'idle', onError: 'idle' } },
      waiting: { after: { 60_000: 'idle' }, on: { ask: 'shipping' } },
    },
  }),
)

type Context = { no: number }
/** Renames the context's field, the state `waiting` to `open.paused` with a longer delay, and the task to `send`. */
const second = (migrate: Migration<Context>): Kind => {
  const kind = defineKind({
    name: 'order',
    version: 2,
    context: z.object({ no: z.number() }),
    events,
    emits: {},
    tasks: { ship: task, send: task },
    migrate: { 1: migrate },
  })
  return kind.with(
    setup(kind.xstate).createMachine({
      id: 'order',
      context: { no: 1 },
      initial: 'idle',
      states: {
        idle: { on: { ask: 'shipping', wait: 'open' } },
        shipping: { invoke: { id: 'ship', src: 'ship', input: { no: 1 }, onDone: 'idle', onError: 'idle' } },
        sending: {
          invoke: { id: 'send', src: 'send', input: ({ context }) => ({ no: context.no }), onDone: 'idle', onError: 'idle' },
          on: { ask: 'idle' },
        },
        waiting: { after: { 90_000: 'idle' } },
        open: { initial: 'paused', states: { paused: { after: { 90_000: 'on' } }, on: {} } },
      },
    }),
  )
}
const renamed = (values: Readonly<Record<string, string>>) =>
  second(({ value, context }) => ({
    value: (typeof value === 'string' ? values[value] : undefined) ?? value,
    context: { no: Number(context['n']) },
  }))

const run = (kind: Kind, actor: Actor, at: Parameters<typeof decide>[2]): { record: LogRecord; actor: Actor } => {
  const decision = decide(kindsByName([kind]), actor, at, { now: at.ts, low: 0 }, true)
  if (decision.kind !== 'record') throw new Error(decision.kind)
  return { record: decision.record, actor: actorAfter(actor.address, reread(decision.record)) }
}
const input = (type: string, more: object = {}) => ({ type, data: {}, ...more })
const old = (type: string): { record: LogRecord; actor: Actor } =>
  run(v1, newActor({ tenant: 'acme', kind: 'order', id: 'o1' }), message(1, input(type)))

describe('a newer version migrates an actor', () => {
  test('with its pending task and the entry time of its state', () => {
    const { record: before, actor } = old('ask')
    const runName = before.started[0]?.run ?? ''
    const { record, actor: after } = run(renamed({}), actor, message(2, input('look')))
    expect(record).toMatchObject({
      machine: 'order@2',
      from: 'shipping',
      to: 'shipping',
      stopped: [],
      started: [],
      ended: [],
      state: { context: { no: 7 }, tasks: before.state?.tasks, entered: { shipping: timeAt(1) } },
    })
    expect(
      run(renamed({}), after, internal(3, { type: 'task.done', run: runName, attempts: 1, queueMs: 0, durationMs: 0, output: {} })).record
        .to,
    ).toBe('idle')
  })

  test('also where the first message is the result of its task', () => {
    const { record: before, actor } = old('ask')
    const done = internal(2, { type: 'task.done', run: before.started[0]?.run, attempts: 1, queueMs: 0, durationMs: 0, output: {} })
    expect(run(renamed({}), actor, done).record).toMatchObject({ machine: 'order@2', to: 'idle', ended: [{ status: 'done' }], stopped: [] })
  })

  test('and starts the task of the state that the migration moves it to, after stopping the old one', () => {
    const { record: before, actor } = old('ask')
    const { record } = run(renamed({ shipping: 'sending' }), actor, message(2, input('look')))
    expect(record).toMatchObject({
      from: 'shipping',
      to: 'sending',
      stopped: [before.started[0]?.run],
      ended: [{ task: 'ship', status: 'stopped' }],
      started: [{ task: 'send', input: { no: 7 } }],
    })
    expect(
      run(renamed({}), run(renamed({ shipping: 'sending' }), actor, message(2, input('look'))).actor, message(3, input('ask'))).record,
    ).toMatchObject({ to: 'idle', stopped: [record.started[0]?.run] })
  })

  test('and sets a timer with a changed delay again, counted from the entry of its state', () => {
    const { record: before, actor } = old('wait')
    const { record } = run(renamed({}), actor, message(31, input('look')))
    expect(record.stopped).toEqual([before.timers[0]?.run])
    expect(record.timers).toMatchObject([{ event: 'xstate.after.90000.order.waiting', at: timeAt(91) }])
  })

  test('and sets the timer of the state that the migration moves it to, from a partial state value', () => {
    const { record } = run(renamed({ waiting: 'open' }), old('wait').actor, message(31, input('look')))
    expect(record).toMatchObject({ to: 'open.paused', timers: [{ event: 'xstate.after.90000.order.open.paused', at: timeAt(121) }] })
  })

  test('while history is recorded and leaves it at the old version', () => {
    const { record, actor } = run(renamed({}), old('ask').actor, message(2, input('look', { history: true })))
    expect(record).toMatchObject({ machine: 'order@1', state: { context: { n: 7 } } })
    expect(run(renamed({}), actor, message(3, input('look'))).record).toMatchObject({ machine: 'order@2', state: { context: { no: 7 } } })
  })
})

describe('a failed migration is rejected and leaves the actor unchanged', () => {
  test.each([
    ['missing_migration', { ...renamed({}), migrate: {} }, /there is no migrate\[1\]/],
    [
      'migration_failed',
      second(() => {
        throw new Error('out of luck')
      }),
      /threw \(out of luck\)/,
    ],
    ['migration_failed', second(({ value }) => ({ value, context: JSON.parse('{"no":"7"}') as Context })), /context.no/],
    ['state_gone', second(() => ({ value: 'nowhere', context: { no: 1 } })), /nowhere/],
  ] as const)('%s', (code, kind, says) => {
    const { record } = run(kind, old('ask').actor, message(2, input('look')))
    expect(record).toMatchObject({ outcome: 'rejected', reason: 'poison', machine: 'order@1', to: 'shipping' })
    expect(record.error).toMatch(new RegExp(`^${code}: kind "order": order@1 to order@2, from "shipping": `))
    expect(record.error).toMatch(says)
  })

  test('a migration that changes the old state in place does not affect the record', () => {
    const { actor } = old('ask')
    const spoiling = second(({ value, context }) => {
      Object.assign(context, { n: 0 })
      return { value, context: { no: 1 } }
    })
    run(spoiling, actor, message(2, input('look')))
    expect(actor.state?.context).toEqual({ n: 7 })
  })
})

test('a state or task that is missing under the same version has its own code, apart from faults of the machine', () => {
  const { machine: _, ...rest } = renamed({})
  const same = { ...rest, machine: renamed({}).machine, version: 1 }
  expect(run({ ...same, tasks: {} }, old('ask').actor, message(2, input('look'))).record.error).toMatch(
    /^task_gone: a run of task "ship" is pending/,
  )
})
