import { describe, expect, test } from 'vitest'
import { createMachine, setup } from 'xstate'
import { z } from 'zod'
import { actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { type Kind, kindsByName } from '../../../actors/definition/kind.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { recordSchema } from '../../../schemas/record.ts'
import { recordProblem } from '../../../schemas/record-check.ts'
import { parseActorKey, TOKEN } from '../../../schemas/subjects.ts'
import { type ActorTown, createActorTown } from '../../support/actor-town.ts'
import { billingKind, orderKind } from '../../support/billed-order.ts'
import { message } from '../../support/core-helpers.ts'

const KINDS = [orderKind, billingKind]
const ORDER = 'acme/order/o1'

const childrenOf = (town: ActorTown, actor = ORDER): string[] =>
  Object.values(town.last(actor).state?.children ?? {}).map(({ kind, actor: id }) => `acme/${kind}/${id}`)
function onlyChild(town: ActorTown): string {
  const [child, ...more] = childrenOf(town)
  if (child === undefined || more.length > 0) throw new Error(`one child expected, not ${childrenOf(town).join(', ')}`)
  return child
}

describe.each([
  { how: 'read from their records', inMemory: false, compiled: false },
  { how: 'in memory', inMemory: true, compiled: false },
  { how: 'in memory, compiled', inMemory: true, compiled: true },
])('actors $how', (options) => {
  const begin = (): ActorTown => createActorTown(KINDS, options)
  const placed = (): { town: ActorTown; child: string } => {
    const town = begin()
    town.publish(ORDER, 'placed', { amount: 7 })
    return { town, child: onlyChild(town) }
  }

  test('a cancel of a parent stops its children with all that they wait for', () => {
    const { town, child } = placed()
    town.settle()
    expect(town.cancel(ORDER)).toMatchObject({ status: 'done', sent: [{ type: 'xstate.stop', actor: child.split('/')[2] }] })
    expect(town.last(ORDER).state?.children).toBeUndefined()
    town.settle()
    expect(town.last(child)).toMatchObject({ status: 'stopped', state: { tasks: {} } })
  })

  test('the parent of a child that is cancelled hears an error', () => {
    const { town, child } = placed()
    town.settle()
    expect(town.cancel(child)).toMatchObject({ status: 'done', state: { tasks: {} } })
    town.settle()
    expect(town.last(ORDER)).toMatchObject({
      to: 'failed',
      state: { context: { problem: expect.stringContaining('child_cancelled') as string } },
    })
    expect(childrenOf(town)).toEqual([])
  })

  test('a reset stops the children of now, and starts those of then again as other actors', () => {
    const { town, child } = placed()
    town.settle()
    town.publish(ORDER, 'split', { name: 'later', amount: 3 })
    town.settle()
    expect(childrenOf(town)).toHaveLength(2)
    town.reset(ORDER, 1)
    const again = onlyChild(town)
    expect(again).not.toBe(child)
    town.settle()
    expect(town.last(child).status).toBe('stopped')
    expect(town.last(again)).toMatchObject({ to: 'charging', started: [{ task: 'charge', input: { amount: 7 } }] })
    town.taskEnds(again, { output: { receipt: 'r1' } })
    town.settle()
    town.publish(ORDER, 'confirm', { receipt: 'r1' })
    town.settle()
    expect(town.last(ORDER)).toMatchObject({ to: 'paid', state: { context: { receipt: 'r1' } } })
  })

  test('an invoke of a kind starts an actor of its own, whose output comes back to onDone', () => {
    const { town, child } = placed()
    town.settle()
    expect(town.last(child)).toMatchObject({
      n: 1,
      input: { type: 'xstate.init', source: `colloquy/${ORDER}`, data: { child: 'bill', depth: 1, input: { order: 'o', amount: 7 } } },
      to: 'charging',
      started: [{ task: 'charge', input: { amount: 7 } }],
      case: { parent: { kind: 'order', id: 'o1', child: 'bill', depth: 1 } },
    })
    town.publish(ORDER, 'hurry', {})
    town.settle()
    expect(town.last(child)).toMatchObject({ input: { type: 'hurry' }, state: { context: { hurried: true } } })
    town.taskEnds(child, { output: { receipt: 'r1' } })
    town.settle()
    expect(town.last(ORDER)).toMatchObject({ input: { type: 'progress' }, state: { context: { receipt: 'seen r1' } } })
    town.publish(ORDER, 'confirm', { receipt: 'r1' })
    town.settle()
    expect(town.last(child)).toMatchObject({ status: 'done', to: 'charged' })
    expect(town.last(ORDER)).toMatchObject({
      input: { type: 'xstate.done.actor.bill', source: `colloquy/${child}` },
      status: 'done',
      to: 'paid',
      state: { context: { receipt: 'r1' } },
      left: [{ state: 'billing', cause: 'child:bill:done' }],
    })
    expect(town.last(ORDER).state?.children).toBeUndefined()
  })

  test('an error that ends a child comes to onError', () => {
    const { town, child } = placed()
    town.settle()
    town.taskEnds(child, { error: { code: 'declined', message: 'no money' } })
    expect(town.last(child).status).toBe('error')
    town.settle()
    expect(town.last(ORDER)).toMatchObject({ to: 'failed', left: [{ cause: 'child:bill:error' }] })
    expect(String(town.last(ORDER).state?.context['problem'])).toMatch(/child_error.*billing ended with an error/)
  })

  test('leaving the state stops the child with its tasks; what it would have told comes too late', () => {
    const { town, child } = placed()
    town.settle()
    town.publish(ORDER, 'cancelled', {})
    expect(childrenOf(town)).toEqual([])
    // The outcome of the child is on its way while the stop is.
    town.taskEnds(child, { output: { receipt: 'r1' } })
    town.settle()
    expect(town.last(child)).toMatchObject({ input: { type: 'xstate.stop' }, status: 'stopped', to: 'confirming' })
    expect(town.last(ORDER)).toMatchObject({ to: 'open', input: { type: 'progress' } })
    expect(town.publish(child, 'hurry', {})).toMatchObject({ outcome: 'rejected', reason: 'ended' })
  })

  test('a parent that leaves while the child is starting stops it before or after its start', () => {
    const { town, child } = placed()
    town.publish(ORDER, 'cancelled', {})
    town.settle()
    expect(town.last(child)).toMatchObject({
      n: 2,
      status: 'stopped',
      stopped: [expect.any(String)],
      ended: [{ task: 'charge', status: 'stopped' }],
      state: { tasks: {} },
    })
  })

  test('each child under a name is another actor, and the end of an earlier one changes nothing', () => {
    const { town, child: first } = placed()
    town.settle()
    const { run } = town.last(first).case.parent ?? {}
    town.publish(ORDER, 'cancelled', {})
    town.publish(ORDER, 'placed', { amount: 8 })
    const second = onlyChild(town)
    expect(second).not.toBe(first)
    const data = { run, output: { receipt: 'old' } }
    const payload = JSON.stringify({ type: 'xstate.done.actor.bill', id: 'late', source: `colloquy/${first}`, sequence: 9_999, data })
    town.deliver({ address: { tenant: 'acme', kind: 'order', id: 'o1' }, origin: 'actor', payload })
    expect(town.last(ORDER)).toMatchObject({ outcome: 'committed', to: 'billing', from: 'billing' })
    town.settle()
    expect(onlyChild(town)).toBe(second)
    expect(town.last(first).status).toBe('stopped')
    expect(town.last(second)).toMatchObject({ status: 'active', state: { context: { amount: 8 } } })
  })

  test('doubled messages change nothing', () => {
    const { town, child } = placed()
    const doubled = (): void => {
      for (const message of town.waiting.splice(0)) {
        expect(town.deliver(message).kind).toBe('record')
        expect(town.deliver(message)).toMatchObject({ kind: 'duplicate' })
      }
    }
    doubled()
    town.taskEnds(child, { output: { receipt: 'r1' } })
    doubled()
    town.publish(ORDER, 'confirm', { receipt: 'r1' })
    doubled()
    doubled()
    expect(town.last(ORDER).to).toBe('paid')
    expect(town.records.get(child)).toHaveLength(3)
  })

  test('spawned children run side by side under names that the machine computes', () => {
    const town = begin()
    for (const name of ['a', 'b', 'c']) town.publish(ORDER, 'split', { name, amount: 1 })
    const [a = '', b = '', c = ''] = childrenOf(town)
    town.settle()
    town.publish(ORDER, 'drop', { name: 'b' })
    town.settle()
    expect([a, b, c].map((child) => town.last(child).status)).toEqual(['active', 'stopped', 'active'])
    expect(childrenOf(town)).toEqual([a, c])
    town.taskEnds(a, { output: { receipt: 'r' } })
    town.settle()
    town.publish(a, 'confirm', { receipt: 'r' })
    town.settle()
    expect(town.last(ORDER)).toMatchObject({
      input: { type: 'xstate.done.actor.a' },
      state: { context: { seen: ['progress', 'xstate.done.actor.a'] } },
    })
    town.taskEnds(c, { error: { code: 'x', message: 'x' } })
    town.settle()
    expect(childrenOf(town)).toEqual([])
  })

  test('an actor has a bounded number of children', () => {
    const town = begin()
    for (let count = 1; count <= LIMITS.childrenMax; count++) town.publish(ORDER, 'split', { name: `n${count}`, amount: 1 })
    expect(town.last(ORDER).outcome).toBe('committed')
    expect(town.publish(ORDER, 'split', { name: 'more', amount: 1 })).toMatchObject({
      outcome: 'rejected',
      error: expect.stringMatching(/^too_many_children: more than 64 children of one actor/) as string,
    })
    // Spawning under a name that is taken replaces the child.
    expect(town.publish(ORDER, 'split', { name: 'n1', amount: 2 })).toMatchObject({
      outcome: 'committed',
      sent: [{ type: 'xstate.stop' }, { type: 'xstate.init' }],
    })
    town.publish(ORDER, 'placed', { amount: 1 })
    expect(town.last(ORDER)).toMatchObject({ outcome: 'rejected' })
  })
})

test('no producer can start, stop or end a child', () => {
  const town = createActorTown(KINDS)
  for (const type of ['xstate.init', 'xstate.stop', 'xstate.done.actor.bill', 'xstate.error.actor.bill']) {
    expect(town.publish(ORDER, type, { run: 'r', child: 'bill', depth: 1 })).toMatchObject({ outcome: 'rejected', reason: 'bad_envelope' })
  }
})

test('an actor whose kind needs the input of a parent refuses to begin without one', () => {
  const town = createActorTown(KINDS)
  expect(town.publish('acme/billing/b', 'hurry', {})).toMatchObject({
    outcome: 'rejected',
    reason: 'bad_data',
    error: expect.stringContaining('no parent started this actor') as string,
  })
})

test('a child whose address a producer used before tells its parent', () => {
  const free = createActorTown([orderKind, billingKind])
  free.publish(ORDER, 'placed', { amount: 7 })
  const child = onlyChild(free)
  const [start] = free.waiting
  if (start === undefined) throw new Error('nothing was sent')
  free.settle()
  // Another parent's start of the same address.
  const again = { ...(JSON.parse(start.payload) as object), source: 'colloquy/acme/order/o2', id: 'other' }
  free.deliver({ ...start, payload: JSON.stringify(again) })
  expect(free.last(child)).toMatchObject({
    outcome: 'committed',
    sent: [{ kind: 'order', actor: 'o2', type: 'xstate.error.actor.bill', data: { error: { code: 'child_exists' } } }],
    case: { parent: { id: 'o1' } },
  })
})

test("all records fit their schema, their check by hand, and what today's code decides", () => {
  const town = createActorTown(KINDS)
  town.publish(ORDER, 'placed', { amount: 7 })
  town.publish(ORDER, 'split', { name: 'a', amount: 1 })
  const [child = '', spawned = ''] = childrenOf(town)
  town.settle()
  town.publish(ORDER, 'hurry', {})
  town.settle()
  town.taskEnds(child, { error: { code: 'x', message: 'y' } })
  town.settle()
  town.publish(ORDER, 'drop', { name: 'a' })
  town.settle()
  expect(town.last(spawned).status).toBe('stopped')
  for (const [key, records] of town.records) {
    const address = parseActorKey(key)
    if (address === undefined) throw new Error(key)
    expect(address.id).toMatch(TOKEN)
    let actor = newActor(address)
    for (const record of records) {
      expect(recordProblem(record)).toBeUndefined()
      expect(recordSchema.safeParse(record).error).toBeUndefined()
      const replayed = replayRecord(kindsByName(KINDS), actor, record)
      expect(replayed).toMatchObject({ kind: 'same' })
      actor = actorAfter(address, record)
    }
  }
})

describe('bounds and ends', () => {
  const chain = (levels: number): Kind[] => {
    const kinds: Kind[] = []
    for (let level = levels; level >= 0; level--) {
      const [below] = kinds
      const kind = defineKind({
        name: `level${level}`,
        version: 1,
        context: z.looseObject({}),
        events: { go: z.object({}) },
        emits: {},
        tasks: {},
        ...(below !== undefined && { children: { below } }),
      })
      const invoke = below === undefined ? {} : { invoke: { src: 'below', id: 'below', onError: {} } }
      kinds.unshift(kind.with(createMachine({ context: {}, ...invoke, on: { go: {} } }, { actors: kind.xstate.actors })))
    }
    return kinds
  }

  test('children of children are stopped with the actor at their top, and their ids have a bounded length', () => {
    const town = createActorTown(chain(LIMITS.childDepthMax))
    const top = `acme/level0/${'x'.repeat(128)}`
    town.publish(top, 'go', {})
    town.settle()
    expect(town.records.size).toBe(LIMITS.childDepthMax + 1)
    for (const key of town.records.keys()) expect(parseActorKey(key)?.id).toMatch(TOKEN)
    const second = [...town.records.keys()].find((key) => key.includes('/level1/')) ?? ''
    const { run } = town.last(second).case.parent ?? {}
    const payload = JSON.stringify({ type: 'xstate.stop', id: 'stop', source: `colloquy/${top}`, sequence: 9_999, data: { run } })
    town.deliver({ address: parseActorKey(second) ?? { tenant: '', kind: '', id: '' }, origin: 'actor', payload })
    town.settle()
    const statuses = [...town.records.keys()].map((key) => town.last(key).status)
    expect(statuses).toEqual(['active', ...Array.from({ length: LIMITS.childDepthMax }, () => 'stopped')])
  })

  test('a child beyond the levels is refused, and the input that starts it rejected', () => {
    const town = createActorTown(chain(LIMITS.childDepthMax + 1))
    town.publish('acme/level0/a', 'go', {})
    town.settle()
    const last = [...town.records.keys()].at(-1) ?? ''
    expect(last).toContain(`/level${LIMITS.childDepthMax}/`)
    expect(town.last(last)).toMatchObject({
      outcome: 'rejected',
      reason: 'poison',
      error: expect.stringMatching(/^children_too_deep: /) as string,
    })
  })

  test('a child without output ends, and one in its first decision, too', () => {
    const leaf = defineKind({ name: 'leaf', version: 1, context: z.object({}), events: {}, emits: {}, tasks: {} })
    const leafKind = leaf.with(setup(leaf.xstate).createMachine({ context: {}, initial: 'end', states: { end: { type: 'final' } } }))
    const root = defineKind({
      name: 'root',
      version: 1,
      context: z.object({}),
      events: { go: z.object({}) },
      emits: {},
      tasks: {},
      children: { leaf: leafKind },
    })
    const rootKind = root.with(
      setup(root.xstate).createMachine({
        context: {},
        initial: 'a',
        states: { a: { invoke: { src: 'leaf', id: 'leaf', onDone: 'b', onError: 'a' } }, b: {} },
      }),
    )
    const town = createActorTown([rootKind, leafKind])
    town.publish('acme/root/r', 'go', {})
    town.settle()
    expect(town.last('acme/root/r')).toMatchObject({ to: 'b', input: { type: 'xstate.done.actor.leaf' } })
  })

  test('a new version keeps the children that it still has, and stops the others', () => {
    const v2 = (src: string): Kind => {
      const kind = defineKind({
        ...{ name: 'order', version: 2, emits: {}, tasks: {}, children: { billing: billingKind }, onTaskError: 'state' },
        context: orderKind.context,
        events: orderKind.events,
        migrate: { 1: ({ value, context }) => ({ value, context: orderKind.context.parse(context) }) },
      })
      const invoke = src === '' ? {} : { invoke: { src, id: 'bill', input: { order: 'o', amount: 1 }, onDone: 'paid' } }
      return kind.with(
        createMachine(
          {
            context: { amount: 0, confirms: false, receipt: '', problem: '', seen: [] },
            initial: 'open',
            states: { open: {}, billing: invoke, paid: { type: 'final' }, failed: {} },
          },
          { actors: kind.xstate.actors },
        ),
      )
    }
    for (const [src, kept] of [
      ['billing', true],
      ['', false],
    ] as const) {
      const town = createActorTown(KINDS)
      town.publish(ORDER, 'placed', { amount: 7 })
      town.publish(ORDER, 'split', { name: 'a', amount: 1 })
      const [bill, spawned] = Object.entries(town.last(ORDER).state?.children ?? {})
      const at = message(1_000, { type: 'hurry', data: {} })
      const actor = actorAfter({ tenant: 'acme', kind: 'order', id: 'o1' }, town.last(ORDER))
      const decision = decide(kindsByName([v2(src)]), actor, at, { now: at.ts, low: 0 }, true)
      if (decision.kind !== 'record') throw new Error(decision.kind)
      expect(decision.record).toMatchObject({ outcome: 'committed', machine: 'order@2' })
      expect(Object.entries(decision.record.state?.children ?? {})).toEqual(kept ? [bill, spawned] : [spawned])
      expect(decision.record.sent ?? []).toMatchObject(kept ? [] : [{ type: 'xstate.stop', actor: bill?.[1].actor }])
    }
  })
})
