import { describe, expect, test } from 'vitest'
import {
  and,
  type AnyActorRef,
  assign,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  not,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
} from 'xstate'
import { z } from 'zod'
import { newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { DefinitionError } from '../../../actors/definition/check-definition.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { type ContextSchema, type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import type { RefusalCode } from '../../../actors/definition/refusal.ts'
import { send } from '../../../actors/definition/send-action.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { message, timeAt } from '../../support/core-helpers.ts'

const task = defineTask({
  input: z.unknown(),
  output: z.unknown(),
  deadlineMs: 1_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => null,
})
const define = (context: ContextSchema = z.looseObject({})) =>
  defineKind({
    name: 'bad',
    version: 1,
    context,
    events: { go: z.object({}) },
    emits: { out: z.object({}) },
    tasks: { job: task, other: task },
  })
type Machine = Parameters<ReturnType<typeof define>['with']>[0]

const refusalsOf = (machine: () => Machine, context?: ContextSchema): readonly { code: string; where: string }[] => {
  try {
    define(context).with(machine())
  } catch (error) {
    if (error instanceof DefinitionError) return error.refusals
    throw error
  }
  return []
}

const { xstate } = define()
const job = { id: 'job', src: 'job', onError: {} }
/** Any config, including one that tsc would refuse. */
const machine =
  (config: object, implementations: object = {}) =>
  () =>
    createMachine({ context: {}, ...config }, { actors: xstate.actors, ...implementations })
const entry = (action: unknown, implementations?: object) => machine({ initial: 'a', states: { a: { entry: action } } }, implementations)
const ticking = fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => undefined }) }))

type Spawning = { readonly spawn: (src: string) => unknown }

