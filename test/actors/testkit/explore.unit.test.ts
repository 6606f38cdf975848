import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, emit, raise, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { defineTask } from '../../../actors/definition/task-definition.ts'
import { arbitraryOf } from '../../../actors/testkit/arbitrary-values.ts'
import { explore } from '../../../actors/testkit/explore/explore.ts'
import { given } from '../../../actors/testkit/scenario.ts'
import { fails } from '../../../actors/testkit/task-stubs.ts'
import { refund } from '../../support/kit-kinds.ts'
import { support } from '../../support/support-harness.ts'

const order = defineKind({
  name: 'order',
  version: 1,
  context: z.object({ items: z.array(z.string()), sum: z.number() }),
  events: {
    add: z.object({ item: z.string().max(20), price: z.number().min(0).max(100) }),
    pay: z.object({ code: z.string().optional() }),
    cancel: z.object({}),
  },
  emits: { paid: z.object({ sum: z.number() }) },
  tasks: {
    charge: defineTask({
      input: z.object({ sum: z.number() }),
      output: z.object({ ok: z.boolean() }),
      deadlineMs: 10_000,
      attemptsMax: 1,
      concurrencyMax: 1,
      run: async () => ({ ok: true }),
    }),
  },
})
const { createMachine, assign: put } = setup({
  ...order.xstate,
  guards: {
    never: () => false,
    isOk: (_, ok: boolean) => ok,
    isSecret: ({ event }) => event.type === 'pay' && event.data.code === 'secret',
    isDear: ({ event }) => event.type === 'add' && event.data.price > 50,
  },
})
const context = { items: [], sum: 0 }
const charge = { src: 'charge', input: { sum: 1 }, onDone: 'done', onError: 'open' } as const
const toEnd = { done: { type: 'final' } } as const

/** The fault that explore reports; fails where it reports none. */
function faultOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  return 'nothing'
}

/** Constructs that a definition does not show. */
type Hidden = { readonly spawn: (src: 'charge', options: { input: { sum: number } }) => unknown }
function hidden(args: Hidden): object {
  args['spawn']('charge', { input: { sum: 1 } })
  return { sum: 1 }
}

