import { z } from 'zod'
import type { Field, Fields, KindColumns, Leaf } from '../../schemas/kind-columns.ts'
import { inputFromAddress, type Kind, type Label } from './kind.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Depth of objects and lists below which a value is JSON text. */
const DEPTH_MAX = 4
/** Labels that the tables know by name; see `schemas/events.ts`. */
const KNOWN_FACTS: Readonly<Record<string, Leaf>> = { confidence: 'number', quality: 'number', rating: 'number' }

/** The fields of a kind for its typed views, from its schemas. */
export function columnsOfKind(kind: Kind): KindColumns {
  const context = jsonSchema(kind.context, 'output')
  const fields = fieldsOf(fieldOf(context, context, 0))
  const types = [...new Set([...Object.keys(kind.events), ...Object.keys(kind.emits)])]
  return {
    label: labelFields(kind, context, fields),
    context: Object.fromEntries(Object.entries(fields).filter(([, { is }]) => is !== 'list' && is !== 'object' && is !== 'json')),
    events: Object.fromEntries(types.map((type) => [type, eventFields(kind, type)])),
  }
}

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => z.toJSONSchema(schema, { io, unrepresentable: 'any' })

const fieldsOf = (field: Field): Fields => (field.is === 'object' ? field.fields : {})

/** An input and an emitted event may have one type; the fields of both are those of the view. */
function eventFields({ events, emits }: Kind, type: string): Fields {
  const schemas = [events, emits].flatMap((of) => (Object.hasOwn(of, type) ? (of[type] ?? []) : []))
  return fieldsOf(
    schemas
      .map((schema) => jsonSchema(schema, 'input'))
      .map((json) => fieldOf(json, json, 0))
      .reduce(either),
  )
}

function fieldOf(schema: JsonSchema | boolean, root: JsonSchema, depth: number): Field {
  if (typeof schema === 'boolean' || depth > DEPTH_MAX) return { is: 'json' }
  const { description: about } = schema
  return { ...shapeOf(schema, root, depth), ...(about === undefined ? {} : { about }) }
}

function shapeOf(schema: JsonSchema, root: JsonSchema, depth: number): Field {
  if (schema.$ref !== undefined) return fieldOf(resolved(schema.$ref, root), root, depth + 1)
  const choices = (schema.anyOf ?? schema.oneOf)?.filter((choice) => !isNull(choice))
  if (choices !== undefined) return choices.length === 0 ? { is: 'json' } : choices.map((one) => fieldOf(one, root, depth)).reduce(either)
  if (schema.allOf !== undefined) return schema.allOf.map((part) => fieldOf(part, root, depth)).reduce(both)
  const types = schema.const === undefined && schema.enum === undefined ? [schema.type ?? []].flat() : typesOf(schema)
  const named = types.filter((type) => type !== 'null').map((type) => ofType(type, schema, root, depth))
  return named.length === 0 ? { is: 'json' } : named.reduce(either)
}

const isNull = (schema: JsonSchema | boolean): boolean => typeof schema !== 'boolean' && (schema.type === 'null' || schema.const === null)

const typesOf = (schema: JsonSchema): string[] => {
  const values: unknown[] = schema.enum ?? [schema.const]
  return [...new Set(values.map((value) => (value === null ? 'null' : Number.isSafeInteger(value) ? 'integer' : typeof value)))]
}

function ofType(type: string, schema: JsonSchema, root: JsonSchema, depth: number): Field {
  if (type === 'string') return { is: schema.format === 'date-time' ? 'time' : 'text' }
  if (type === 'integer') return { is: 'whole' }
  if (type === 'number') return { is: 'number' }
  if (type === 'boolean') return { is: 'bool' }
  if (type === 'array') return listOf(schema, root, depth)
  const properties = Object.entries(schema.properties ?? {})
  if (type !== 'object' || properties.length === 0) return { is: 'json' }
  return { is: 'object', fields: Object.fromEntries(properties.map(([name, one]) => [name, fieldOf(one, root, depth + 1)])) }
}

/** Lists of several types, such as tuples, are JSON text. */
function listOf({ items }: JsonSchema, root: JsonSchema, depth: number): Field {
  if (items === undefined || Array.isArray(items)) return { is: 'json' }
  const of = fieldOf(items, root, depth + 1)
  return of.is === 'json' ? { is: 'json' } : { is: 'list', of }
}

const resolved = (ref: string, root: JsonSchema): JsonSchema | boolean =>
  ref === '#' ? root : (root.$defs?.[ref.slice(ref.lastIndexOf('/') + 1)] ?? true)

const SCALARS: readonly string[] = ['text', 'whole', 'number', 'bool', 'time', 'scalar']

/** The field of a value that has one of two shapes. */
function either(one: Field, other: Field): Field {
  const about = one.about ?? other.about
  return { ...eitherShape(one, other), ...(about === undefined ? {} : { about }) }
}

function eitherShape(one: Field, other: Field): Field {
  if (one.is === 'object' && other.is === 'object') return joined(one.fields, other.fields, either)
  if (one.is === 'list' && other.is === 'list') return { is: 'list', of: either(one.of, other.of) }
  if (one.is === other.is && one.is !== 'object' && one.is !== 'list') return { is: one.is }
  const is = [one.is, other.is]
  if (is.every((leaf) => leaf === 'whole' || leaf === 'number')) return { is: 'number' }
  if (is.every((leaf) => leaf === 'text' || leaf === 'time')) return { is: 'text' }
  return { is: is.every((leaf) => SCALARS.includes(leaf)) ? 'scalar' : 'json' }
}

