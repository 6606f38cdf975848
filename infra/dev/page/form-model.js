import { localTime, utcTime } from '../../web/page/times.js'

/** @import { JsonSchema } from '../../web/kind-view.ts' */

/**
 * The raw contents of a form: texts and trees of texts; for a choice between schemas, the chosen one and its contents.
 *
 * @typedef {string | RawList | RawTree | RawChoice} Raw
 * @typedef {{ items: Raw[] }} RawList
 * @typedef {{ choice: number, of: Raw }} RawChoice
 * @typedef {{ [key: string]: Raw }} RawTree
 */

/**
 * The control for a schema.
 *
 * @typedef {{ control: 'object', properties: readonly { name: string, schema: JsonSchema, required: boolean }[] }
 *   | { control: 'list', items: JsonSchema }
 *   | { control: 'choice', of: readonly JsonSchema[] }
 *   | { control: 'select', values: readonly unknown[] }
 *   | { control: 'number' | 'text' | 'lines' | 'json' | 'date' | 'time' | 'date-time' }} Control
 */

/** A text field gets a text area if its text may be longer than this, or if its name says that it is prose. */
const LINE_CHARS_MAX = 200
const PROSE = /text|comment|message|body|note|description|content|reason/i

/** @param {JsonSchema} schema @param {string} [name] of the field @returns {Control} */
export function controlOf(schema, name = '') {
  const inner = withoutNull(schema)
  if (inner !== schema) return controlOf(inner, name)
  if ('const' in schema) return { control: 'select', values: [schema.const] }
  if (schema.enum !== undefined) return { control: 'select', values: schema.enum }
  const variants = schema.anyOf ?? schema.oneOf
  if (variants !== undefined) return { control: 'choice', of: variants }
  switch (schema.type) {
    case 'string': {
      const { format } = schema
      if (format === 'date' || format === 'time' || format === 'date-time') return { control: format }
      const charsMax = schema.maxLength ?? (PROSE.test(name) ? Infinity : 0)
      return { control: charsMax > LINE_CHARS_MAX ? 'lines' : 'text' }
    }
    case 'number':
    case 'integer':
      return { control: 'number' }
    case 'boolean':
      return { control: 'select', values: [true, false] }
    case 'array':
      return isSchema(schema.items) ? { control: 'list', items: schema.items } : { control: 'json' }
    case 'object': {
      const properties = Object.entries(schema.properties ?? {})
      const { additionalProperties: more } = schema
      if (properties.length === 0 && more !== undefined && more !== false) return { control: 'json' }
      const required = new Set(schema.required)
      return { control: 'object', properties: properties.map(([name, of]) => ({ name, schema: of, required: required.has(name) })) }
    }
    default:
      return { control: 'json' }
  }
}

/** @param {unknown} items @returns {items is JsonSchema} */
const isSchema = (items) => typeof items === 'object' && !Array.isArray(items)

/** `X or null` gets the control of X; an empty one means `null`. @param {JsonSchema} schema @returns {JsonSchema} */
function withoutNull(schema) {
  const variants = schema.anyOf ?? schema.oneOf
  const others = variants?.filter(({ type }) => type !== 'null') ?? []
  return variants !== undefined && others.length === 1 && others.length < variants.length ? (others[0] ?? schema) : schema
}

/** @param {JsonSchema} schema */
const isNullable = (schema) => withoutNull(schema) !== schema

/** The contents of a form before any input. @param {JsonSchema} schema @param {boolean} required @returns {Raw} */
export function blank(schema, required) {
  const of = controlOf(schema)
  switch (of.control) {
    case 'object':
      return Object.fromEntries(
        of.properties.map(({ name, schema: inner, required: isNeeded }) => [name, blank(inner, isNeeded && required)]),
      )
    case 'list':
      return { items: [] }
    case 'choice':
      return { choice: 0, of: blank(of.of[0] ?? {}, required) }
    case 'select':
      return 'default' in schema ? JSON.stringify(schema.default) : required ? JSON.stringify(of.values[0]) : ''
    default:
      return 'default' in schema ? textOf(schema.default, of.control) : ''
  }
}

/** @param {unknown} value @param {string} control */
function textOf(value, control) {
  if (control === 'json') return JSON.stringify(value)
  return control === 'date-time' ? localTime(String(value)) : String(value)
}