describe('explore finds', () => {
  test('a task error without a transition, with the shortest way there as a test', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: { on: { pay: 'paying', add: { actions: put({ sum: 1 }) } } },
          paying: { invoke: { ...charge, onError: { guard: 'never', target: 'open' } } },
          ...toEnd,
        },
      }),
    )
    const fault = faultOf(() => explore(kind))
    expect(fault).toMatch(/^unhandled_error: the actor ended with an error that no transition handles: (explored|deadline): .*\n\n/)
    expect(fault).toMatch(/\n\nThe shortest way found, as a test:\n {2}given\(order\)\n {4}.when\('pay', \{\}\)\n {4}.task/)
  })

  test('a state without a way out', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: { open: { on: { add: 'shut', cancel: 'done' } }, shut: { on: { cancel: { guard: 'never', target: 'done' } } }, ...toEnd },
      }),
    )
    expect(faultOf(() => explore(kind))).toMatch(
      /^dead_end: nothing leads on from the state "shut".*\n\n.*\n {2}given\(order\)\n {4}.when\('add', .*\)\n\n/,
    )
    expect(faultOf(() => explore(kind, { restingStates: ['shut'] }))).toBe('nothing')
  })

  test('an actor that breaks an invariant, with the shortest way there', () => {
    const kind = order.with(
      createMachine({ context, initial: 'open', states: { open: { on: { add: 'paid' } }, paid: { on: { cancel: 'done' } }, ...toEnd } }),
    )
    const invariant = ({ state }: { readonly state: string }) => (state === 'paid' ? 'it is paid' : undefined)
    expect(faultOf(() => explore(kind, { invariant }))).toMatch(
      /^broken_invariant: it is paid\n\n.*\n {2}given\(order\)\n {4}.when\('add', .*\)\n\n/,
    )
  })

  test('no dead end where a machine has no states', () => {
    const kind = order.with(
      createMachine({ context, on: { add: { actions: put({ sum: ({ event }) => (event.type === 'add' ? event.data.price : 0) }) } } }),
    )
    expect(faultOf(() => explore(kind))).toBe('nothing')
  })

  test('a dead end that needs a particular input, unless it is given as a sample', () => {
    const kind = order.with(
      createMachine({ context, initial: 'open', states: { open: { on: { pay: { guard: 'isSecret', target: 'done' } } }, ...toEnd } }),
    )
    expect(faultOf(() => explore(kind))).toContain('dead_end')
    expect(explore(kind, { events: { pay: [{ code: 'secret' }] } }).unreached).toEqual([])
  })

  test('an input that makes the machine throw, shrunk to the data that matter', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: {
            on: {
              pay: { target: 'done' },
              add: {
                guard: 'isDear',
                actions: assign({
                  items: ({ event }) => {
                    throw new Error(`${event.data.price} is dear`)
                  },
                }),
              },
            },
          },
          ...toEnd,
        },
      }),
    )
    const fault = faultOf(() => explore(kind))
    expect(fault).toMatch(/^poison: the input "add" was rejected as "poison": 5\d(\.\d+)? is dear\n\n/)
    expect(fault).toMatch(/\n\n.*\n {2}given\(order\)\n {4}.when\('add', \{ item: '', price: 5\d(\.\d+)? \}\)\n\n/)
  })

  test('a context that grows without end', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: {
            on: { pay: 'done', add: { actions: assign({ items: ({ context: { items }, event }) => [...items, event.data.item] }) } },
          },
          ...toEnd,
        },
      }),
    )
    const fault = faultOf(() => explore(kind))
    expect(fault).toMatch(/^unbounded_context: the context grew each time this was repeated.*\n\n.*when it is repeated:\n/)
    expect(fault).toMatch(/\n {2}given\(order\)\n {4}\/\/ This is the cycle: \d+ times\.\n {4}.when\('add'/)
  })

  test('a context that grows without end by a step of a state that is far from the start', () => {
    const next = (target: string) => ({ on: { pay: target } })
    const kind = order.with(
      createMachine({
        context,
        initial: 'a',
        states: {
          a: next('b'),
          b: next('c'),
          c: next('d'),
          d: next('e'),
          e: {
            on: {
              pay: 'done',
              add: { target: 'e', reenter: true, actions: assign({ items: ({ context: { items } }) => [...items, 'x'] }) },
            },
          },
          ...toEnd,
        },
      }),
    )
    const fault = faultOf(() => explore(kind))
    expect(fault).toMatch(/^unbounded_context: the context grew each time what follows the first 4 steps was repeated, \d+ times/)
    expect(fault).toMatch(/given\(order\)\n(.*when\('pay'.*\n){4}.*\/\/ This is the cycle: \d+ times\.\n.*when\('add'.*\n\n/)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('a context that grows by a cycle of three steps, with the seed %i', (seed) => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'start',
        states: {
          start: { on: { pay: 'first' } },
          first: { on: { add: { target: 'second', actions: assign({ items: ({ context: { items } }) => [...items, 'x'] }) } } },
          second: { on: { cancel: 'third' } },
          third: { on: { add: 'first', pay: 'done' } },
          ...toEnd,
        },
      }),
    )
    expect(faultOf(() => explore(kind, { seed }))).toMatch(/^unbounded_context: the context grew/)
  })

  test('nothing where a list is bounded, even by a high bound', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: {
            on: {
              pay: 'done',
              add: { actions: assign({ items: ({ context: { items }, event }) => [...items, event.data.item].slice(-250) }) },
            },
          },
          ...toEnd,
        },
      }),
    )
    expect(explore(kind, { runs: 20 })).toMatchObject({ walks: 20, unreached: [], ineffective: ['cancel'] })
  })

  test('a dependency on the clock', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: { open: { on: { pay: { target: 'done', actions: put({ sum: () => Date.now() }) } } }, ...toEnd },
      }),
    )
    expect(faultOf(() => explore(kind))).toMatch(/^not_deterministic: .* reads the clock/)
  })

  test.each([
    ['spawn_in_assign', assign((args: Hidden) => hidden(args))],
    [
      'context_not_json',
      assign({ items: () => JSON.parse('["x"]', (_, value: unknown) => (value === 'x' ? new Date(0) : value)) as string[] }),
    ],
  ])('a fault that decisions refuse as %s', (code, action) => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: { open: { on: { pay: { target: 'done', actions: action as typeof put extends () => infer A ? A : never } } }, ...toEnd },
      }),
    )
    expect(faultOf(() => explore(kind))).toContain(code)
    expect(faultOf(() => given(kind).when('pay', {}).thenState('done'))).toContain(code)
  })

  test('a machine with an endless cycle', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: { on: { pay: 'one' } },
          one: {
            entry: raise({ type: 'cancel', id: '', time: '', arrivedAt: '', at: '', source: '', data: {} }),
            on: { cancel: { target: 'one', reenter: true } },
          },
          ...toEnd,
        },
      }),
    )
    expect(faultOf(() => explore(kind))).toContain('always_cycle')
  })
})

