import fc from 'fast-check'
import { inject } from 'vitest'

/** The number of cases that fast-check runs by default. */
const CASES_DEFAULT = 100

fc.configureGlobal({ seed: inject('propertySeed') })

/** The cases of a property: all of `full` in `npm run test:int`, at most fast-check's default in `npm run test:unit`. */
export const cases = (full: number): number => (process.env['PROPERTY_CASES'] === 'default' ? Math.min(full, CASES_DEFAULT) : full)

const SHRINK_MS_MAX = 60_000

/**
 * A predicate that holds for everything a minute after its first failure: fast-check then stops making the counterexample smaller, and
 * shows the smallest one so far, before the test times out.
 */
export function shrinkingBriefly<Values extends unknown[]>(predicate: (...values: Values) => void): (...values: Values) => void {
  let failedAtMs = Infinity
  return (...values) => {
    if (performance.now() - failedAtMs > SHRINK_MS_MAX) return
    try {
      predicate(...values)
    } catch (error) {
      failedAtMs = Math.min(failedAtMs, performance.now())
      throw error
    }
  }
}
