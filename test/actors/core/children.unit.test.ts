import { describe, expect, test } from 'vitest'
import { replayRecord } from '../../../actors/core/replay.ts'
import { actorAfter, newActor } from '../../../actors/core/actor.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { LIMITS } from '../../../schemas/limits.ts'
import { recordProblem } from '../../../schemas/record-check.ts'
import { recordSchema } from '../../../schemas/record.ts'
import { parseActorKey, TOKEN } from '../../../schemas/subjects.ts'
import { type ActorTown, createActorTown } from '../../support/actor-town.ts'
import { billingKind, orderKind } from '../../support/child-kinds.ts'

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
      error: expect.stringMatching(/^too_many_children: more than 64 children of one actor/),
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
    error: expect.stringContaining('no parent started this actor'),
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
