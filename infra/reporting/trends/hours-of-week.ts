import { wallTimeOf } from '../calendar/time-zone.ts'

export const HOURS_OF_DAY = 24
export const HOURS_OF_WEEK = 168
export const HOUR_MS = 3_600_000

/** January 1, 1970 was a Thursday. */
const THURSDAY = 3

/**
 * The hour of the week of each of consecutive hours, from 0 (Monday, midnight) to 167, by the clocks of the zone. The hour that clocks
 * skip is missing, and the one that they show twice comes twice.
 */
export function hoursOfWeek(start: Date, count: number, zone: string): Uint8Array {
  const hours = new Uint8Array(count)
  // Clocks change at most once in six hours, and only there each hour is looked at.
  const hourAt = (at: number): number => Math.floor(wallTimeOf(new Date(start.getTime() + at * HOUR_MS), zone) / HOUR_MS)
  for (let from = 0; from < count; from += STEP) {
    const first = hourAt(from)
    const isEven = hourAt(from + STEP) - first === STEP
    for (let at = from; at < Math.min(count, from + STEP); at++) {
      hours[at] = ((isEven ? first + at - from : hourAt(at)) + THURSDAY * HOURS_OF_DAY) % HOURS_OF_WEEK
    }
  }
  return hours
}

const STEP = 6
