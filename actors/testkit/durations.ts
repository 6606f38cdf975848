import ms from 'ms'
import { ColloquyError } from '../../schemas/errors.ts'

type Unit =
  'ms' | 's' | 'sec' | 'seconds' | 'm' | 'min' | 'minutes' | 'h' | 'hour' | 'hours' | 'd' | 'day' | 'days' | 'w' | 'week' | 'weeks'

/** Milliseconds, or a text such as `'23h'`, `'90 s'`, `'1.5 days'`. */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`

/** @throws ColloquyError `bad_duration` */
export function millisecondsOf(duration: Duration): number {
  const value = typeof duration === 'number' ? duration : ms(duration)
  if (Number.isFinite(value) && value >= 0) return Math.round(value)
  throw new ColloquyError('bad_duration', `"${duration}" is not a duration: write milliseconds, or a text such as '90s', '23h', '2 days'`)
}

/** A duration in the largest unit that divides it. */
export function durationText(milliseconds: number): string {
  for (const [unit, length] of UNITS) if (milliseconds >= length && milliseconds % length === 0) return `${milliseconds / length}${unit}`
  return `${milliseconds}ms`
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const
