import { expect, test } from 'vitest'
import { type AnyStateMachine, assign, createMachine, emit, fromPromise } from 'xstate'
import { compiledKinds, compiledMachine, type MadeBy } from '../../../actors/definition/compiled-machine.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { createPureMachine } from '../../../actors/definition/pure-machine.ts'
import { toyKind } from '../../support/toy-kind.ts'

const fails = (): never => {
  throw new Error('it fails')
}
const tell = emit({ type: 'told' })
const job = fromPromise(() => Promise.resolve())

test('compiled kinds decide by themselves, and the given ones go on with XState', () => {
  const kinds = kindsByName([toyKind])
  const compiled = compiledKinds(kinds).get(toyKind.name)
  expect(compiled).toEqual({ ...toyKind, pure: compiled?.pure })
  expect(compiled?.pure).not.toBe(toyKind.pure)
  expect(kinds.get(toyKind.name)).toBe(toyKind)
})

test.each<[what: string, machine: AnyStateMachine, by: MadeBy]>([
  [
    'entry, exit and actions of a transition',
    createMachine({ initial: 'a', states: { a: { on: { GO: { target: 'b', actions: tell } } }, b: {} } }),
    'compiled',
  ],
  [
    'the end of a machine',
    createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final', entry: tell } }, output: 1 }),
    'compiled',
  ],
  ['an event that no state takes', createMachine({}), 'compiled'],
  ['a guard that throws', createMachine({ on: { GO: { guard: fails, actions: tell } } }), 'xstate'],
  ['an assign that throws', createMachine({ on: { GO: { actions: assign(fails) } } }), 'xstate'],
  [
    'an assign that spawns',
    createMachine({ on: { GO: { actions: assign({ child: ({ spawn }) => spawn('job', { id: 'c' }).id }) } } }, { actors: { job } }),
    'xstate',
  ],
  [
    'a cycle that does not end',
    createMachine({
      options: { maxIterations: 50 },
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
    }),
    'xstate',
  ],
])('%s is decided as by XState alone', (_, machine, by) => {
  const made: MadeBy[] = []
  const [compiled, xstate] = [compiledMachine(machine, { observe: (one) => void made.push(one) }), createPureMachine(machine)]
  const outcomes = [compiled, xstate].map((pure) => {
    try {
      const [snapshot, actions] = pure.next(pure.initial({})[0], { type: 'GO' })
      return {
        snapshot: JSON.stringify(snapshot),
        children: Object.keys(snapshot.children as object),
        actions: actions.map(({ type }) => type),
      }
    } catch (error) {
      return { threw: String(error) }
    }
  })
  expect(outcomes[0]).toEqual(outcomes[1])
  expect(made).toEqual([by])
})

test('an error that no state takes ends the machine as by XState alone', () => {
  const machine = createMachine({ on: { GO: {} } })
  const made: MadeBy[] = []
  const compiled = compiledMachine(machine, { observe: (one) => void made.push(one) })
  const [snapshot] = compiled.next(compiled.initial({})[0], { type: 'xstate.error.actor.job', error: 'no' })
  expect([snapshot.status, snapshot.error, made]).toEqual(['error', 'no', ['xstate']])
})