const refused: [code: RefusalCode, title: string, machine: () => Machine, where: string][] = [
  ['spawn_in_assign', 'spawn taken out of the arguments', entry(assign({ child: ({ spawn }) => spawn('job') })), 'a, entry'],
  ['spawn_in_assign', 'spawn called on the arguments', entry(assign((args) => ({ child: args.spawn('job') }))), 'a, entry'],
  [
    'spawn_in_assign',
    'spawn in a named action',
    machine({}, { actions: { up: assign({ child: ({ context: _, spawn }) => spawn('job') }) } }),
    'action "up"',
  ],
  [
    'callback_actor',
    'a callback',
    machine({ invoke: { ...job, src: 'cb' } }, { actors: { cb: fromCallback(() => undefined) } }),
    '(root), invoke "job"',
  ],
  [
    'observable_actor',
    'an observable',
    machine({ invoke: { ...job, src: 'ticks' } }, { actors: { ticks: ticking } }),
    '(root), invoke "job"',
  ],
  [
    'machine_actor',
    'a child machine',
    machine({ invoke: { ...job, src: 'child' } }, { actors: { child: createMachine({}) } }),
    '(root), invoke "job"',
  ],
  [
    'transition_actor',
    'a reducer',
    machine({ invoke: { ...job, src: 'sum' } }, { actors: { sum: fromTransition((n: number) => n, 0) } }),
    '(root), invoke "job"',
  ],
  [
    'promise_actor',
    'a promise of its own',
    machine({ invoke: { ...job, src: 'mine' } }, { actors: { mine: fromPromise(async () => 1) } }),
    '(root), invoke "job"',
  ],
  [
    'promise_actor',
    'a task that was replaced',
    machine({ invoke: job }, { actors: { job: fromPromise(async () => 1) } }),
    '(root), invoke "job"',
  ],
  [
    'inline_source',
    'an invoke written in place',
    machine({ invoke: { id: 'job', src: fromPromise(async () => 1), onError: {} } }),
    '(root), invoke "job"',
  ],
  ['inline_source', 'an invoke of nothing', machine({ invoke: { id: 'job', onError: {} } }), '(root), invoke "job"'],
  [
    'unknown_source',
    'an unknown task',
    machine({ initial: 'a', states: { a: { initial: 'b', states: { b: { invoke: { id: 'x', src: 'jbo', onError: {} } } } } } }),
    'a.b, invoke "x"',
  ],
  [
    'duplicate_invoke',
    'one id in two regions',
    machine({ type: 'parallel', states: { l: { invoke: job }, r: { initial: 'x', states: { x: { invoke: { ...job, src: 'other' } } } } } }),
    'r.x, invoke "job"',
  ],
  [
    'duplicate_invoke',
    'one id in a state and one inside it',
    machine({ invoke: job, initial: 'a', states: { a: { invoke: job } } }),
    'a, invoke "job"',
  ],
  ['duplicate_invoke', 'one id twice in a state', machine({ invoke: [job, job] }), '(root), invoke "job"'],
  [
    'no_on_error',
    'an invoke without onError',
    machine({ initial: 'a', states: { a: { invoke: { id: 'job', src: 'job' } } } }),
    'a, invoke "job"',
  ],
  ['no_on_error', 'an onError that lists nothing', machine({ invoke: { ...job, onError: [] } }), '(root), invoke "job"'],
  ['on_snapshot', 'onSnapshot', machine({ invoke: { ...job, onSnapshot: {} } }), '(root), invoke "job"'],
  ['system_id', 'systemId', machine({ invoke: { ...job, systemId: 'x' } }), '(root), invoke "job"'],
  ['spawned_task', 'spawnChild', entry(spawnChild('job', { id: 'job' })), 'a, entry'],
  ['send_to_other', 'sendTo a child', entry(sendTo('job', { type: 'go' })), 'a, entry'],
  [
    'send_to_other',
    'sendTo what the context holds',
    entry(sendTo(({ context }) => Reflect.get(context, 'friend') as AnyActorRef, { type: 'go' })),
    'a, entry',
  ],
  [
    'send_to_other',
    'sendTo what the system holds',
    entry(sendTo(({ system }) => system.get('friend') as AnyActorRef, { type: 'go' })),
    'a, entry',
  ],
  ['send_to_other', 'sendParent with a delay', entry(sendParent({ type: 'go' }, { delay: 1 })), 'a, entry'],
  ['send_to_other', 'forwardTo', entry(forwardTo('job')), 'a, entry'],
  ['function_action', 'a function in a transition', machine({ on: { go: { actions: () => undefined } } }), '(root), on go'],
  ['function_action', 'a function in exit', machine({ initial: 'a', states: { a: { exit: () => undefined } } }), 'a, exit'],
  ['function_action', 'a function after a delay', machine({ after: { 100: { actions: () => undefined } } }), '(root), after 100'],
  ['function_action', 'a named function', machine({}, { actions: { tell: () => undefined } }), 'action "tell"'],
  ['unknown_action', 'an action that is not there', entry('nowhere'), 'a, entry'],
  ['unknown_guard', 'a guard that is not there', machine({ on: { go: { guard: 'whether', target: undefined } } }), '(root), on go'],
  ['unknown_guard', 'a guard inside another', machine({ on: { go: { guard: and([not('whether')]) } } }), '(root), on go'],
  ['unknown_delay', 'a delay that is not there', machine({ after: { soon: {} } }), '(root), after soon'],
  ['unknown_event', 'a misspelt event beside a right one', machine({ on: { go: {}, og: {} } }), '(root), on og'],
  ['unknown_event', 'a wildcard that nothing matches', machine({ on: { 'gone.*': {} } }), '(root), on gone.*'],
  [
    'always_cycle',
    'two states that lead to one another',
    machine({ initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } }),
    'a, always',
  ],
  [
    'always_cycle',
    'a state that changes the context without end',
    machine({ initial: 'a', states: { a: { always: { actions: ['up'] } } } }, { actions: { up: assign({ n: 1 }) } }),
    'a, always',
  ],
  [
    'always_cycle',
    'a state that enters itself and changes the context',
    machine({ initial: 'a', states: { a: { entry: assign({ n: 1 }), always: { target: 'a', reenter: true } } } }),
    'a, always',
  ],
  [
    'always_cycle',
    'a state around them that leads back',
    machine({ initial: 'a', states: { a: { initial: 'x', always: 'b', states: { x: {} } }, b: { always: 'a.x' } } }),
    'a, always',
  ],
  ['bad_state_name', 'a state with a dot in its name', machine({ initial: 'a.b', states: { 'a.b': {} } }), 'a.b'],
  [
    'bad_state_name',
    'a state with a plus in its name',
    machine({ initial: 'a', states: { a: { initial: 'b', states: { b: {}, 'b+c': {} } } } }),
    'a.b+c',
  ],
  ['unknown_initial', 'an initial state that is not there', machine({ initial: 'b', states: { a: {} } }), '(root), initial'],
  [
    'unknown_initial',
    'an initial state with actions that is not there',
    machine({ initial: 'a', states: { a: { initial: { target: 'x', actions: [] }, states: { b: {} } } } }),
    'a, initial',
  ],
  ['duplicate_state_id', 'two states with one id', machine({ initial: 'a', states: { a: { id: 'x' }, b: { id: 'x' } } }), 'b'],
  ['route', 'a route', machine({ initial: 'a', states: { a: { id: 'a', route: {} } } }), 'a, route'],
  ['spawn_in_assign', 'spawn in the context', machine({ context: ({ spawn }: Spawning) => ({ a: spawn('job') }) }), 'context'],
  [
    'spawn_in_assign',
    'spawn in the context, out of sight',
    machine({ context: (...args: [Spawning]) => ({ a: args[0].spawn('job') }) }),
    'initial state',
  ],
  ['machine_actor', 'a machine in place', machine({ invoke: { ...job, src: createMachine({}) } }), '(root), invoke "job"'],
  ['callback_actor', 'a callback in place', machine({ invoke: { ...job, src: fromCallback(() => undefined) } }), '(root), invoke "job"'],
  ['context_not_json', 'a first context with a Map', machine({ context: { seen: new Map() } }), 'context'],
  [
    'context_not_json',
    'a first context with a Date, by a function',
    machine({ context: () => ({ at: { deep: [new Date(0)] } }) }),
    'context',
  ],
]

