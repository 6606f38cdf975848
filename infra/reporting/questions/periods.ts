import { dayOf, daysBefore, zonedText } from '../calendar/time-zone.ts'

/** A period; `to` is exclusive. */
export interface Period {
  readonly from: Date
  readonly to: Date
}

/**
 * The period of equal length right before. A period of whole days of the zone, from any time of the day to the same time, has as many days
 * before it, also where one of them has 23 or 25 hours; any other has as many milliseconds.
 */
export function previousPeriod({ from, to }: Period, zone: string): Period {
  const days = dayOf(to, zone) - dayOf(from, zone)
  const isWholeDays = days > 0 && daysBefore(to, days, zone).getTime() === from.getTime()
  return { from: isWholeDays ? daysBefore(from, days, zone) : new Date(from.getTime() * 2 - to.getTime()), to: from }
}

/** A period as text, in the zone. */
export const periodText = ({ from, to }: Period, zone: string): string => `${zonedText(from, zone)} to ${zonedText(to, zone)}`
