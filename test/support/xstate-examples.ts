import { expect } from 'vitest'
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { decide } from '../../actors/core/decide.ts'
import type { Message } from '../../actors/core/decision.ts'
import { DefinitionError } from '../../actors/definition/check-definition.ts'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { type ChildKinds, type Kind, kindsByName, type OnTaskError } from '../../actors/definition/kind.ts'
import { send } from '../../actors/definition/send-action.ts'
import type { SentBy } from '../../actors/definition/sent-by.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { createActorTown } from './actor-town.ts'
import { internal, message, reread, timeAt } from './core-helpers.ts'

const job = defineTask({
  input: z.unknown(),
  output: z.unknown(),
  deadlineMs: 60_000,
  attemptsMax: 1,
  concurrencyMax: 1,
  run: async () => null,
})
const little = defineKind({
  name: 'little',
  version: 1,
  context: z.looseObject({}),
  events: { go: z.looseObject({}) },
  emits: {},
  tasks: {},
})
/** A child kind that greets its parent. */
const littleKind = little.with(
  createMachine({ context: {}, entry: sendParent({ type: 'back', data: { from: 'little' } }) }, { actors: little.xstate.actors }),
)
const proofKind = (onTaskError?: OnTaskError, children: ChildKinds = {}, sentBy: SentBy = {}) =>
  defineKind({
    name: 'proof',
    version: 1,
    context: z.looseObject({}),
    emits: { out: z.looseObject({}) },
    tasks: { job },
    events: { go: z.object({}), back: z.object({}), 'say.hello': z.object({}), set: z.object({ n: z.number() }) },
    children,
    sentBy,
    ...(onTaskError !== undefined && { onTaskError }),
  })
const kind = proofKind()
const parentKind = proofKind(undefined, { little: littleKind })

/** Runs the machine of one row, reloaded from its record after each decision. */
function live(config: object, implementations: object = {}, { with: kindWith, xstate } = kind) {
  const kinds = kindsByName([kindWith(createMachine({ context: {}, ...config }, { actors: xstate.actors, ...implementations }))])
  let actor: Actor = newActor({ tenant: 'acme', kind: 'proof', id: 'p1' })
  let seq = 0
  const records: LogRecord[] = []
  const take = (at: Message): LogRecord => {
    const decision = decide(kinds, actor, at, { now: at.ts, low: 0 }, true)
    if (decision.kind !== 'record') throw new Error(`${decision.kind}: ${JSON.stringify(decision)}`)
    records.push(reread(decision.record))
    actor = actorAfter(actor.address, reread(decision.record))
    return decision.record
  }
  const pending = (of: 'tasks' | 'timers'): string => Object.keys(actor.state?.[of] ?? {})[0] ?? 'none'
  const outcome = () => ({ run: pending('tasks'), attempts: 1, queueMs: 0, durationMs: 0 })
  return {
    records,
    get emitted() {
      return records.flatMap((record) => record.emitted.map(({ data }) => data))
    },
    on: (type: string, data: object = {}) => take(message(++seq, { type, data })),
    done: (output: unknown = null) => take(internal(++seq, { type: 'task.done', ...outcome(), output })),
    fail: () => take(internal(++seq, { type: 'task.failed', ...outcome(), error: { code: 'no', message: 'no' } })),
    fire: () => take(internal(++seq, { type: 'timer.fired', run: pending('timers') })),
  }
}

/** As `live`, of a kind with the child `little`. */
const family = (config: object): ReturnType<typeof live> => live(config, {}, parentKind)
/** The parent with this machine, and its child. */
const relatives = (config: object): Kind[] => [
  parentKind.with(createMachine({ context: {}, ...config }, { actors: parentKind.xstate.actors })),
  littleKind,
]

const refusedCodes = (config: object, implementations: object = {}, of = kind): string[] => {
  try {
    live(config, implementations, of)
  } catch (error) {
    if (error instanceof DefinitionError) return error.refusals.map(({ code }) => code)
    throw error
  }
  return []
}