describe('a definition is refused', () => {
  test.each(refused)('as %s: %s', (code, _, drawn, where) => {
    const refusals = refusalsOf(drawn)
    expect(refusals).toContainEqual(expect.objectContaining({ code, where }))
    expect(refusals.map((refusal) => refusal.code)).toEqual(refusals.map(() => code))
  })

  test('as context_not_json where the schema has a type that JSON lacks', () => {
    expect(refusalsOf(machine({}), z.object({ deep: z.object({ at: z.date() }) }))).toMatchObject([{ code: 'context_not_json' }])
  })

  test('as bad_context where schema and machine differ', () => {
    expect(refusalsOf(machine({ context: { count: '1' } }), z.object({ count: z.number() }))).toMatchObject([{ code: 'bad_context' }])
  })

  test('with all its faults at once, and what to write instead', () => {
    const drawn = machine({ entry: ['nowhere', () => undefined], invoke: { id: 'job', src: 'jbo' } })
    expect(refusalsOf(drawn).map(({ code }) => code)).toEqual(['unknown_source', 'no_on_error', 'unknown_action', 'function_action'])
    expect(() => define().with(drawn())).toThrow(
      /kind "bad".*\n.*unknown_source: \(root\), invoke "job": "jbo" is no task and no child .* \(it has "job", "other"\); declare a task/,
    )
  })
})

describe('a refusal advises what helps', () => {
  test.each<[string, object, RegExp]>([
    [
      'a missing initial state, by kind and place',
      { initial: 'nope', states: { a: {} } },
      /kind "bad".*\n.*: \(root\), initial: there is no state "nope" in it; use one of its states \(a\)/,
    ],
    [
      'an unknown delay, by its place',
      { initial: 'a', states: { a: { after: { soon: 'a', 5: 'a' } } } },
      /unknown_delay: a, after soon: there is no delay "soon"/,
    ],
    [
      'a machine in place: a kind of its own',
      { invoke: { ...job, src: createMachine({}) } },
      /machine_actor: .*make it a kind, and name that under "children"/,
    ],
    ['a reducer in place: the context', { invoke: { ...job, src: fromTransition((n: number) => n, 0) } }, /keep its state in the context/],
    ['a promise in place: a task', { invoke: { ...job, src: fromPromise(async () => 1) } }, /inline_source: .*declare a task/],
    [
      'spawn in the context: a task or another actor',
      { context: ({ spawn }: Spawning) => ({ a: spawn('job') }) },
      /spawn_in_assign: context: a spawned actor is in no record/,
    ],
    [
      'a route: a transition at the root',
      { initial: 'a', states: { a: { id: 'a', route: {} } } },
      /route: a, route: .*write a transition for it at the root/,
    ],
  ])('for %s', (_, config, says) => {
    expect(() => define().with(machine(config)())).toThrow(says)
  })
})