/** The field of a value that has two shapes at once. */
const both = (one: Field, other: Field): Field =>
  one.is === 'object' && other.is === 'object' ? joined(one.fields, other.fields, both) : one.is === 'json' ? other : one

const joined = (one: Fields, other: Fields, join: (one: Field, other: Field) => Field): Field => {
  const fields = new Map(Object.entries(one))
  for (const [name, field] of Object.entries(other)) {
    const first = fields.get(name)
    fields.set(name, first === undefined ? field : join(first, field))
  }
  return { is: 'object', fields: Object.fromEntries(fields) }
}

/**
 * The facts of the label. It is a function without a schema, so it is asked what it makes of an invented context, and of the initial one. A
 * fact with the name of a field of the context has that field's type and description.
 */
function labelFields(kind: Kind, schema: JsonSchema, context: Fields): Fields {
  const labels = [
    () => sampleOf(schema, schema, 0),
    () => kind.pure.initial(inputFromAddress(kind, { tenant: 'tenant', kind: kind.name, id: 'id' }))[0].context as unknown,
  ]
    .map((make) => labelOf(kind, make))
    .filter((label) => label !== undefined)
  const names = [...new Set(labels.flatMap((label) => Object.keys(label)))]
  const factOf = (name: string): Field => {
    const found = factOfValues(labels.map((label): unknown => label[name]))
    const same = context[name]
    if (found === undefined) return same !== undefined && SCALARS.includes(same.is) ? same : { is: KNOWN_FACTS[name] ?? 'scalar' }
    return same !== undefined && isRefined(same, found) ? same : found
  }
  return Object.fromEntries(names.map((name) => [name, factOf(name)]))
}

/** Whether a declared field says the same as one that was found, or more. */
const isRefined = (declared: Field, found: Field): boolean =>
  (declared.is === found.is && declared.is !== 'object') || (declared.is === 'whole' && found.is === 'number')

/** The field of a fact, and of the facts in it; absent where all values are null. */
function factOfValues(values: readonly unknown[], depth = 0): Field | undefined {
  const present = values.filter((value) => value !== undefined && value !== null)
  const objects = present.filter((value) => typeof value === 'object' && !Array.isArray(value))
  if (present.length === 0) return undefined
  if (objects.length < present.length || depth === DEPTH_MAX) return present.map((value): Field => ({ is: leafOf(value) })).reduce(either)
  const inner = objects.map((value) => new Map<string, unknown>(Object.entries(value)))
  const names = [...new Set(inner.flatMap((one) => [...one.keys()]))]
  const fieldOfName = (name: string): Field =>
    factOfValues(
      inner.map((one) => one.get(name)),
      depth + 1,
    ) ?? { is: 'scalar' }
  return names.length === 0 ? { is: 'json' } : { is: 'object', fields: Object.fromEntries(names.map((name) => [name, fieldOfName(name)])) }
}

/** The invented context has only one time. Lists are JSON text, because one value does not tell what others have in them. */
function leafOf(value: unknown): Leaf {
  if (typeof value === 'string') return value === SAMPLE_TIME ? 'time' : 'text'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' ? 'number' : 'json'
}

function labelOf(kind: Kind, make: () => unknown): Label | undefined {
  try {
    return kind.label(make() as Record<string, unknown>)
  } catch {
    return undefined
  }
}

const SAMPLE_TIME = '2026-01-01T00:00:00.000Z'

/** A value of a schema in which nothing is null, absent or empty. */
function sampleOf(schema: JsonSchema | boolean, root: JsonSchema, depth: number): unknown {
  if (typeof schema === 'boolean' || depth > DEPTH_MAX) return null
  if (schema.$ref !== undefined) return sampleOf(resolved(schema.$ref, root), root, depth + 1)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum.find((value) => value !== null) ?? null
  const choice = (schema.anyOf ?? schema.oneOf)?.find((one) => !isNull(one))
  if (choice !== undefined) return sampleOf(choice, root, depth)
  if (schema.allOf !== undefined) return schema.allOf.reduce<object>((all, part) => ({ ...all, ...objectSample(part, root, depth) }), {})
  const type = [schema.type ?? []].flat().find((name) => name !== 'null')
  if (type === 'string') return schema.format === 'date-time' ? SAMPLE_TIME : 'a'
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1)
  if (type === 'boolean') return true
  if (type === 'array') return arraySample(schema, root, depth)
  const properties = Object.entries(schema.properties ?? {})
  return Object.fromEntries(properties.map(([name, one]) => [name, sampleOf(one, root, depth + 1)]))
}

function objectSample(schema: JsonSchema | boolean, root: JsonSchema, depth: number): object {
  const sample = sampleOf(schema, root, depth)
  return typeof sample === 'object' && sample !== null ? sample : {}
}

const arraySample = ({ items, prefixItems }: JsonSchema, root: JsonSchema, depth: number): unknown[] => {
  const parts = prefixItems ?? (Array.isArray(items) ? items : [items ?? true])
  return parts.map((part) => sampleOf(part, root, depth + 1))
}
