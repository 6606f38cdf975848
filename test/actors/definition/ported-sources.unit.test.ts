import { expect, test } from 'vitest'
import { assign, createMachine, forwardTo, fromPromise, sendParent, setup } from 'xstate'
import { inputAdvice } from '../../../actors/definition/input-advice.ts'
import { kindsByName } from '../../../actors/definition/kind.ts'
import { kindFromMachine, kindsFromMachine } from '../../../actors/definition/kind-from-machine.ts'
import { given } from '../../../infra/testkit.ts'
import { createActorTown } from '../../support/actor-town.ts'

const echo = fromPromise(({ input }: { input: unknown }) => Promise.resolve({ heard: input }))

test('an actor whose name no task can have gets one that it can', () => {
  const machine = setup({ actors: { 'Ask the bank': echo } }).createMachine({
    context: { said: 'hi' },
    initial: 'asking',
    states: {
      asking: { invoke: { src: 'Ask the bank', input: ({ context }: { context: object }) => context, onDone: 'asked' } },
      asked: { type: 'final' },
    },
  })
  const kind = kindFromMachine(machine, { name: 'ask', version: 1 })
  given(kind).when('start', {}).thenTask('Ask_the_bank', { said: 'hi' }).taskEnds('Ask_the_bank', {}).thenStatus('done')
})

test('a promise in place gets the path of its state as its name', () => {
  const machine = createMachine({
    initial: 'out',
    states: {
      out: { initial: 'both', states: { both: { invoke: [{ src: echo }, { src: echo, onDone: '#far' }] } } },
      far: { id: 'far', type: 'final' },
    },
  })
  const kind = kindFromMachine(machine, { name: 'place', version: 1 })
  expect(Object.keys(kind.tasks)).toEqual(['out-both', 'out-both-1'])
  given(kind).when('start', {}).taskEnds('out-both-1', {}).thenStatus('done')
})

test('two actors that would have one name are refused', () => {
  const machine = createMachine({}).provide({ actors: { 'a b': echo, a_b: fromPromise(() => Promise.resolve(1)) } })
  expect(() => kindFromMachine(machine, { name: 'twins', version: 1 })).toThrow('two actors of the machine would have the name "a_b"')
})

test('the input is also that of the event that starts the machine', () => {
  const machine = createMachine({
    context: ({ input }) => ({ name: Reflect.get(Object(input), 'name') as unknown }),
    initial: 'greeting',
    states: {
      greeting: { invoke: { src: 'greet', input: ({ event }: { event: { input?: unknown } }) => event.input, onDone: 'greeted' } },
      greeted: { type: 'final' },
    },
  }).provide({ actors: { greet: echo } })
  const kind = kindFromMachine(machine, { name: 'greeting', version: 1, input: ({ id }) => ({ name: id }) })
  const begun = given(kind, { id: 'Jenny' }).when('start', {})
  begun.thenTask('greet', { name: 'Jenny' }).thenContext({ name: 'Jenny' })
})

/** A shop and its till, as one would write them for XState: the till is a machine among the actors of the shop. */
const till = createMachine({
  types: {} as { context: { order: unknown; paid: unknown }; events: { type: 'paid'; cents: number } },
  context: ({ input }) => ({ order: Reflect.get(Object(input), 'order') as unknown, paid: 0 }),
  initial: 'open',
  states: {
    open: { on: { paid: { target: 'checking', actions: assign({ paid: ({ event }) => event.cents }) } } },
    checking: { invoke: { src: 'check', onDone: 'closed' } },
    closed: { type: 'final', entry: sendParent(({ context }) => ({ type: 'receipt', cents: context.paid })) },
  },
  output: ({ context }) => ({ cents: context.paid }),
}).provide({ actors: { check: echo } })
const shop = createMachine({
  types: {} as { context: { receipt: number; got: unknown }; events: { type: 'paid'; cents: number } | { type: 'receipt'; cents: number } },
  context: { receipt: 0, got: null },
  initial: 'selling',
  states: {
    selling: {
      invoke: {
        id: 'till',
        src: 'till',
        input: { order: 'o1' },
        onDone: { target: 'sold', actions: assign({ got: ({ event }) => event.output as unknown }) },
      },
      on: { paid: { actions: forwardTo('till') }, receipt: { actions: assign({ receipt: ({ event }) => event.cents }) } },
    },
    sold: { type: 'final' },
  },
}).provide({ actors: { till } })

test('a machine among its actors becomes a child kind, and their events keep the fields beside the type', () => {
  const kinds = kindsFromMachine(shop, { name: 'shop', version: 3 })
  expect(kinds.map(({ name, version }) => [name, version])).toEqual([
    ['shop', 3],
    ['shop-till', 3],
  ])
  const town = createActorTown(kinds)
  town.publish('acme/shop/s1', 'hello', {})
  town.settle()
  town.publish('acme/shop/s1', 'paid', { cents: 250 })
  town.settle()
  const child = [...town.records.keys()].find((key) => key.includes('shop-till')) ?? ''
  expect(town.last(child)).toMatchObject({ to: 'checking', state: { context: { order: 'o1', paid: 250 } } })
  town.taskEnds(child, { output: null })
  town.settle()
  expect(town.last('acme/shop/s1')).toMatchObject({ status: 'done', state: { context: { receipt: 250, got: { cents: 250 } } } })
})

test('a producer may start a machine without events by an input of any type', () => {
  const kinds = kindsByName([
    kindFromMachine(createMachine({}), { name: 'lonely', version: 1 }),
    ...kindsFromMachine(shop, { name: 'shop', version: 1 }),
  ])
  expect(inputAdvice(kinds, 'lonely', { type: 'start', data: {} })).toBeUndefined()
  expect(inputAdvice(kinds, 'shop', { type: 'start', data: {} })).toMatchObject({ code: 'undeclared_type' })
})
