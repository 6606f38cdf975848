import { AssertionError } from 'node:assert'
import { differenceLines } from '../core/value-differences.ts'
import { narrativeOf } from './narrative.ts'
import type { Complaint } from './watched-machine.ts'
import type { World } from './simulated-world.ts'

export interface FailureOptions {
  readonly expected?: unknown
  readonly actual?: unknown
  /** The function of the kit that the test called: the stack begins at the test. */
  readonly calledBy: (...args: never[]) => unknown
}

/** What a test that fails throws: what was expected, and the history that led to something else. */
export function failure(world: World, what: string, { expected, actual, calledBy }: FailureOptions): AssertionError {
  const story = narrativeOf(world)
  const message = story.length === 0 ? what : `${what}\n\nWhat happened:\n${story.map((line) => `  ${line}`).join('\n')}\n`
  return new AssertionError({ message, expected, actual, operator: 'then', stackStartFn: calledBy })
}

export const complaintText = ({ code, message, differences }: Complaint): string =>
  [`${code}: ${message}`, ...differenceLines(differences).map((line) => `  ${line}`)].join('\n')