/** The statement of a row of docs/xstate-features.md, with a machine that shows it. */
export type Proof =
  | { readonly status: 'supported' | 'ignored'; readonly shows: () => void }
  | {
      readonly status: 'refused'
      readonly code: string
      readonly machine: object
      readonly implementations?: object
      readonly of?: typeof kind
    }
  /** Seen only when it happens: the input is rejected. */
  | { readonly status: 'rejected'; readonly code: string; readonly machine: object }

const supported = (shows: () => void): Proof => ({ status: 'supported', shows })
const ignored = (shows: () => void): Proof => ({ status: 'ignored', shows })
const refused = (code: string, machine: object, implementations: object = {}): Extract<Proof, { status: 'refused' }> => ({
  status: 'refused',
  code,
  machine,
  implementations,
})
const rejected = (code: string, machine: object): Proof => ({ status: 'rejected', code, machine })

const two = (a: object, b: object = {}, c: object = {}): object => ({ initial: 'a', states: { a, b, c } })
const invoke = { id: 'job', src: 'job', input: { n: 1 }, onDone: 'b', onError: 'b' }
const out = (text: string) => emit({ type: 'out', data: { text } })
const times = (count: number, act: () => void): void => Array.from({ length: count }, act).forEach(() => undefined)
const set = assign({ n: ({ event }) => (event as unknown as { data: { n: number } }).data.n })
const never = { subscribe: () => ({ unsubscribe: () => undefined }) }
const history = (deep: boolean): object => ({
  initial: 'a',
  states: {
    a: {
      initial: 'x',
      on: { back: 'b' },
      states: {
        x: { on: { go: 'y' } },
        y: { initial: 'p', states: { p: { on: { go: 'q' } }, q: {} } },
        h: { type: 'history', history: deep ? 'deep' : 'shallow' },
      },
    },
    b: { on: { back: 'a.h' } },
  },
})
const callback = { actors: { cb: fromCallback(() => undefined) } }