/**
 * What is wrong with a field, whose path is as the server writes it.
 *
 * @typedef {{ field: string, text: string }} FieldError
 */

/** A field for JSON has a text that is not JSON. @param {string} field @returns {FieldError} */
export const notJson = (field) => ({ field, text: 'This is not JSON.' })

/**
 * Turns the contents into the value to send; `undefined` for an empty optional field. Keeps invalid contents, so that the server can
 * explain the mistake.
 *
 * @param {JsonSchema} schema @param {Raw} raw @param {boolean} required
 * @param {FieldError[]} faults gets the fields for JSON whose text is not JSON; they have no value
 * @param {string} [path]
 * @returns {unknown}
 */
export function valueOf(schema, raw, required, faults, path = 'data') {
  const nothing = required && isNullable(schema) ? null : undefined
  const of = controlOf(schema)
  if (of.control === 'object') {
    const tree = isTree(raw) ? raw : {}
    const entries = of.properties.map(({ name, schema: inner, required: isNeeded }) => [
      name,
      valueOf(inner, tree[name] ?? '', isNeeded && required, faults, `${path}.${name}`),
    ])
    const given = entries.filter(([, value]) => value !== undefined)
    return given.length > 0 || required ? Object.fromEntries(given) : undefined
  }
  if (of.control === 'list') {
    const items = isList(raw) ? raw.items : []
    if (items.length === 0) return required ? [] : undefined
    return items.map((item, index) => valueOf(of.items, item, true, faults, `${path}.${index}`))
  }
  if (of.control === 'choice') return isChoice(raw) ? valueOf(of.of[raw.choice] ?? {}, raw.of, required, faults, path) : undefined
  if (typeof raw !== 'string') return undefined
  if (raw === '') return required && (of.control === 'text' || of.control === 'lines') && !isNullable(schema) ? '' : nothing
  if (of.control === 'number') return raw.trim() === '' || Number.isNaN(Number(raw)) ? raw : Number(raw)
  if (of.control === 'date-time') return utcTime(raw)
  if (of.control !== 'json' && of.control !== 'select') return raw
  try {
    return JSON.parse(raw)
  } catch {
    faults.push(notJson(path))
    return undefined
  }
}

/** @param {Raw | undefined} raw @returns {raw is RawList} */
export const isList = (raw) => typeof raw === 'object' && 'items' in raw && Array.isArray(raw.items)
/** @param {Raw | undefined} raw @returns {raw is RawChoice} */
export const isChoice = (raw) => typeof raw === 'object' && 'choice' in raw && typeof raw.choice === 'number'
/** @param {Raw | undefined} raw @returns {raw is RawTree} */
export const isTree = (raw) => typeof raw === 'object' && !isList(raw) && !isChoice(raw)

/**
 * The paths of all fields, as the server writes them.
 *
 * @param {JsonSchema} schema @param {Raw} raw @param {string} [path]
 * @returns {string[]}
 */
export function fieldsOf(schema, raw, path = 'data') {
  const of = controlOf(schema)
  if (of.control === 'object') {
    return of.properties.flatMap(({ name, schema: inner }) => fieldsOf(inner, isTree(raw) ? (raw[name] ?? '') : '', `${path}.${name}`))
  }
  if (of.control === 'list') {
    const items = isList(raw) ? raw.items : []
    return [path, ...items.flatMap((item, index) => fieldsOf(of.items, item, `${path}.${index}`))]
  }
  if (of.control === 'choice' && isChoice(raw)) return [path, ...fieldsOf(of.of[raw.choice] ?? {}, raw.of, path)]
  return [path]
}

/**
 * Splits an error into the field that it names and its text. The field is empty if the error names none of `fields`.
 *
 * @param {string} text as the server wrote it, `<field>: <what is wrong>` @param {readonly string[]} fields
 * @returns {FieldError}
 */
export function placeError(text, fields) {
  const field =
    fields
      .filter((one) => text.startsWith(`${one}: `) || text.startsWith(`${one}.`) || text.startsWith(`${one} "`))
      .sort((a, b) => b.length - a.length)[0] ?? ''
  return { field, text: text.startsWith(`${field}: `) ? text.slice(field.length + 2) : text }
}
