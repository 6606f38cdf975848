import fc from 'fast-check'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Values that are made up nest no deeper than this below a schema that refers to itself. */
const DEPTH_MAX = 3
const ITEMS_MAX = 5
const TRIES = 200
/** Fewer fitting values than this among the tries, and nobody could wait for enough of them. */
const FITTING_MIN = 10

/** Times that are made up lie around the start of simulated time. */
const TIMES = { min: new Date('2025-12-01T00:00:00Z'), max: new Date('2026-03-01T00:00:00Z'), noInvalidDate: true } as const
const TEXTS = ['', ' ', '0', 'hello', '你好，世界', 'ß👩‍👩‍👧 é', '"\\\n', '__proto__']

/**
 * Values that a zod schema takes, by way of its JSON schema. What JSON schema cannot say (a refinement) is asked of the zod schema
 * itself.
 *
 * @param what for the error: what the values are of
 * @throws ColloquyError `needs_samples` where hardly a value that is made up fits.
 */
export function arbitraryOf(schema: z.ZodType, what: string): fc.Arbitrary<unknown> {
  const root: JsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const made = attempt(() => valueOf(root, root, 0), what)
  const fits = (value: unknown): boolean => schema.safeParse(value).success
  const fitting = fc.sample(made, { numRuns: TRIES, seed: 1 }).filter(fits).length
  if (fitting < FITTING_MIN) {
    throw new ColloquyError('needs_samples', `${what}: of ${TRIES} made-up values ${fitting} fit its schema; give samples, or a fast-check arbitrary, in the options of explore`)
  }
  return fitting === TRIES ? made : made.filter(fits)
}

/** A pattern that looks ahead, for one, is more than fast-check makes up texts for. */
function attempt<T>(make: () => T, what: string): T {
  try {
    return make()
  } catch (cause) {
    throw new ColloquyError('needs_samples', `${what}: no values can be made up for its schema (${messageOf(cause)}); give samples, or a fast-check arbitrary, in the options of explore`, { cause })
  }
}

function valueOf(schema: JsonSchema | boolean, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (typeof schema === 'boolean') return anything
  const inside = (inner: JsonSchema | boolean): fc.Arbitrary<unknown> => valueOf(inner, root, depth)
  if (schema.$ref !== undefined) return depth > DEPTH_MAX ? fc.constant(null) : valueOf(resolved(schema.$ref, root), root, depth + 1)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map(inside))
  if (schema.allOf !== undefined) {
    return fc.tuple(...schema.allOf.map(inside)).map((parts) => Object.assign({}, ...parts) as unknown)
  }
  const types = [schema.type ?? []].flat()
  return types.length === 0 ? anything : fc.oneof(...types.map((type) => ofType(type, schema, root, depth)))
}

const anything: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 1 })

function resolved(ref: string, root: JsonSchema): JsonSchema | boolean {
  const name = /^#\/\$defs\/(.+)$/.exec(ref)?.[1]
  return name === undefined ? root : root.$defs?.[name] ?? true
}

function ofType(type: string, schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object': return objectOf(schema, root, depth)
    case 'array': return arrayOf(schema, root, depth)
    case 'string': return textOf(schema)
    case 'integer': return fc.integer(stepsOf(schema, 1))
    case 'number': return numberOf(schema)
    case 'boolean': return fc.boolean()
    default: return fc.constant(null)
  }
}

function objectOf(schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const { additionalProperties: more, propertyNames: names } = schema
  const required = new Set(schema.required ?? [])
  const named = typeof names === 'object' && typeof more === 'object' ? (names.enum ?? []).map((name) => [String(name), more] as const) : []
  // What may be left out is, where a schema refers to itself and has gone deep enough.
  const fields = [...Object.entries(schema.properties ?? {}), ...named].filter(([name]) => depth <= DEPTH_MAX || required.has(name))
  if (fields.length === 0 && typeof more === 'object') {
    const keys = typeof names === 'object' ? valueOf(names, root, depth).map(String) : fc.string()
    return fc.dictionary(keys, valueOf(more, root, depth), { maxKeys: ITEMS_MAX })
  }
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, root, depth)])), {
    requiredKeys: fields.map(([name]) => name).filter((name) => required.has(name)),
  })
}

function arrayOf(schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (schema.prefixItems !== undefined) return fc.tuple(...schema.prefixItems.map((item) => valueOf(item, root, depth)))
  const items = schema.items === undefined || Array.isArray(schema.items) ? anything : valueOf(schema.items, root, depth)
  const minLength = schema.minItems ?? 0
  return fc.array(items, { minLength, maxLength: Math.min(schema.maxItems ?? Infinity, Math.max(minLength, ITEMS_MAX)) })
}

function textOf({ format, pattern, minLength = 0, maxLength = Infinity }: JsonSchema): fc.Arbitrary<string> {
  const time = fc.date(TIMES).map((date) => date.toISOString())
  switch (format) {
    case 'date-time': return time
    case 'date': return time.map((text) => text.slice(0, 10))
    case 'email': return fc.nat(99).map((n) => `someone${n}@example.com`)
    case 'uuid': return fc.uuid()
    case 'uri': return fc.webUrl()
    default: break
  }
  if (pattern !== undefined) return fc.stringMatching(new RegExp(withoutProperties(pattern)))
  const made = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 20) })
  const known = TEXTS.filter(({ length }) => length >= minLength && length <= maxLength)
  return known.length === 0 ? made : fc.oneof(fc.constantFrom(...known), made)
}

const LARGE = 1_000_000

/** fast-check knows no Unicode properties: letters and digits stand for all of them, and what does not fit is asked of the schema. */
const withoutProperties = (pattern: string): string =>
  pattern.replace(/\\p\{(\w+)\}/g, (_, name: string) => (/^(N|Number)/.test(name) ? '\\d' : '\\w'))

/** The numbers from `min` to `max` that are multiples of a step, counted in steps. */
function stepsOf({ minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum }: JsonSchema, step: number): { min: number; max: number } {
  const above = typeof exclusiveMinimum === 'number' ? Math.floor(exclusiveMinimum / step) + 1 : -Infinity
  const below = typeof exclusiveMaximum === 'number' ? Math.ceil(exclusiveMaximum / step) - 1 : Infinity
  const [min, max] = [Math.max(Math.ceil(minimum / step), above), Math.min(Math.floor(maximum / step), below)]
  return { min: Math.max(min, Math.min(-LARGE, max)), max: Math.min(max, Math.max(LARGE, min)) }
}

/** Mostly whole numbers, now and then with cents; anything at all only where neither lies within the bounds. */
function numberOf(schema: JsonSchema): fc.Arbitrary<number> {
  const steps = schema.multipleOf === undefined ? [[1, 3], [0.01, 1]] as const : [[schema.multipleOf, 1]] as const
  const made = steps.flatMap(([step, weight]) => {
    const { min, max } = stepsOf(schema, step)
    return min > max ? [] : [{ weight, arbitrary: fc.integer({ min, max }).map((n) => (step === 0.01 ? n / 100 : n * step)) }]
  })
  return made.length === 0 ? fc.double({ min: schema.minimum ?? -LARGE, max: schema.maximum ?? LARGE, noNaN: true }) : fc.oneof(...made)
}
