import { expect, test } from 'vitest'
import { assign, createMachine } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import type { Message } from '../../../actors/core/decision.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import type { Migrations } from '../../../actors/definition/earlier-versions.ts'
import { type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { internal, message, reread, timeAt } from '../../support/core-helpers.ts'

const context = z.object({ waitMs: z.number() })
type Context = z.infer<typeof context>
const ask = defineTask({
  input: z.unknown(),
  output: z.unknown(),
  deadlineMs: 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => null,
})

/** A case that waits in a state with a timer, an invoke without an id, and regions inside. `waitMs` doubles once the wait has begun. */
function caseKind(
  version: number,
  waiting: string,
  { inner = 'asking', migrate = {} }: { inner?: string; migrate?: Migrations<Context> } = {},
) {
  const kind = defineKind({
    name: 'case',
    version,
    context,
    events: { open: z.object({}), look: z.object({}), rest: z.object({}), back: z.object({}) },
    emits: {},
    tasks: { ask },
    migrate,
  })
  const machine: object = {
    id: 'case',
    initial: 'idle',
    states: {
      idle: { on: { open: waiting, back: 'remembered' } },
      [waiting]: {
        initial: inner,
        after: { patience: 'tired' },
        on: { look: { actions: 'double' }, rest: 'idle' },
        states: { [inner]: { invoke: { src: 'ask', input: {}, onDone: 'told', onError: 'told' } }, told: {}, past: { type: 'history' } },
      },
      remembered: { always: `${waiting}.past` },
      tired: {},
    },
  }
  const waitMsOf = ({ context: { waitMs } }: { context: Context }): number => waitMs
  return kind.with(
    createMachine(
      { context: { waitMs: 60_000 }, ...machine },
      {
        actors: kind.xstate.actors,
        delays: { patience: waitMsOf },
        actions: { double: assign({ waitMs: (own: { context: Context }) => waitMsOf(own) * 2 }) },
      },
    ),
  )
}

function take(kind: Kind, actor: Actor, at: Message): { record: LogRecord; actor: Actor } {
  const decision = decide(kindsByName([kind]), actor, at, { now: at.ts, low: 0 }, true)
  if (decision.kind !== 'record') throw new Error(decision.kind)
  return { record: decision.record, actor: actorAfter(actor.address, reread(decision.record)) }
}
const says = (seq: number, type: string): Message => message(seq, { type, data: {} })

const first = caseKind(1, 'review')
const renamedTo = (value: object, renamed: Readonly<Record<string, string>>, inner = 'asking'): Kind =>
  caseKind(2, 'reviewing', {
    inner,
    migrate: { 1: ({ context: old }) => ({ value: value as never, context: context.parse(old), renamed }) },
  })
const second = renamedTo({ reviewing: 'asking' }, { review: 'reviewing' })

const opened = () => take(first, newActor({ tenant: 'acme', kind: 'case', id: 'c1' }), says(1, 'open'))
const waiting = () => take(first, opened().actor, says(2, 'look')).actor

test('a timer keeps its remaining time over a rename, also one whose delay would be another today', () => {
  const before = waiting()
  const [run = ''] = Object.keys(before.state?.timers ?? {})
  const { record, actor } = take(second, before, says(31, 'look'))
  expect(record).toMatchObject({ machine: 'case@2', to: 'reviewing.asking', stopped: [], started: [], timers: [], ended: [] })
  expect(record.state?.timers).toEqual({
    [run]: {
      ...before.state?.timers[run],
      at: timeAt(61),
      sendId: 'xstate.after.patience.case.reviewing',
      event: { type: 'xstate.after.patience.case.reviewing' },
    },
  })
  expect(record.state?.entered).toMatchObject({ 'reviewing.asking': timeAt(1) })
  expect(take(second, actor, internal(61, { type: 'timer.fired', run })).record.to).toBe('tired')
})

test('the timer itself may be the first event of the new version', () => {
  const [run = ''] = Object.keys(waiting().state?.timers ?? {})
  expect(take(second, waiting(), internal(61, { type: 'timer.fired', run })).record).toMatchObject({ machine: 'case@2', to: 'tired' })
})

test.each([
  ['a state around it', second, 'reviewing.told'],
  [
    'its own state and the one around it',
    renamedTo({ reviewing: 'waits' }, { review: 'reviewing', 'review.asking': 'reviewing.waits' }, 'waits'),
    'reviewing.told',
  ],
])('a task that has no id goes on where %s was renamed, and its result may be the first event', (_, kind, to) => {
  const before = waiting()
  const [run = ''] = Object.keys(before.state?.tasks ?? {})
  const done = (seq: number) => internal(seq, { type: 'task.done', run, attempts: 1, queueMs: 0, durationMs: 0, output: null })
  const { record, actor } = take(kind, before, says(3, 'look'))
  expect(record).toMatchObject({ stopped: [], started: [] })
  expect(Object.keys(record.state?.tasks ?? {})).toEqual([run])
  expect(take(kind, actor, done(4)).record).toMatchObject({ to, ended: [{ run, status: 'done' }] })
  expect(take(kind, before, done(4)).record).toMatchObject({ to, ended: [{ run, status: 'done' }], stopped: [] })
})

test('a history state remembers a renamed state', () => {
  const [run = ''] = Object.keys(opened().record.state?.tasks ?? {})
  const told = take(first, opened().actor, internal(2, { type: 'task.done', run, attempts: 1, queueMs: 0, durationMs: 0, output: null }))
  const resting = take(first, told.actor, says(3, 'rest'))
  expect(resting.record.to).toBe('idle')
  expect(take(renamedTo('idle' as never, { review: 'reviewing' }), resting.actor, says(4, 'back')).record.to).toBe('reviewing.told')
})

test('a name that is no state of the new version is refused with it', () => {
  const { record } = take(renamedTo({ reviewing: 'asking' }, { review: 'looking' }), waiting(), says(3, 'look'))
  expect(record).toMatchObject({ outcome: 'rejected', reason: 'poison' })
  expect(record.error).toMatch(/^state_gone: .*renamed of migrate\[1\] names "looking"/)
})
