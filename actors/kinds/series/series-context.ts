import { z } from 'zod'
import type { readingsTaken } from '../../../schemas/trigger-events.ts'
import type { SeriesView } from './condition.ts'
import { needsOf, type Watch, watchSchema } from './watches.ts'
import { type Figures, figuresOf, fitWindows, nextLossAt, type Reading, windowSchema, withReadings } from './windows.ts'

/** Buckets of all series end at the same moments. Each series waits for a part of this time longer, so that not all timers fire at once. */
const SPREAD_MS = 1_000

/** What a series knows. */
export const seriesContextSchema = z.object({
  /** The latest reading and its time in milliseconds since 1970; `null` before the first. */
  value: z.number().nullable(),
  valueAt: z.number().nullable(),
  /** Absence counts from here: the latest reading, or the first watch. */
  heardAt: z.number().nullable(),
  readings: z.int().meta({ description: 'Readings so far' }),
  late: z.int().meta({ description: 'Of these, the ones that were too old for every window' }),
  windows: z.array(windowSchema),
  watches: z.array(watchSchema),
  /** When time alone next changes a figure, and when the timer fires; milliseconds since 1970. */
  dueAt: z.number().nullable(),
  spreadMs: z.int().nonnegative(),
  armedFor: z.number().nullable(),
})
export type SeriesContext = z.infer<typeof seriesContextSchema>

/** A reading from the future counts as one of now. */
export const readingsOf = ({ readings }: z.output<typeof readingsTaken>, time: string, now: number): Reading[] =>
  readings.map(({ at = time, value }) => ({ at: Math.min(now, Date.parse(at)), value }))

/** Values in the order of their times. */
export const valuesOf = (readings: readonly Reading[]): number[] => readings.toSorted((a, b) => a.at - b.at).map(({ value }) => value)

/** The series after readings. */
export function withTaken(context: SeriesContext, readings: readonly Reading[], now: number): SeriesContext {
  const windows = context.windows.map((window) => withReadings(window, readings, now))
  const longest = Math.max(0, ...windows.map(({ ms }) => ms))
  const latest = readings.reduce((a, b) => (b.at >= a.at ? b : a), { at: context.valueAt ?? -Infinity, value: context.value ?? NaN })
  return {
    ...context,
    windows,
    value: latest.value,
    valueAt: latest.at,
    heardAt: Math.max(latest.at, context.heardAt ?? -Infinity),
    readings: context.readings + readings.length,
    late: context.late + readings.filter(({ at }) => at < now - longest).length,
  }
}

/** The other watches, and this one. Windows that nobody asks for any more are dropped. */
export function withWatches(context: SeriesContext, watches: Watch[], now: number): SeriesContext {
  return { ...context, watches, windows: fitWindows(context.windows, needsOf(watches)), heardAt: context.heardAt ?? now }
}

/** The series at a time, as conditions see it. */
export function viewOf({ value, windows, heardAt }: SeriesContext, now: number): SeriesView {
  /** Many conditions, each with many values, ask for the same windows. */
  const known = new Map<number, Figures>()
  return {
    value: value ?? NaN,
    figures(ms) {
      const window = windows.find((one) => one.ms === ms) ?? { ms, hasBins: false, buckets: [] }
      const found = known.get(ms) ?? figuresOf(window, now)
      known.set(ms, found)
      return found
    },
    isAbsent: (ms) => now - (heardAt ?? now) >= ms,
  }
}

/** When a bucket next leaves its window, or an absence has lasted long enough. */
export function dueAtOf({ windows, watches, heardAt }: SeriesContext, now: number): number | null {
  const absences = needsOf(watches).flatMap(({ ms, isAbsence }) => (isAbsence && heardAt !== null ? [heardAt + ms] : []))
  const due = Math.min(...[...absences, ...windows.map(nextLossAt)].filter((at) => at > now))
  return watches.length === 0 || due === Infinity ? null : due
}

/** A part of `SPREAD_MS` that differs from series to series, and is always the same for one. */
const spreadOf = (id: string): number => [...id].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % SPREAD_MS, 7)

/** A series without readings and watches. */
export const newSeries = (id: string): SeriesContext => ({
  value: null,
  valueAt: null,
  heardAt: null,
  readings: 0,
  late: 0,
  windows: [],
  watches: [],
  dueAt: null,
  spreadMs: spreadOf(id),
  armedFor: null,
})