export const proofs: Readonly<Record<string, Proof>> = {
  'Atomic and compound states': supported(() => {
    expect(live({ initial: 'a', states: { a: { initial: 'x', states: { x: { on: { go: 'y' } }, y: {} } } } }).on('go').to).toBe('a.y')
  }),
  'Parallel states': supported(() => {
    expect(live({ type: 'parallel', states: { l: two({ on: { go: 'b' } }), r: two({}) } }).on('go').to).toBe('l.b+r.a')
  }),
  'Final states and `onDone` of a state': supported(() => {
    const machine = live({ initial: 'a', states: { a: { ...two({ on: { go: 'b' } }, { type: 'final' }), onDone: 'over' }, over: {} } })
    expect(machine.on('go').to).toBe('over')
  }),
  'Final state of the machine, `output`': supported(() => {
    const machine = live({ ...two({ on: { go: 'b' } }, { type: 'final' }), output: { sum: 3 } })
    expect(machine.on('go')).toMatchObject({ status: 'done', state: { output: { sum: 3 } } })
    expect(machine.on('go')).toMatchObject({ reason: 'ended' })
  }),
  'History, shallow': supported(() => {
    const machine = live(history(false))
    for (const type of ['go', 'go', 'back']) machine.on(type)
    expect(machine.on('back').to).toBe('a.y.p')
  }),
  'History, deep': supported(() => {
    const machine = live(history(true))
    for (const type of ['go', 'go', 'back']) machine.on(type)
    expect(machine.on('back').to).toBe('a.y.q')
  }),
  'Events with data (`on`)': supported(() => {
    expect(live({ on: { set: { actions: set } } }).on('set', { n: 4 }).state?.context).toEqual({ n: 4 })
  }),
  'Wildcard `*`': supported(() => {
    expect(live(two({ on: { '*': 'b' } })).on('unheard.of').to).toBe('b')
  }),
  'Partial wildcard `say.*`': supported(() => {
    expect(live(two({ on: { 'say.*': 'b' } })).on('say.hello').to).toBe('b')
  }),
  'Several candidates, forbidden transitions': supported(() => {
    const machine = live({
      ...two({ on: { go: [{ guard: () => false, target: 'a' }, { target: 'b' }], back: undefined } }),
      on: { back: '.b' },
    })
    expect([machine.on('back').to, machine.on('go').to]).toEqual(['a', 'b'])
  }),
  '`always`': supported(() => {
    expect(
      live(two({ always: { guard: ({ context }: { context: object }) => 'n' in context, target: 'b' }, on: { set: { actions: set } } })).on(
        'set',
        { n: 1 },
      ).to,
    ).toBe('b')
  }),
  '`always` in a cycle without a guard': refused('always_cycle', two({ always: 'b' }, { always: 'a' })),
  '`always` in a cycle that guards do not end': rejected(
    'always_cycle',
    two({ on: { go: 'b' } }, { always: { guard: () => true, target: 'c' } }, { always: { guard: () => true, target: 'b' } }),
  ),
  '`after`': supported(() => {
    const machine = live(two({ after: { 5_000: 'b' } }))
    expect(machine.on('back').timers).toMatchObject([{ at: timeAt(6) }])
    expect(machine.fire().to).toBe('b')
  }),
  'Named and computed delays': supported(() => {
    const delays = { soon: 2_000, later: ({ context }: { context: { s: number } }) => context.s * 1_000 }
    expect(
      live({ context: { s: 3 }, ...two({ after: { soon: 'b', later: 'b' } }) }, { delays })
        .on('back')
        .timers.map(({ at }) => at),
    ).toEqual([timeAt(3), timeAt(4)])
  }),
  'A delay that has no implementation': refused('unknown_delay', two({ after: { soon: 'b' } })),
  'Re-entering and targetless transitions': supported(() => {
    const machine = live(
      two({ entry: out('in'), on: { go: { target: 'a', reenter: true }, back: { target: 'a' }, set: { actions: out('stay') } } }),
    )
    for (const type of ['go', 'back']) machine.on(type)
    machine.on('set', { n: 1 })
    expect(machine.emitted).toEqual([{ text: 'in' }, { text: 'in' }, { text: 'stay' }])
  }),
  '`entry` and `exit`': supported(() => {
    const machine = live(two({ entry: out('in'), exit: out('out'), on: { go: 'b' } }))
    machine.on('go')
    expect(machine.emitted).toEqual([{ text: 'in' }, { text: 'out' }])
  }),
  'Guards, with parameters': supported(() => {
    const guards = { above: ({ event }: { event: { data: { n: number } } }, min: number) => event.data.n > min }
    const machine = live(two({ on: { set: { guard: { type: 'above', params: 5 }, target: 'b' } } }), { guards })
    expect([machine.on('set', { n: 5 }).to, machine.on('set', { n: 6 }).to]).toEqual(['a', 'b'])
  }),
  '`and`, `or`, `not`, `stateIn`': supported(() => {
    const guard = and([not(() => false), or([() => false, stateIn('a')])])
    expect(live(two({ on: { go: { guard, target: 'b' } } })).on('go').to).toBe('b')
  }),
  'An event in `on` that the kind does not take': refused('unknown_event', two({ on: { go: 'b', og: 'b' } })),
  'A guard that has no implementation': refused('unknown_guard', two({ on: { go: { guard: 'may', target: 'b' } } })),
  '`assign`': supported(() => {
    expect(
      live({ context: { n: 1 }, on: { go: { actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) } } }).on('go').state
        ?.context,
    ).toEqual({ n: 2 })
  }),
  'Context by a function of `input`': supported(() => {
    expect(live({ context: ({ input }: { input: object }) => ({ ...input }) }).on('go').state?.context).toEqual({
      tenant: 'acme',
      kind: 'proof',
      id: 'p1',
    })
  }),
  'Context that JSON cannot hold': refused('context_not_json', { context: { seen: new Set() } }),
  'Context that comes to be what JSON cannot hold': rejected('context_not_json', {
    on: { go: { actions: assign({ at: () => new Date(0) }) } },
  }),
  '`raise`': supported(() => {
    expect(live(two({ on: { go: { actions: raise({ type: 'back' }) }, back: 'b' } })).on('go').to).toBe('b')
  }),
  'An `initial` that names no state': refused('unknown_initial', { initial: 'x', states: { a: {} } }),
  'Two states with one `id`': refused('duplicate_state_id', two({ id: 'x' }, { id: 'x' })),
  '`route`': refused('route', two({ id: 'x', route: {} })),
  '`spawn` in the function of the context': refused('spawn_in_assign', {
    context: ({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('job') }),
  }),
  '`always` without a guard that changes nothing': supported(() => {
    const machine = live({ initial: 'r', always: { target: '.r', actions: out('x') }, states: { r: {} } })
    machine.on('go')
    machine.on('go')
    expect(machine.emitted).toHaveLength(3)
  }),
  '`always` without a guard that raises an event': supported(() => {
    const machine = live({ ...two({}, { always: { actions: [out('x'), raise({ type: 'back' })] } }), on: { back: '.a', go: '.b' } })
    expect(machine.on('go').to).toBe('a')
    expect(machine.emitted).toHaveLength(1)
  }),
  '`always` in a cycle of raised events that none ends': rejected(
    'always_cycle',
    two({ on: { go: 'b' } }, { always: { actions: raise({ type: 'back' }) } }),
  ),
  '`-0`, and keys that are `undefined`': supported(() => {
    const config = { on: { go: { actions: assign({ n: -0, more: undefined }) } } }
    expect(live(config).on('go').state?.context).toStrictEqual({ n: 0 })
  }),
  '`raise` with a delay, and an `id` that is pending': supported(() => {
    const later = raise({ type: 'back' }, { delay: 1_000, id: 'later' })
    const machine = live({ on: { go: { actions: later } } })
    machine.on('go')
    expect(Object.keys(machine.on('go').state?.timers ?? {})).toHaveLength(1)
  }),
  '`sendTo` whose target depends on context or event': supported(() => {
    const told = sendTo(({ self, context }) => (Reflect.has(context, 'friend') ? 'friend' : self), { type: 'back' })
    expect(live(two({ on: { go: { actions: told }, back: 'b' } })).on('go').to).toBe('b')
  }),
  'More than 256 tasks, timers and children pending': rejected('too_many_runs', {
    on: { go: { actions: enqueueActions(({ enqueue }) => times(257, () => enqueue.raise({ type: 'back' }, { delay: 1_000 }))) } },
  }),
  'More than 256 effects of one input': rejected('too_many_effects', {
    on: { go: { actions: enqueueActions(({ enqueue }) => times(257, () => enqueue(out('x')))) } },
  }),
  '`raise` with a delay, `cancel`': supported(() => {
    const machine = live(
      two({
        on: { go: { actions: raise({ type: 'back' }, { delay: 1_000, id: 'later' }) }, set: { actions: cancel('later') }, back: 'b' },
      }),
    )
    expect(machine.on('go').timers).toHaveLength(1)
    expect(machine.on('set', { n: 1 }).stopped).toHaveLength(1)
    machine.on('go')
    expect(machine.fire().to).toBe('b')
  }),
  '`emit`': supported(() => {
    expect(live({ on: { go: { actions: out('hi') } } }).on('go').emitted).toMatchObject([{ type: 'out', data: { text: 'hi' } }])
  }),
  '`emit` of a type that the kind does not declare': rejected('unknown_emit', { on: { go: { actions: emit({ type: 'other' }) } } }),
  "`send` (Colloquy's own)": supported(() => {
    expect(live({ on: { go: { actions: send({ kind: 'proof', id: 'p2', type: 'go', data: {} }) } } }).on('go').sent).toMatchObject([
      { kind: 'proof', actor: 'p2', type: 'go' },
    ])
  }),
  "`sentBy` of `defineKind` (Colloquy's own)": supported(() => {
    const machine = live(two({ on: { go: 'b' } }), {}, proofKind(undefined, {}, { go: '*' }))
    expect(machine.on('go')).toMatchObject({ outcome: 'rejected', reason: 'bad_data' })
  }),
  '`sendTo` to itself': supported(() => {
    const sendBack = sendTo(({ self }) => self, { type: 'back' })
    expect(live(two({ on: { go: { target: 'b', actions: sendBack } } }, { on: { back: 'a' } })).on('go').to).toBe('a')
  }),
  '`sendTo` to itself with a delay': supported(() => {
    const machine = live(two({ on: { go: { actions: sendTo(({ self }) => self, { type: 'back' }, { delay: 1_000 }) }, back: 'b' } }))
    machine.on('go')
    expect(machine.fire().to).toBe('b')
  }),
  '`sendTo` and `forwardTo` to a child': supported(() => {
    const to = [sendTo('x', { type: 'go', data: { n: 1 } }), forwardTo('x')]
    const machine = family({ invoke: { src: 'little', id: 'x', onError: {} }, on: { go: { actions: to } } })
    const [start, ...more] = machine.on('go').sent ?? []
    expect(start?.type).toBe('xstate.init')
    expect(more).toMatchObject([
      { kind: 'little', actor: start?.actor, type: 'go', data: { n: 1 } },
      { kind: 'little', actor: start?.actor, type: 'go', data: {} },
    ])
  }),
  '`sendTo` with a delay to a child or parent': refused('send_to_other', { entry: sendParent({ type: 'go' }, { delay: 1_000 }) }),
  '`sendTo`, `forwardTo` to a task or another actor': refused('send_to_other', {
    entry: [sendTo('job', { type: 'go' }), forwardTo('job')],
  }),
  '`sendParent`': supported(() => {
    const town = createActorTown(relatives({ invoke: { src: 'little', id: 'x', onError: {} }, on: { back: {} } }))
    town.publish('acme/proof/p1', 'go', {})
    town.settle()
    expect(town.last('acme/proof/p1').input).toMatchObject({ type: 'back', data: { from: 'little' } })
  }),
  '`sendParent` in an actor that no parent started': rejected('send_to_other', { on: { go: { actions: sendParent({ type: 'back' }) } } }),
  '`self.send(…)` inside a function': rejected('send_to_other', {
    on: {
      go: {
        actions: assign(({ self }) => {
          self.send({ type: 'go' })
          return {}
        }),
      },
    },
  }),
  '`log`': ignored(() => {
    expect(live({ on: { go: { actions: log('x') } } }).on('go')).toMatchObject({ outcome: 'committed', emitted: [] })
  }),
  '`enqueueActions`, `check`': supported(() => {
    const both = enqueueActions(({ enqueue, check }) => {
      if (check(() => true)) enqueue(out('one'))
      enqueue(out('two'))
      enqueue.raise({ type: 'back' })
    })
    const machine = live(two({ on: { go: { actions: both }, back: 'b' } }))
    expect(machine.on('go').to).toBe('b')
    expect(machine.emitted).toEqual([{ text: 'one' }, { text: 'two' }])
  }),
  'Named actions, with parameters': supported(() => {
    const actions = { keep: assign({ n: (_, n: number) => n }) }
    expect(live({ on: { go: { actions: { type: 'keep', params: 9 } } } }, { actions }).on('go').state?.context).toEqual({ n: 9 })
  }),
  'An action that has no implementation': refused('unknown_action', { entry: 'nowhere' }),
  'A function as an action': refused('function_action', { entry: () => undefined }),
  'A function enqueued as an action': rejected('function_action', {
    on: { go: { actions: enqueueActions(({ enqueue }) => enqueue(() => undefined)) } },
  }),
  '`invoke` of a task, `input`, `onDone`': supported(() => {
    const machine = live(
      two({
        invoke: {
          ...invoke,
          onDone: { target: 'b', actions: assign({ got: ({ event }) => (event as unknown as { output: unknown }).output }) },
        },
      }),
    )
    expect(machine.on('back').started).toMatchObject([{ task: 'job', input: { n: 1 }, deadlineAt: timeAt(61) }])
    expect(machine.done(5)).toMatchObject({ to: 'b', state: { context: { got: 5 } } })
  }),
  '`onError`': supported(() => {
    const machine = live(two({ invoke }))
    machine.on('back')
    expect(machine.fail()).toMatchObject({ to: 'b', status: 'active' })
  }),
  '`invoke` without `onError`': refused('no_on_error', { invoke: { id: 'job', src: 'job' } }),
  "`onTaskError: 'state'` of the kind": supported(() => {
    const machine = live(two({ invoke: { id: 'job', src: 'job' }, on: { go: 'b' } }), {}, proofKind('state'))
    machine.on('back')
    const failed = { to: 'a', status: 'active', ended: [{ status: 'failed', error: { code: 'no' } }] }
    expect(machine.fail()).toMatchObject(failed)
    expect(machine.on('go')).toMatchObject({ to: 'b', status: 'active' })
  }),
  "`onTaskError: 'end'` of the kind": supported(() => {
    const machine = live(two({ invoke: { id: 'job', src: 'job' } }), {}, proofKind('end'))
    machine.on('back')
    expect(machine.fail()).toMatchObject({
      to: 'a',
      status: 'error',
      error: 'no: no',
      ended: [{ status: 'failed', error: { code: 'no' } }],
    })
    expect(machine.on('go')).toMatchObject({ outcome: 'rejected', reason: 'ended' })
  }),
  '`onError` whose branches all have guards': supported(() => {
    const machine = live(two({ invoke: { ...invoke, onError: { guard: () => false } } }))
    machine.on('back')
    expect(machine.fail()).toMatchObject({ status: 'error', error: expect.any(String) as string })
  }),
  'Leaving a state stops its task': supported(() => {
    const machine = live(two({ invoke, on: { go: 'b' } }))
    const [started] = machine.on('back').started
    expect(machine.on('go').stopped).toEqual([started?.run])
  }),
  '`stopChild` of an invoked task': supported(() => {
    const machine = live(two({ invoke, on: { go: { actions: stopChild('job') } } }))
    machine.on('back')
    expect(machine.on('go').ended).toMatchObject([{ status: 'stopped' }])
  }),
  'Several tasks in one state': supported(() => {
    expect(live(two({ invoke: [invoke, { ...invoke, id: 'again' }] })).on('back').started).toHaveLength(2)
  }),
  'One invoke id twice at one time': refused('duplicate_invoke', {
    type: 'parallel',
    states: { l: { invoke: { ...invoke, onDone: {}, onError: {} } }, r: { invoke: { ...invoke, onDone: {}, onError: {} } } },
  }),
  '`onSnapshot`': refused('on_snapshot', two({ invoke: { ...invoke, onSnapshot: {} } })),
  '`systemId` of an invoke': refused('system_id', two({ invoke: { ...invoke, systemId: 'x' } })),
  '`invoke.src` written in place': refused('inline_source', { invoke: { id: 'job', src: fromPromise(async () => 1), onError: {} } }),
  '`invoke` of a name that is no task': refused('unknown_source', { invoke: { id: 'job', src: 'jbo', onError: {} } }),
  '`fromPromise` that is no task': refused(
    'promise_actor',
    { invoke: { id: 'x', src: 'mine', onError: {} } },
    { actors: { mine: fromPromise(async () => 1) } },
  ),
  '`fromCallback`': refused('callback_actor', { invoke: { id: 'x', src: 'cb', onError: {} } }, callback),
  '`fromObservable`, `fromEventObservable`': refused(
    'observable_actor',
    {
      invoke: [
        { id: 'x', src: 'one', onError: {} },
        { id: 'y', src: 'two', onError: {} },
      ],
    },
    { actors: { one: fromObservable(() => never), two: fromEventObservable(() => never) } },
  ),
  '`fromTransition`': refused(
    'transition_actor',
    { invoke: { id: 'x', src: 'sum', onError: {} } },
    { actors: { sum: fromTransition((n: number) => n, 0) } },
  ),
  '`invoke` of a kind': supported(() => {
    const machine = family({ initial: 'a', states: { a: { invoke: { src: 'little', id: 'x', onDone: 'b', onError: {} } }, b: {} } })
    expect(machine.on('go').sent).toMatchObject([{ kind: 'little', type: 'xstate.init', data: { child: 'x' } }])
    expect(Object.values(machine.on('go').state?.children ?? {})).toMatchObject([{ child: 'x', src: 'little', kind: 'little' }])
  }),
  'A machine as an actor': refused(
    'machine_actor',
    { invoke: { id: 'x', src: 'child', onError: {} } },
    { actors: { child: createMachine({}) } },
  ),
  '`spawnChild` of a kind, `stopChild` of it': supported(() => {
    const handled = { 'xstate.error.actor.x': {} }
    const machine = family({ on: { ...handled, go: { actions: spawnChild('little', { id: 'x' }) }, back: { actions: stopChild('x') } } })
    const [start] = machine.on('go').sent ?? []
    expect(start).toMatchObject({ kind: 'little', type: 'xstate.init', data: { child: 'x', depth: 1 } })
    expect(machine.on('back').sent).toMatchObject([{ actor: start?.actor, type: 'xstate.stop' }])
  }),
  '`enqueue.spawnChild` of a kind': supported(() => {
    const machine = family({
      on: { 'xstate.error.*': {}, go: { actions: enqueueActions(({ enqueue }) => enqueue.spawnChild('little', { id: 'x' })) } },
    })
    expect(machine.on('go').sent).toMatchObject([{ kind: 'little', type: 'xstate.init' }])
  }),
  '`spawnChild` of a kind without an `id`': {
    ...refused('bad_child_name', { on: { 'xstate.error.*': {} }, entry: spawnChild('little') }),
    of: parentKind,
  },
  '`spawnChild` of a task': refused('spawned_task', { entry: spawnChild('job', { id: 'x' }) }),
  '`enqueue.spawnChild` of a task': rejected('spawned_task', {
    on: { go: { actions: enqueueActions(({ enqueue }) => enqueue.spawnChild('job', { id: 'x' })) } },
  }),
  '`spawn` in `assign`': refused('spawn_in_assign', { entry: assign({ child: ({ spawn }) => spawn('job') }) }),
  '`spawn` that the definition does not show': rejected('spawn_in_assign', {
    on: {
      go: {
        actions: assign((...all) => {
          ;(Reflect.get(all[0], 'spawn') as (src: string, options: object) => void)('job', { id: 'x' })
          return {}
        }),
      },
    },
  }),
  '`tags`, `meta`, `description`': ignored(() => {
    expect(
      Object.keys(live({ ...two({ tags: ['t'], meta: { m: 1 }, description: 'd' }), description: 'd' }).on('back').state ?? {}),
    ).not.toContain('tags')
  }),
  '`id` of states, targets by `#id`': supported(() => {
    expect(live(two({ on: { go: '#there' } }, { id: 'there' })).on('go').to).toBe('b')
  }),
  "A state's name with `.` or `+` in it": refused('bad_state_name', { initial: 'a.b', states: { 'a.b': {} } }),
  '`assign` that writes on the context': rejected('', {
    context: { list: [] },
    on: {
      go: {
        actions: assign(({ context }) => {
          ;(Reflect.get(context, 'list') as number[]).push(1)
          return context
        }),
      },
    },
  }),
  '`raise` with a delay of what JSON cannot hold': rejected('bad_event', {
    on: { go: { actions: raise({ type: 'back', data: { at: new Date(0) } } as { type: string }, { delay: 1_000 }) } },
  }),
  '`output` that JSON cannot hold': rejected('bad_output', {
    initial: 'a',
    states: { a: { on: { go: 'b' } }, b: { type: 'final' } },
    output: { at: new Date(0) },
  }),
  'A machine that throws': rejected('', {
    on: {
      go: {
        actions: assign(() => {
          throw new Error('no')
        }),
      },
    },
  }),
}

export { live, refusedCodes }
