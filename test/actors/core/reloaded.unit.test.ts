import { describe, expect, test } from 'vitest'
import { assign, createMachine, emit } from 'xstate'
import { z } from 'zod'
import { type Actor, actorAfter, newActor } from '../../../actors/core/actor.ts'
import { decide } from '../../../actors/core/decide.ts'
import { replayRecord } from '../../../actors/core/replay.ts'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { message, reread } from '../../support/core-helpers.ts'

const definition = defineKind({
  name: 'shape',
  version: 1,
  context: z.looseObject({}),
  events: { A: z.object({}), B: z.object({}), C: z.object({}) },
  emits: { did: z.object({ what: z.string() }) },
  tasks: {},
})
const address = { tenant: 'acme', kind: 'shape', id: 's1' }
const did = (what: string) => emit({ type: 'did', data: { what } })
const kindOf = (config: object) => definition.with(createMachine({ context: {}, ...config }))

/** The records of the inputs where the actor stays in memory, and where it is read from its record before every input. */
function bothWays(config: object, ...types: string[]): LogRecord[] {
  const kinds = kindsByName([kindOf(config)])
  const [inMemory, reloaded] = [true, false].map((staysInMemory) => {
    let actor: Actor = newActor(address)
    return types.map((type, index) => {
      const at = message(index + 1, { type, data: {} })
      const decision = decide(kinds, actor, at, { now: at.ts, low: 0, lastSeq: index }, true)
      if (decision.kind !== 'record' || decision.next === undefined) throw new Error(JSON.stringify(decision))
      const record = reread(decision.record)
      actor = staysInMemory ? decision.next : actorAfter(address, record)
      return record
    })
  })
  expect(JSON.stringify(inMemory)).toBe(JSON.stringify(reloaded))
  let actor = newActor(address)
  for (const record of inMemory ?? []) {
    const replayed = replayRecord(kinds, actor, record)
    expect(replayed.kind).toBe('same')
    actor = replayed.next
  }
  return inMemory ?? []
}
const whatOf = (records: readonly LogRecord[]): unknown[] => records.flatMap(({ emitted }) => emitted.map(({ data }) => data['what']))

const isOn = ({ context }: { context: { on?: boolean } }): boolean => context.on === true
const guardedRegions = (left: string, right: string, more: object = {}): object => ({
  context: { on: false },
  initial: 'w',
  on: { C: { actions: assign({ on: true }) } },
  states: {
    w: {
      type: 'parallel',
      states: {
        a: { initial: 'p', on: { A: '.q' }, states: { p: {}, q: { always: { guard: isOn, target: left, actions: did('left') } }, r: {} } },
        b: { initial: 'p', states: { p: { always: { guard: isOn, target: right, actions: did('right') } }, r: {} } },
      },
    },
    ...more,
  },
})
const ownHistory = {
  initial: 'a',
  states: {
    a: { type: 'parallel', tags: ['t1'], exit: did('exit a'), on: { C: 'z' }, states: { b: { on: { B: 'h' } }, h: { type: 'history' } } },
    z: {},
  },
}
const deepHistory = {
  initial: 'a',
  on: { A: '#n5', B: '.a' },
  states: {
    a: {},
    d: { type: 'parallel', states: { a: { id: 'n5', initial: 'a', states: { a: {} } }, b: {}, h: { type: 'history', history: 'deep' } } },
  },
}

describe('an actor in memory decides like the same actor read from its record', () => {
  test('where guarded always transitions of two regions leave their parallel state', () => {
    const records = bothWays(guardedRegions('#left', '#right', { left: { id: 'left' }, right: { id: 'right' } }), 'A', 'C')
    expect(records.map(({ to }) => to)).toEqual(['w.a.q+w.b.p', 'left'])
  })

  test('where guarded always transitions of two regions stay inside them: in the same order', () => {
    const records = bothWays(guardedRegions('r', 'r'), 'A', 'C')
    expect(records.map(({ to }) => to)).toEqual(['w.a.q+w.b.p', 'w.a.r+w.b.r'])
    expect(whatOf(records)).toEqual(['left', 'right'])
  })

  test('where history leads into its own parallel state, which XState then loses', () => {
    expect(whatOf(bothWays(ownHistory, 'B', 'C'))).toEqual(['exit a', 'exit a'])
    const kind = kindOf(ownHistory)
    const at = message(1, { type: 'B', data: {} })
    const decision = decide(kindsByName([kind]), newActor(address), at, { now: at.ts, low: 0 }, true)
    expect(decision.kind === 'record' && decision.next?.snapshot?.hasTag('t1')).toBe(true)
  })

  test('in the order in which deep history remembers', () => {
    const records = bothWays(deepHistory, 'A', 'B', 'A', 'B')
    const remembered = records[1]?.state?.history['(machine).d.h']
    expect(remembered).toEqual([{ id: '(machine).d.b' }, { id: '(machine).d.a.a' }])
    expect(records[3]?.state?.history['(machine).d.h']).toEqual(remembered)
  })

  test('where history remembers a state whose id has a dot', () => {
    const config = {
      id: 'my.machine',
      initial: 'a',
      states: {
        a: { initial: 'x', on: { A: 'b' }, states: { x: { on: { B: 'y' } }, y: { id: 'y.1' }, h: { type: 'history' } } },
        b: { on: { A: 'a.h' } },
      },
    }
    expect(bothWays(config, 'B', 'A', 'A').map(({ to }) => to)).toEqual(['a.y', 'b', 'a.y'])
  })
})

test('an actor in memory decides on with the values that its record holds, also -0 and a key that is undefined', () => {
  const config = {
    context: { n: 1, more: {} },
    on: {
      A: { actions: assign({ n: -0, more: { undone: undefined } }) },
      B: {
        actions: emit(({ context }) => ({
          type: 'did',
          data: { what: `${1 / Number(Reflect.get(context, 'n'))} ${'undone' in (Reflect.get(context, 'more') as object)}` },
        })),
      },
    },
  }
  expect(whatOf(bothWays(config, 'A', 'B'))).toEqual(['Infinity false'])
})

test('the test kit has no complaint about these machines', () => {
  const regions = guardedRegions('#left', '#right', { left: { id: 'left' }, right: { id: 'right' } })
  given(kindOf(regions)).when('A', {}).when('C', {}).thenState('left')
  given(kindOf(ownHistory)).when('B', {}).when('C', {}).thenState('z')
  given(kindOf(deepHistory)).when('A', {}).when('B', {}).when('A', {}).when('B', {}).thenState('a')
})

test('a history that keeps no state is forgotten, in memory as in a record', () => {
  const records = bothWays(
    {
      initial: 'in',
      states: { in: { type: 'parallel', states: { h: { type: 'history' } }, on: { A: 'out' } }, out: { on: { B: 'out', C: 'in.h' } } },
    },
    ...['A', 'B', 'C', 'A', 'C'],
  )

  expect(records.map(({ to }) => to)).toEqual(['out', 'out', 'in', 'out', 'in'])
})
