import { LIMITS } from './limits.ts'

/** Content types whose data are JSON: `application/json`, `application/*+json`, with parameters. */
const JSON_TYPE = /^[a-z0-9.+-]+\/(?:json|[a-z0-9.+-]+\+json)\s*(?:;|$)/i

export const isJsonType = (contentType: string): boolean => JSON_TYPE.test(contentType)

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8; `undefined` where the bytes are not valid. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Parses JSON; `undefined` where the text is not valid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const FENCE = /```(?:json)?\s*\n(.*?)\n?\s*```/su

/** Parses JSON, or that in the first fence of Markdown, as small models write it; `undefined` where neither is valid. */
export function jsonIn(text: string): unknown {
  const whole = parseJson(text)
  const [, fenced] = whole === undefined ? (FENCE.exec(text) ?? []) : []
  return fenced === undefined ? whole : parseJson(fenced)
}

/**
 * Returns why a value does not survive a round trip through JSON, with the path to the problem; `undefined` where the value survives.
 * Refuses nesting beyond the limit, lone surrogates, numbers without a JSON form, and anything that is not JSON. A property that is
 * `undefined` counts as absent.
 */
export const jsonProblem = (value: unknown): string | undefined => jsonFit(value).problem

/** How well JSON can hold a value. */
export interface JsonFit {
  /** As `jsonProblem` returns it. */
  readonly problem: string | undefined
  /** Whether a round trip gives exactly the same value. It drops a property that is `undefined`, and makes 0 of -0. */
  readonly isExact: boolean
}

/** Returns how well JSON can hold a value, at the price of `jsonProblem`. */
export function jsonFit(value: unknown): JsonFit {
  const scan: Scan = { isExact: true }
  const found = findProblem(value, 0, scan)
  if (found === undefined) return { problem: undefined, isExact: scan.isExact }
  const where = found.path.reverse().slice(0, 8).join('.')
  return { problem: where === '' ? found.what : `${where}: ${found.what}`, isExact: false }
}

interface Scan {
  isExact: boolean
}

interface Problem {
  readonly what: string
  /** Innermost key first: it is built while the search unwinds, so that a valid value costs nothing. */
  readonly path: string[]
}

const problem = (what: string): Problem => ({ what, path: [] })

function findProblem(value: unknown, depth: number, scan: Scan): Problem | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : problem('a lone surrogate is not well-formed Unicode')
    case 'number':
      if (value === 0 && Object.is(value, -0)) scan.isExact = false
      return Number.isFinite(value) ? undefined : problem(`${value} is not a JSON number`)
    case 'boolean':
      return undefined
    case 'undefined':
      scan.isExact = false
      return undefined
    case 'object':
      return value === null ? undefined : findProblemInside(value, depth, scan)
    default:
      return problem(`a ${typeof value} is not JSON`)
  }
}

function findProblemInside(value: object, depth: number, scan: Scan): Problem | undefined {
  if (depth >= LIMITS.depthMax) return problem(`nested deeper than ${LIMITS.depthMax}`)
  if (Array.isArray(value)) return findProblemInList(value, depth, scan)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return problem(`a ${value.constructor.name} is not JSON`)
  for (const key of Object.keys(value)) {
    const found = key.isWellFormed()
      ? findProblem((value as Readonly<Record<string, unknown>>)[key], depth + 1, scan)
      : problem('a key has a lone surrogate')
    if (found !== undefined) return withKey(found, key.toWellFormed())
  }
  return undefined
}

function findProblemInList(list: readonly unknown[], depth: number, scan: Scan): Problem | undefined {
  for (let index = 0; index < list.length; index++) {
    const found =
      list[index] === undefined ? problem('undefined in a list would come back as null') : findProblem(list[index], depth + 1, scan)
    if (found !== undefined) return withKey(found, String(index))
  }
  return undefined
}

function withKey(found: Problem, key: string): Problem {
  found.path.push(key)
  return found
}
