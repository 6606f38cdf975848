import fc from 'fast-check'
import { inject } from 'vitest'

/** The number of cases that fast-check runs by default. */
const CASES_DEFAULT = 100

fc.configureGlobal({ seed: inject('propertySeed') })

/** The cases of a property: all of `full` in `npm run test:int`, at most fast-check's default in `npm run test:unit`. */
export const cases = (full: number): number => (process.env['PROPERTY_CASES'] === 'default' ? Math.min(full, CASES_DEFAULT) : full)