describe('a definition is accepted', () => {
  test('with every supported feature', () => {
    expect(
      refusalsOf(
        machine(
          {
            initial: 'a',
            entry: [
              raise({ type: 'go' }),
              sendTo(({ self }) => self, { type: 'go' }),
              log('x'),
              send({ kind: 'bad', id: 'b', type: 'go', data: {} }),
            ],
            states: {
              a: {
                invoke: job,
                after: { 100: 'b', soon: 'b' },
                on: { go: { guard: and([stateIn('a'), 'may']), actions: ['up', { type: 'up' }] } },
              },
              b: { invoke: job, always: [{ guard: 'may', target: 'a' }], on: { 'xstate.error.actor.*': 'a' } },
            },
          },
          {
            actors: xstate.actors,
            delays: { soon: 5 },
            guards: { may: () => false },
            actions: { up: assign({ spawn: ({ context }) => context }) },
          },
        ),
      ),
    ).toEqual([])
  })

  test.each<[string, object]>([
    ['an always that only emits', { always: { actions: emit({ type: 'out', data: {} }) } }],
    [
      'an always into a child that is active',
      { initial: 'r', always: { target: '.r', actions: emit({ type: 'out', data: {} }) }, states: { r: {} } },
    ],
    [
      'an always to itself',
      { initial: 'a', states: { a: { always: { target: 'a', reenter: true, actions: emit({ type: 'out', data: {} }) } } } },
    ],
  ])('with %s, which XState takes once for each event', (_, config) => {
    const kind = define().with(machine(config)())
    expect(decideOn(kind, { type: 'go', data: {} })).toMatchObject({ outcome: 'committed', emitted: [{ type: 'out' }, { type: 'out' }] })
  })

  test('with an always of the machine itself that ends it', () => {
    const kind = define().with(
      machine(
        { initial: 'a', always: { target: '.z', actions: 'up' }, states: { a: {}, z: { type: 'final' } } },
        { actions: { up: assign({ n: 1 }) } },
      )(),
    )
    expect(decideOn(kind, { type: 'go', data: {} })).toMatchObject({ outcome: 'committed', status: 'done', to: 'z' })
  })

  test('with a cycle in a region that another region leaves at once', () => {
    const regions = {
      l: { initial: 'x', states: { x: { always: '#over' } } },
      r: { initial: 'x', states: { x: { always: 'y' }, y: { always: 'x' } } },
    }
    const kind = define().with(machine({ initial: 'p', states: { p: { type: 'parallel', states: regions }, over: { id: 'over' } } })())
    expect(decideOn(kind, { type: 'go', data: {} })).toMatchObject({ outcome: 'committed', to: 'over' })
  })

  test.each<[string, (args: Targeting) => unknown]>([
    ['would fail on an empty context', ({ self, context }) => (context.list.length > 0 ? self : context.list)],
    ['takes the context apart', ({ context: { list }, self }) => (list.includes(1) ? self : undefined)],
    ['depends on the event', ({ self, event }) => (event.type === 'go' ? self : undefined)],
    ['is chosen elsewhere', (args) => chosen(args)],
  ])('with a sendTo whose target %s', (_, to) => {
    const told = sendTo(to as () => AnyActorRef, { type: 'told' })
    const kind = define().with(machine({ context: { list: [1] }, on: { go: { actions: told } } })())
    expect(decideOn(kind, { type: 'go', data: {} })).toMatchObject({ outcome: 'committed' })
  })

  test('also where a field of the context is called spawn', () => {
    expect(refusalsOf(entry(assign(({ context }) => ({ spawned: Reflect.get(context, 'spawn') as unknown }))))).toEqual([])
  })
})

type Targeting = {
  readonly self: unknown
  readonly context: { readonly list: readonly number[] }
  readonly event: { readonly type: string }
}
const chosen = ({ context, self }: Targeting): unknown => (context.list.length === 1 ? self : undefined)

