import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { given } from '../../../actors/testkit/scenario.ts'

const impure = defineKind({
  name: 'unfit',
  version: 1,
  context: z.object({ count: z.number(), list: z.array(z.number()), more: z.record(z.string(), z.unknown()) }),
  events: { poke: z.object({ list: z.array(z.number()).optional() }), done: z.object({}) },
  emits: {},
  tasks: {},
})
type Context = { count: number; list: number[]; more: Record<string, unknown> }
type Poked = { readonly type: string; readonly at: string; readonly data: { list?: number[] | undefined } }

let outside = 0

/** A machine with one forbidden effect on `poke`: in an action, or in a guard. */
const doing = (act: (context: Context, event: Poked) => Partial<Context>, guard: (context: Context) => boolean = () => true) =>
  impure.with(
    setup({ ...impure.xstate, guards: { may: ({ context }) => guard(context) } }).createMachine({
      context: { count: 0, list: [1, 2, 3], more: {} },
      initial: 'a',
      states: {
        a: {
          on: {
            poke: {
              guard: 'may',
              target: 'b',
              actions: assign(({ context, event }) => (event.type === 'poke' ? act(context, event) : context)),
            },
            done: { actions: assign({ count: ({ context }) => context.count + ('undone' in context.more ? 1 : 2) }) },
          },
        },
        b: {},
      },
    }),
  )

describe('a scenario finds a machine that', () => {
  test.each<[string, ReturnType<typeof doing>, string, string]>([
    ['reads the clock', doing(() => ({ count: Date.now() })), 'not_deterministic', 'reads the clock'],
    ['makes a date of now', doing(() => ({ count: new Date().getFullYear() })), 'not_deterministic', 'reads the clock'],
    ['reads the clock as a function', doing(() => ({ more: { at: Date() } })), 'not_deterministic', 'reads the clock'],
    [
      'looks at the hour in a guard',
      doing(
        () => ({}),
        () => new Date().getUTCHours() < 12,
      ),
      'not_deterministic',
      'reads the clock',
    ],
    ['measures time', doing(() => ({ count: performance.now() })), 'not_deterministic', 'reads the clock'],
    [
      'draws lots',
      doing(
        () => ({}),
        () => Math.random() < 0.3,
      ),
      'not_deterministic',
      'random',
    ],
    ['makes up ids', doing(() => ({ more: { id: crypto.randomUUID() } })), 'not_deterministic', 'random'],
    ['draws random bytes', doing(() => ({ list: [...crypto.getRandomValues(new Uint8Array(2))] })), 'not_deterministic', 'random'],
    ['counts in a variable of its module', doing(() => ({ count: outside++ })), 'not_deterministic', 'a variable of its module'],
    ['sorts the context in place', doing((context) => ({ list: context.list.reverse() })), 'context_changed', 'in place'],
    [
      'adds to the context in place',
      doing((context) => {
        context.more['x'] = 1
        return { count: 1 }
      }),
      'context_changed',
      'in place',
    ],
    ['changes the event', doing((_, event) => ({ list: event.data.list?.reverse() ?? [] })), 'context_changed', 'in place'],
  ])('%s', (_, kind, code, says) => {
    const poke = (): unknown => given(kind).when('poke', { list: [1, 2] })
    expect(poke).toThrow(`${code}: `)
    expect(poke).toThrow(says)
  })

  test('keeps a key that JSON drops, and decides by it later', () => {
    const kind = impure.with(
      setup(impure.xstate).createMachine({
        context: { count: 0, list: [], more: {} },
        on: {
          poke: { actions: assign({ more: () => ({ undone: undefined }) }) },
          done: { actions: assign({ count: ({ context }) => ('undone' in context.more ? 1 : 2) }) },
        },
      }),
    )
    const poked = given(kind).when('poke', {}).thenContext({ count: 0 })
    expect(() => poked.when('done', {})).toThrow(/context_not_json: .*\n {2}state.context.count: expected 2, got 1/)
  })

  test('changes the initial context that all its actors share', () => {
    const kind = impure.with(
      setup(impure.xstate).createMachine({
        context: { count: 0, list: [1], more: {} },
        entry: assign(({ context }) => {
          context.list.push(2)
          return {}
        }),
      }),
    )
    expect(() => given(kind).when('poke', {})).toThrow('context_changed: ')
  })

  test('reads the clock, and names the fields that differ', () => {
    expect(() => given(doing(() => ({ count: Date.now() }))).when('poke', {})).toThrow(
      /state.context.count: expected 1767225600000, got 18\d+/,
    )
  })

  test('and restores clock, random numbers and ids, also after a failure', () => {
    const [before, random] = [Date, Math.random]
    expect(() =>
      given(
        doing(() => {
          throw new Error('oh')
        }),
      )
        .when('poke', {})
        .thenState('b'),
    ).toThrow('oh')
    expect([Date, Math.random]).toEqual([before, random])
    expect(Object.getOwnPropertyNames(crypto)).toEqual([])
    expect(Math.abs(Date.now() - new Date().getTime())).toBeLessThan(1_000)
  })
})

test('a sound machine passes, with any part of it frozen', () => {
  given(
    doing((context, event) => ({
      list: [...context.list, ...(event.data.list ?? [])],
      more: { at: event.at, date: new Date(event.at).toISOString() },
    })),
  )
    .when('poke', { list: [4] })
    .thenContext({ list: [1, 2, 3, 4] })
})
