const DAY_MS = 86_400_000

/**
 * A time as the clocks of a zone show it, as the milliseconds that `Date.UTC` has for the same figures. It is no moment: on the days on
 * which clocks change, some times come twice and some never.
 */
type WallTime = number

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const two = '2-digit'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    ...({ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const),
  })
  formats.set(zone, format)
  return format
}

/** What the clocks of the zone show at a moment. */
export function wallTimeOf(at: Date, zone: string): WallTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0
  const seconds = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return seconds + (((at.getTime() % 1_000) + 1_000) % 1_000)
}

/**
 * The moment at which the clocks of the zone show a time: the first of two. A time that the clocks skip is as much later as they skip, as
 * in the standards for calendars and JavaScript's `Temporal`.
 */
export function momentOf(wall: WallTime, zone: string): Date {
  const offsetAt = (utc: number): number => wallTimeOf(new Date(utc), zone) - utc
  // No zone changes its clocks twice in two days.
  const [before, after] = [offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)]
  const fitting = [wall - before, wall - after].filter((utc) => wallTimeOf(new Date(utc), zone) === wall)
  return new Date(fitting.length === 0 ? wall - before : Math.min(...fitting))
}

/** The number of the day in the zone's calendar: 0 is January 1, 1970. */
export const dayOf = (at: Date, zone: string): number => Math.floor(wallTimeOf(at, zone) / DAY_MS)

/** The first moment of a day in the zone: midnight, or where clocks skip it the next time that they show. */
export const startOfDay = (day: number, zone: string): Date => momentOf(day * DAY_MS, zone)

/** The same time of the day, some days earlier. The start of a day stays one. */
export function daysBefore(at: Date, days: number, zone: string): Date {
  const day = dayOf(at, zone)
  const isStart = startOfDay(day, zone).getTime() === at.getTime()
  return isStart ? startOfDay(day - days, zone) : momentOf(wallTimeOf(at, zone) - days * DAY_MS, zone)
}

/** A moment as ISO 8601 text with the offset of the zone, such as `2026-11-01T00:00:00+05:45`; in UTC with `Z`. */
export function zonedText(at: Date, zone: string): string {
  const wall = wallTimeOf(at, zone)
  const minutes = Math.round((wall - at.getTime()) / 60_000)
  const text = new Date(wall).toISOString().replace(/\.000Z$|Z$/, '')
  if (minutes === 0) return `${text}Z`
  const two = (figure: number): string => String(figure).padStart(2, '0')
  return `${text}${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

/** Whether JavaScript knows a zone of this name. It also takes offsets such as `+08:00`, which have no name and no daylight saving. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text })
    return true
  } catch {
    return false
  }
}

/** The names of the zones, without their older names. */
export const timeZoneNames = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')]
