import { LRUCache } from 'lru-cache'
import type { TeamSettings } from '../../../schemas/desk-events.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Days ahead in which an office is looked for that is open: a promise of more office time than they have ends with them. */
const HORIZON_DAYS = 400

/** The parts of `team.set` that say when an office is open. */
export type OfficeSettings = Pick<TeamSettings, 'timezone' | 'hours' | 'holidays'>

/** When an office is open; milliseconds since 1970. It rests on the time zones of the runtime. */
export interface OfficeHours {
  /** The first moment from `at` on at which the office is open; `at` itself where it is. */
  opensAt(at: number): number
  /** When `ms` of office time have passed since `at`. */
  after(at: number, ms: number): number
}

type Span = readonly [start: number, end: number]

/**
 * The office is open while a wall clock of its zone shows office hours: where clocks go back, an hour may be open twice; where they go
 * forward, the hour that no clock shows is no office time. On a holiday no part begins; one that began the day before goes on.
 */
export function createOfficeHours({ timezone, hours, holidays = [] }: OfficeSettings): OfficeHours {
  if (hours === undefined && holidays.length === 0) return { opensAt: (at) => at, after: (at, ms) => at + ms }
  const closed = new Set(holidays.map((date) => Date.parse(`${date}T00:00:00Z`) / DAY_MS))
  const parts = (hours ?? [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }]).map(({ days, from, to }) => {
    const [start, end] = [wallMs(from), wallMs(to)]
    return { days, start, end: end <= start ? end + DAY_MS : end }
  })
  /** The parts that begin on a day of the wall clock. */
  const beginning = (day: number): Span[] =>
    closed.has(day)
      ? []
      : parts.flatMap(({ days, start, end }) => (days.includes(weekdayOf(day)) ? [[day * DAY_MS + start, day * DAY_MS + end]] : []))
  const openOn = (utcDay: number): Span[] =>
    steadySpans(utcDay * DAY_MS, timezone).flatMap(([start, end, offset]) => {
      const days = range(Math.floor((start + offset) / DAY_MS) - 1, Math.floor((end + offset - 1) / DAY_MS))
      const open = days.flatMap(beginning).map(([from, to]): Span => [Math.max(start, from - offset), Math.min(end, to - offset)])
      return united(open.filter(([from, to]) => from < to))
    })
  const known = new Map<number, Span[]>()
  const spansOf = (utcDay: number): Span[] => {
    const spans = known.get(utcDay) ?? openOn(utcDay)
    known.set(utcDay, spans)
    return spans
  }
  function* spansFrom(at: number): Generator<Span> {
    const first = Math.floor(at / DAY_MS)
    for (const day of range(first, first + HORIZON_DAYS)) {
      for (const [start, end] of spansOf(day)) if (end > at) yield [Math.max(start, at), end]
    }
  }
  const horizon = (at: number): number => at + HORIZON_DAYS * DAY_MS
  return {
    opensAt(at) {
      const [first] = spansFrom(at)
      return first?.[0] ?? horizon(at)
    },
    after(at, ms) {
      let left = ms
      for (const [start, end] of spansFrom(at)) {
        if (end - start >= left) return start + left
        left -= end - start
      }
      return horizon(at)
    },
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** 1970-01-01 was a Thursday. 1: Monday. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1

function wallMs(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return (hours * 60 + minutes) * MINUTE_MS
}

/** Spans in their order, overlapping ones as one. */
function united(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    const last = all.at(-1)
    if (last !== undefined && start <= last[1]) all[all.length - 1] = [last[0], Math.max(last[1], end)]
    else all.push([start, end])
  }
  return all
}

/** The parts of a UTC day with the same offset of the zone: one, or two where clocks change. Zones change clocks at whole seconds. */
function steadySpans(start: number, zone: string): (readonly [start: number, end: number, offset: number])[] {
  const end = start + DAY_MS
  const [before, after] = [offsetAt(start, zone), offsetAt(end - SECOND_MS, zone)]
  if (before === after) return [[start, end, before]]
  let [low, high] = [start, end - SECOND_MS]
  while (high - low > SECOND_MS) {
    const middle = Math.floor((low + high) / 2 / SECOND_MS) * SECOND_MS
    if (offsetAt(middle, zone) === before) low = middle
    else high = middle
  }
  return [
    [start, high, before],
    [high, end, after],
  ]
}

/** Making a format is slow. */
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 256 })

/** How far the wall clock of a zone is ahead of UTC; milliseconds. */
function offsetAt(at: number, zone: string): number {
  const format =
    formats.get(zone)
    ?? new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  formats.set(zone, format)
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  return (
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    - Math.floor(at / SECOND_MS) * SECOND_MS
  )
}