type Args = { context: object; event: { id: string }; self: { send(event: object): void } }
const runTime = define().with(
  machine({
    initial: 'a',
    context: { list: [] },
    output: { found: new Map() },
    states: {
      a: {
        on: {
          go: [
            {
              guard: ({ event }: Args) => event.id === 'spawn',
              actions: assign((...args) => {
                Reflect.get(args[0], 'spawn').call(undefined, 'job', { id: 'x' })
                return {}
              }),
            },
            {
              guard: ({ event }: Args) => event.id === 'spawnChild',
              actions: enqueueActions(({ enqueue }) => enqueue.spawnChild('job', { id: 'x' })),
            },
            {
              guard: ({ event }: Args) => event.id === 'inline',
              actions: enqueueActions(({ enqueue }) =>
                enqueue(
                  spawnChild(
                    fromPromise(async () => 1),
                    { id: 'x' },
                  ),
                ),
              ),
            },
            { guard: ({ event }: Args) => event.id === 'function', actions: enqueueActions(({ enqueue }) => enqueue(() => undefined)) },
            { guard: ({ event }: Args) => event.id === 'unknown', actions: enqueueActions(({ enqueue }) => enqueue('nowhere')) },
            {
              guard: ({ event }: Args) => event.id === 'parent',
              actions: enqueueActions(({ enqueue }) =>
                enqueue(sendTo(({ event }) => (Reflect.get(event, 'no') ?? {}) as AnyActorRef, { type: 'go' })),
              ),
            },
            {
              guard: ({ event }: Args) => event.id === 'self',
              actions: assign(({ self }: Args) => {
                self.send({ type: 'go' })
                return {}
              }),
            },
            { guard: ({ event }: Args) => event.id === 'map', actions: assign({ seen: () => new Map() }) },
            { guard: ({ event }: Args) => event.id === 'endless', target: 'round' },
            {
              guard: ({ event }: Args) => event.id === 'told',
              actions: sendTo(
                ({ self }) => self,
                ({ event }) => event,
              ),
            },
            {
              guard: ({ event }: Args) => event.id === 'later',
              actions: raise({ type: 'go', data: { at: new Date(0) } } as { type: string }, { delay: 1_000 }),
            },
            { guard: ({ event }: Args) => event.id === 'eventless', actions: raise(() => ({}) as { type: string }, { delay: 1_000 }) },
            { guard: ({ event }: Args) => event.id === 'output', target: 'over' },
            {
              guard: ({ event }: Args) => event.id === 'write',
              actions: assign(({ context }) => {
                ;(Reflect.get(context, 'list') as number[]).push(1)
                return context
              }),
            },
            { guard: ({ event }: Args) => event.id === 'never', actions: raise({ type: 'go' }, { delay: NaN }) },
            ...['id', 'type', 'data', 'huge'].map((what) => ({
              guard: ({ event }: Args) => event.id === `send-${what}`,
              actions: send({
                kind: 'bad',
                id: what === 'id' ? 'a.b' : 'b',
                type: what === 'type' ? 'task.done' : 'go',
                data: { at: what === 'data' ? new Date(0) : what === 'huge' ? 'x'.repeat(256 * 1024) : 1 },
              }),
            })),
          ],
        },
      },
      over: { type: 'final' },
      round: { always: { guard: () => true, target: 'trip' } },
      trip: { always: { guard: () => true, target: 'round' } },
    },
  })(),
)

const decideOn = (kind: Kind, body: object): LogRecord => {
  const decision = decide(
    kindsByName([kind]),
    newActor({ tenant: 'acme', kind: kind.name, id: 'a1' }),
    message(1, body),
    { now: timeAt(1), low: 0 },
    true,
  )
  if (decision.kind !== 'record') throw new Error(decision.kind)
  return decision.record
}

describe('a fault that a definition does not show is rejected as poison', () => {
  test.each([
    ['spawn', 'spawn_in_assign'],
    ['spawnChild', 'spawned_task'],
    ['inline', 'inline_source'],
    ['function', 'function_action'],
    ['unknown', 'unknown_action'],
    ['parent', 'send_to_other'],
    ['self', 'send_to_other'],
    ['map', 'context_not_json'],
    ['endless', 'always_cycle'],
    ['told', 'always_cycle'],
    ['never', 'bad_delay'],
    ['later', 'bad_event'],
    ['eventless', 'bad_event'],
    ['output', 'bad_output'],
    ['write', 'Cannot add property 0, object is not extensible'],
    ['send-id', 'bad_send'],
    ['send-type', 'bad_send'],
    ['send-data', 'bad_send'],
    ['send-huge', 'bad_send'],
  ])('%s: %s', (id, code) => {
    const record = decideOn(runTime, { type: 'go', id, data: {} })
    expect(record).toMatchObject({ outcome: 'rejected', reason: 'poison' })
    expect(record.error).toMatch(new RegExp(`^${code}(: |$)`))
    expect(record).not.toHaveProperty('sent')
  })

  test('a machine that throws before its first state commits nothing, so that the input can come again', () => {
    const thrown = define().with(
      machine({
        context: () => {
          throw new Error('no such customer')
        },
      })(),
    )
    expect(decideOn(thrown, { type: 'go', data: {} })).toMatchObject({
      reason: 'poison',
      error: 'no such customer',
      state: null,
      status: 'none',
    })
  })
})
