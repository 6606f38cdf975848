import type { Act, Attributes } from './acts.ts'
import { durationText } from './durations.ts'

/** A test as text: `given(name)` and its calls, each on a line of its own. */
export const chainCode = (begin: string, calls: readonly string[], indent = ''): string =>
  [begin, ...calls.map((call) => `  ${call}`)].map((line) => `${indent}${line}`).join('\n')

/** The call of a scenario that performs this act. */
export function actCode(act: Act): string {
  switch (act.act) {
    case 'when':
      return call('when', act.type, act.data, ...attributesOf(act.attributes))
    case 'raw':
      return call('whenRaw', act.body instanceof Uint8Array ? Buffer.from(act.body).toString('utf8') : act.body)
    case 'after':
      return call('after', durationText(act.ms))
    case 'until':
      return call('until', act.time)
    case 'ends':
      return call('taskEnds', act.task, act.output)
    case 'fails': {
      const { code, message } = act.error
      return `.taskEnds(${literal(act.task)}, fails(${message === code ? literal(code) : `${literal(code)}, ${literal(message)}`}))`
    }
    case 'childEnds':
      return call('childEnds', act.child, act.output)
    case 'childFails': {
      const { code, message } = act.error
      return `.childEnds(${literal(act.child)}, fails(${message === code ? literal(code) : `${literal(code)}, ${literal(message)}`}))`
    }
    case 'stops':
      return '.parentStops()'
    case 'expires':
      return call('taskExpires', act.task)
    case 'fires':
      return act.event === undefined ? '.timerFires()' : call('timerFires', act.event)
  }
}

const attributesOf = (attributes: Attributes | undefined): unknown[] => {
  const given = Object.entries(attributes ?? {}).filter(([, value]) => value !== undefined)
  return given.length === 0 ? [] : [Object.fromEntries(given)]
}

/** `.name(value, …)` */
export const call = (name: string, ...values: readonly unknown[]): string => `.${name}(${values.map(literal).join(', ')})`

/** A JSON value as TypeScript code. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => `${keyText(key)}: ${literal(field)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** `__proto__` as an unquoted key of a literal would set the prototype. */
const keyText = (key: string): string => (key === '__proto__' ? '["__proto__"]' : /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key))

function quoted(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return `'${escaped}'`
}
