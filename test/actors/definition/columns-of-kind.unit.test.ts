import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { columnsOfKind } from '../../../actors/definition/columns-of-kind.ts'
import { defineKind, type Label } from '../../../actors/definition/define-kind.ts'
import { createReminder } from '../../../actors/kinds/reminder/kind.ts'
import { sourceKind } from '../../../actors/kinds/source/kind.ts'
import { kindColumnsSchema } from '../../../schemas/kind-columns.ts'

const fieldOf = (schema: z.ZodType) => {
  const kind = defineKind({ name: 'k', version: 1, context: z.object({}), events: { e: z.object({ x: schema }) }, emits: {}, tasks: {} })
  return columnsOfKind(kind.with(setup(kind.xstate).createMachine({ context: {} }))).events['e']?.['x']
}

interface Tree {
  readonly name: string
  readonly inner: readonly Tree[]
}
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get inner() {
    return z.array(tree)
  },
})

test.each([
  ['a text', z.string().max(3), { is: 'text' }],
  ['a date-time', z.iso.datetime(), { is: 'time' }],
  ['a date', z.iso.date(), { is: 'text' }],
  ['a whole number', z.int().min(3), { is: 'whole' }],
  ['a number', z.number(), { is: 'number' }],
  ['a number with a default', z.number().default(2), { is: 'number' }],
  ['a Boolean', z.boolean().optional(), { is: 'bool' }],
  ['an enum', z.enum(['a', 'b']).nullable(), { is: 'text' }],
  ['a literal', z.literal([1, 2]), { is: 'whole' }],
  ['a fractional literal', z.literal([1, 2.5]), { is: 'number' }],
  ['a whole or fractional number', z.union([z.int(), z.number()]), { is: 'number' }],
  ['a text or a number', z.union([z.string(), z.int()]), { is: 'scalar' }],
  ['a text or a list', z.union([z.string(), z.array(z.string())]), { is: 'json' }],
  ['null', z.null(), { is: 'json' }],
  ['anything', z.unknown(), { is: 'json' }],
  ['a record', z.record(z.string(), z.number()), { is: 'json' }],
  ['a tuple', z.tuple([z.string(), z.number()]), { is: 'json' }],
  ['a list', z.array(z.boolean()), { is: 'list', of: { is: 'bool' } }],
  ['a described text', z.string().meta({ description: 'A name' }), { is: 'text', about: 'A name' }],
  [
    'one of two objects',
    z.discriminatedUnion('type', [z.object({ type: z.literal('a'), n: z.int() }), z.object({ type: z.literal('b'), s: z.string() })]),
    { is: 'object', fields: { type: { is: 'text' }, n: { is: 'whole' }, s: { is: 'text' } } },
  ],
  [
    'both of two objects',
    z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
    { is: 'object', fields: { a: { is: 'text' }, b: { is: 'number' } } },
  ],
])('%s', (_, schema, field) => {
  expect(fieldOf(schema)).toEqual(field)
})

test('a schema that refers to itself ends at a depth', () => {
  const field = fieldOf(tree)
  expect(field).toMatchObject({ is: 'object', fields: { name: { is: 'text' }, inner: { is: 'json' } } })
  expect(JSON.stringify(field).length).toBeLessThan(2_000)
})

test('an input and an emitted event of one type have the fields of both', () => {
  const kind = defineKind({
    name: 'k',
    version: 1,
    context: z.object({}),
    events: { e: z.object({ a: z.string(), b: z.int() }) },
    emits: { e: z.object({ b: z.number(), c: z.boolean() }) },
    tasks: {},
  })
  expect(columnsOfKind(kind.with(setup(kind.xstate).createMachine({ context: {} }))).events).toEqual({
    e: { a: { is: 'text' }, b: { is: 'number' }, c: { is: 'bool' } },
  })
})

test('the facts of a label have the types of the values that it makes, or of the field with its name', () => {
  const label = (of: (context: { at: string | null; n: number; list: string[] }) => Label) => {
    const context = z.object({ at: z.iso.datetime().nullable(), n: z.int(), list: z.array(z.string()) })
    const kind = defineKind({ name: 'k', version: 1, context, events: {}, emits: {}, tasks: {}, label: of })
    return columnsOfKind(kind.with(setup(kind.xstate).createMachine({ context: { at: null, n: 0, list: [] } }))).label
  }
  expect(label(({ at, n, list }) => ({ at, n, list: list.length, first: list[0] ?? null, some: n > 0, quality: null, odd: null }))).toEqual(
    {
      at: { is: 'time' },
      n: { is: 'whole' },
      list: { is: 'number' },
      first: { is: 'text' },
      some: { is: 'bool' },
      quality: { is: 'number' },
      odd: { is: 'scalar' },
    },
  )
  expect(label(({ n }) => ({ n: n === 0 ? 'none' : n }))).toEqual({ n: { is: 'scalar' } })
  // The type of labels allows no objects; a kind that has them anyway gets columns for what is in them.
  const nested = (more: object): Label => more as Label
  expect(label(({ at, n }) => nested({ plan: { name: at, n }, tags: ['a'], empty: {} }))).toEqual({
    plan: { is: 'object', fields: { name: { is: 'time' }, n: { is: 'number' } } },
    tags: { is: 'json' },
    empty: { is: 'json' },
  })
  expect(label(({ n }) => nested({ plan: n === 0 ? 'none' : { n } }))).toEqual({ plan: { is: 'json' } })
  // It throws for the invented context only.
  const strict = label(({ at }) => {
    if (at !== null) throw new Error('not this one')
    return { at }
  })
  expect(strict).toEqual({ at: { is: 'time' } })
  expect(
    label(() => {
      throw new Error('never')
    }),
  ).toEqual({})
})

test('the built-in kinds can be registered', () => {
  const columns = columnsOfKind(createReminder())
  expect(columns.label).toEqual({ what: { is: 'text' }, at: { is: 'time' }, reminders: { is: 'whole' } })
  for (const kind of [createReminder(), sourceKind]) expect(kindColumnsSchema.parse(columnsOfKind(kind))).toEqual(columnsOfKind(kind))
})
