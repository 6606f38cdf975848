import { LRUCache } from 'lru-cache'
import type { Quiet } from '../../../schemas/trigger-events.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440

/** Making a format is slow. */
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 256 })

/** Minutes since midnight on a wall clock of the zone. */
function wallMinutes(at: number, zone: string): number {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  formats.set(zone, format)
  return minutesOf(format.format(at))
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

/**
 * The first time from `at` on that is in no quiet hours; milliseconds since 1970. When clocks change within quiet hours, they end at the
 * wall time all the same. The result rests on the time zones of the runtime.
 */
export function afterQuiet(at: number, quiet: Quiet | undefined): number {
  if (quiet === undefined) return at
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)]
  const isQuiet = (minutes: number): boolean => (from <= to ? minutes >= from && minutes < to : minutes >= from || minutes < to)
  const minutes = wallMinutes(at, quiet.zone)
  if (!isQuiet(minutes)) return at
  const end = Math.floor(at / MINUTE_MS) * MINUTE_MS + ((to - minutes + DAY_MINUTES) % DAY_MINUTES) * MINUTE_MS
  /** What a change of clocks in between has moved: less than half a day in either direction. */
  const drift = ((wallMinutes(end, quiet.zone) - to + DAY_MINUTES * 1.5) % DAY_MINUTES) - DAY_MINUTES / 2
  return end - drift * MINUTE_MS
}
