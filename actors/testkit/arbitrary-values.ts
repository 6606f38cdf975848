import fc from 'fast-check'
import { z } from 'zod'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Depth at which generated values of a recursive schema stop. */
const DEPTH_MAX = 3
const ITEMS_MAX = 5
const TRIES = 200
/** With fewer valid values than this among the tries, generating enough of them would take too long. */
const FITTING_MIN = 10
const REMEDY = 'pass samples or a fast-check arbitrary in the options of explore'

/** Generated times lie around the start of simulated time. */
const TIMES = { min: new Date('2025-12-01T00:00:00Z'), max: new Date('2026-03-01T00:00:00Z'), noInvalidDate: true } as const
const TEXTS = ['', ' ', '0', 'hello', '你好，世界', 'ß👩‍👩‍👧 é', '"\\\n', '__proto__']

/**
 * Generates values that a zod schema accepts, from its JSON schema. Rules that JSON schema cannot express (refinements) filter the values.
 *
 * @param what names the values in the error
 * @throws ColloquyError `needs_samples` where too few generated values are valid.
 */
export function arbitraryOf(schema: z.ZodType, what: string): fc.Arbitrary<unknown> {
  const root: JsonSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const made = attempt(() => valueOf(root, root, 0), what)
  const fits = (value: unknown): boolean => schema.safeParse(value).success
  const fitting = fc.sample(made, { numRuns: TRIES, seed: 1 }).filter(fits).length
  if (fitting < FITTING_MIN) {
    throw new ColloquyError('needs_samples', `${what}: only ${fitting} of ${TRIES} generated values match the schema; ${REMEDY}`)
  }
  return fitting === TRIES ? made : made.filter(fits)
}

/** fast-check cannot generate texts for some patterns, such as those with a lookahead. */
function attempt<T>(make: () => T, what: string): T {
  try {
    return make()
  } catch (cause) {
    const problem = `no values can be generated from the schema (${messageOf(cause)})`
    throw new ColloquyError('needs_samples', `${what}: ${problem}; ${REMEDY}`, { cause })
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
  return name === undefined ? root : (root.$defs?.[name] ?? true)
}

function ofType(type: string, schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object':
      return objectOf(schema, root, depth)
    case 'array':
      return arrayOf(schema, root, depth)
    case 'string':
      return textOf(schema)
    case 'integer':
      return fc.integer(stepsOf(schema, 1))
    case 'number':
      return numberOf(schema)
    case 'boolean':
      return fc.boolean()
    default:
      return fc.constant(null)
  }
}

function objectOf(schema: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const { additionalProperties: more, propertyNames: names } = schema
  const required = new Set(schema.required ?? [])
  const named = typeof names === 'object' && typeof more === 'object' ? (names.enum ?? []).map((name) => [String(name), more] as const) : []
  // Optional properties end a recursion that is deep enough.
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
    case 'date-time':
      return time
    case 'date':
      return time.map((text) => text.slice(0, 10))
    case 'email':
      return fc.nat(99).map((n) => `someone${n}@example.com`)
    case 'uuid':
      return fc.uuid()
    case 'uri':
      return fc.webUrl()
    default:
      break
  }
  if (pattern !== undefined) return fc.stringMatching(new RegExp(withoutProperties(pattern)))
  const made = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 20) })
  const known = TEXTS.filter(({ length }) => length >= minLength && length <= maxLength)
  return known.length === 0 ? made : fc.oneof(fc.constantFrom(...known), made)
}

const LARGE = 1_000_000

/** fast-check does not know Unicode properties. `\d` and `\w` stand for them; the schema then filters what does not match. */
const withoutProperties = (pattern: string): string =>
  pattern.replace(/\\p\{(\w+)\}/g, (_, name: string) => (/^(N|Number)/.test(name) ? '\\d' : '\\w'))

/** The range of integers whose multiples of `step` lie within the bounds of the schema. */
function stepsOf(
  { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum }: JsonSchema,
  step: number,
): { min: number; max: number } {
  const above = typeof exclusiveMinimum === 'number' ? Math.floor(exclusiveMinimum / step) + 1 : -Infinity
  const below = typeof exclusiveMaximum === 'number' ? Math.ceil(exclusiveMaximum / step) - 1 : Infinity
  const [min, max] = [Math.max(Math.ceil(minimum / step), above), Math.min(Math.floor(maximum / step), below)]
  return { min: Math.max(min, Math.min(-LARGE, max)), max: Math.min(max, Math.max(LARGE, min)) }
}

/** Mostly whole numbers, sometimes with two decimals; arbitrary doubles where the bounds allow neither. */
function numberOf(schema: JsonSchema): fc.Arbitrary<number> {
  const steps =
    schema.multipleOf === undefined
      ? ([
          [1, 3],
          [0.01, 1],
        ] as const)
      : ([[schema.multipleOf, 1]] as const)
  const made = steps.flatMap(([step, weight]) => {
    const { min, max } = stepsOf(schema, step)
    return min > max ? [] : [{ weight, arbitrary: fc.integer({ min, max }).map((n) => (step === 0.01 ? n / 100 : n * step)) }]
  })
  return made.length === 0 ? fc.double({ min: schema.minimum ?? -LARGE, max: schema.maximum ?? LARGE, noNaN: true }) : fc.oneof(...made)
}
