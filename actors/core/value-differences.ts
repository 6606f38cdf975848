import { isDeepStrictEqual } from 'node:util'

/** One path at which two values differ; `undefined` stands for a missing value. */
export interface Difference {
  /** Keys joined by dots; empty where the values differ as a whole. */
  readonly path: string
  readonly expected: unknown
  readonly actual: unknown
}

/** The search stops after this many differences: the first ones tell what is wrong. */
const DIFFERENCES_MAX = 20

/**
 * The paths at which two JSON values differ, outermost keys first.
 *
 * @param how `equal`: every difference counts. `contains`: objects in `actual` may have additional keys; arrays must have the same length.
 */
export function differencesBetween(expected: unknown, actual: unknown, how: 'equal' | 'contains' = 'equal'): Difference[] {
  const found: Difference[] = []
  const compare = (one: unknown, other: unknown, path: string): void => {
    if (found.length >= DIFFERENCES_MAX || isDeepStrictEqual(one, other)) return
    const keys = keysOf(one, other, how)
    if (keys === undefined) found.push({ path, expected: one, actual: other })
    else {
      for (const key of keys) {
        compare(Reflect.get(Object(one), key), Reflect.get(Object(other), key), path === '' ? key : `${path}.${key}`)
      }
    }
  }
  compare(expected, actual, '')
  return found
}

/** The keys to compare; `undefined` where the two values cannot be compared key by key. */
function keysOf(one: unknown, other: unknown, how: 'equal' | 'contains'): string[] | undefined {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length ? Object.keys(one) : undefined
  }
  if (!isPlain(one) || !isPlain(other)) return undefined
  return how === 'contains' ? Object.keys(one) : [...new Set([...Object.keys(one), ...Object.keys(other)])]
}

const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const TEXT_CHARS_MAX = 200

/** A value as JSON on one line, cut to a limit. */
export function valueText(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : text
}

/** One line of text per difference. */
export const differenceLines = (differences: readonly Difference[]): string[] =>
  differences.map(
    ({ path, expected, actual }) => `${path === '' ? '' : `${path}: `}expected ${valueText(expected)}, got ${valueText(actual)}`,
  )