describe('explore of a sound machine', () => {
  test('lists reached and unreached states, the same each time', () => {
    const report = explore(refund, { runs: 60, restingStates: ['stuck'] })
    expect(report.unreached).toEqual([])
    expect(Object.keys(report.states).sort()).toEqual(['denied', 'idle', 'paid', 'paying', 'review', 'stuck'])
    expect(explore(refund, { runs: 60, restingStates: ['stuck'] })).toEqual(report)
  })

  test('walks through customer service without a fault', () => {
    const report = explore(support, {
      runs: 150,
      events: {
        'message.received': [
          { role: 'user', text: 'How do I return a lamp?' },
          { role: 'user', text: '怎么退货' },
          { role: 'user', text: 'a human please' },
        ],
      },
    })
    // It has no desk.
    expect(report.unreached).toEqual(['escalated.asking', 'escalated.queued'])
  })

  test('accepts an arbitrary of its data', () => {
    const kind = order.with(
      createMachine({
        context,
        initial: 'open',
        states: {
          open: {
            on: {
              add: {
                actions: [
                  assign({ sum: ({ event }) => event.data.price }),
                  emit(({ event }) => ({ type: 'paid', data: { sum: event.data.price } })),
                ],
              },
            },
          },
        },
      }),
    )
    const seen = new Set<number>()
    const add = fc.record({
      item: fc.constant('x'),
      price: fc.constantFrom(1, 2).map((price) => {
        seen.add(price)
        return price
      }),
    })
    explore(kind, { runs: 10, events: { add } })
    expect([...seen].sort()).toEqual([1, 2])
  })
})

describe('generated values match their schema:', () => {
  type Tree = { readonly name: string; readonly kids?: readonly Tree[] | undefined }
  const tree: z.ZodType<Tree> = z.object({
    name: z.string(),
    get kids() {
      return z.array(tree).optional()
    },
  })
  test.each<[string, z.ZodType]>([
    [
      'texts',
      z.object({
        a: z.string().min(3).max(5),
        b: z.string().regex(/^[A-Z]{2}\d+$/),
        c: z.email(),
        h: z.string().regex(/^[\p{L}\p{N}][\p{L} _-]{0,31}$/u),
        d: z.iso.datetime(),
        e: z.uuid(),
        f: z.url(),
        g: z.iso.date(),
      }),
    ],
    [
      'numbers',
      z.object({
        a: z.int().min(1).max(5),
        b: z.number().positive(),
        c: z.number().multipleOf(0.5),
        d: z.number().gt(0).lt(0.001),
        e: z.int32(),
        f: z.int().gt(3).lt(5),
      }),
    ],
    [
      'choices',
      z.tuple([
        z.enum(['a', 'b']),
        z.literal(3),
        z.union([z.string(), z.null()]),
        z.boolean().nullable(),
        z.discriminatedUnion('t', [z.object({ t: z.literal(1), x: z.string() }), z.object({ t: z.literal(2) })]),
      ]),
    ],
    [
      'lists and records',
      z.object({
        a: z.array(z.boolean()).min(2).max(3),
        b: z.record(z.string(), z.number()),
        c: z.record(z.enum(['x', 'y']), z.number()),
        d: z.strictObject({ k: z.unknown() }),
        e: z.looseObject({}),
      }),
    ],
    [
      'what is optional, defaulted or transformed',
      z.object({
        a: z.string().optional(),
        b: z.number().default(3),
        c: z.string().transform(Number),
        d: z.string().refine((text) => text.length % 2 === 0),
      }),
    ],
    ['both of two', z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() }))],
    ['what contains itself', tree],
    ['anything', z.unknown()],
  ])('%s', (name, schema) => {
    fc.assert(
      fc.property(arbitraryOf(schema, name), (value) => schema.safeParse(value).success),
      { numRuns: 60 },
    )
  })

  test('or explore asks for samples', () => {
    expect(() =>
      arbitraryOf(
        z.string().refine((text) => text === 'needle'),
        'input "find"',
      ),
    ).toThrow('input "find": only 0 of 200 generated values match the schema; pass samples')
    expect(() => arbitraryOf(z.string().regex(/^(?=.*a)b/), 'input "look"')).toThrow(/input "look": .*pass samples/)
    const kind = defineKind({
      name: 'picky',
      version: 1,
      context: z.object({}),
      events: { find: z.object({ it: z.string().refine((text) => text === 'needle') }) },
      emits: {},
      tasks: {},
    })
    const machine = kind.with(
      setup(kind.xstate).createMachine({ context: {}, initial: 'a', states: { a: { on: { find: 'b' } }, b: { type: 'final' } } }),
    )
    expect(() => explore(machine)).toThrow('pass samples')
    expect(explore(machine, { events: { find: [{ it: 'needle' }] } }).unreached).toEqual([])
  })
})

test('the way to a fault is a test that passes as printed', () => {
  expect(given(refund).when('refund.asked', { amount: 1 }).taskEnds('pay', fails('explored')).thenState('stuck').timerFires().state).toBe(
    'paying',
  )
})
