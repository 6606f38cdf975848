import { Cron } from 'croner'
import { z } from 'zod'
import { messageOf } from '../../schemas/errors.ts'

/**
 * What becomes of due times that passed while nothing ran.
 * - `once`: the first of them is made up for, late; the others are left out.
 * - `skip`: none is made up for.
 * - `all`: each of the last `missedMax` is made up for, oldest first.
 */
export const MISSED = ['skip', 'once', 'all'] as const
export type Missed = (typeof MISSED)[number]

/** Due times that `all` makes up for, if nothing else is said; and the most that can be said. */
const MISSED_DEFAULT = 10
const MISSED_MAX = 100
const PATTERN_CHARS_MAX = 128

/** The event that an actor of a kind with the option `every` gets at each due time. No producer can send it to such a kind. */
export const EVERY = 'every'
/** Its data, for the `events` of the kind. */
export const everyDue = z.object({ due: z.iso.datetime().meta({ description: 'When it was due. It comes later where nothing ran then' }) })

export const calendarFields = {
  every: z
    .string()
    .min(1)
    .max(PATTERN_CHARS_MAX)
    .meta({
      description:
        'Fields of cron: minute, hour, day of the month, month, day of the week, with a second before them if there are six; '
        + 'or a name such as @daily',
    }),
  timeZone: z.string().min(1).max(64).optional().meta({ description: 'IANA name, such as Asia/Shanghai. Default: UTC' }),
  missed: z.enum(MISSED).optional().meta({ description: 'What becomes of due times that passed while nothing ran. Default: once' }),
  missedMax: z
    .int()
    .min(1)
    .max(MISSED_MAX)
    .optional()
    .meta({ description: `With all: so many of them at most. Default: ${MISSED_DEFAULT}` }),
}
export const calendarSchema = z.object(calendarFields)

/** The shortest time between two due times. */
export const PERIOD_MS_MIN = 60_000

/**
 * Times that recur.
 *
 * When clocks change, a time of day that does not occur is due at the first moment after the gap, and one that occurs twice is due at the
 * first of the two. A calendar of several times a day, such as every ten minutes, leaves out what does not occur, and is due in both hours.
 */
export type Calendar = z.infer<typeof calendarSchema>

/** When a calendar that is never due is found: any time does, so that a calendar is right or wrong for ever. */
const CHECKED_FROM = new Date('2026-01-01T00:00:00Z')
/** With two seconds of one minute, one of the first two periods is shorter than a minute. */
const PERIODS_CHECKED = 2

/** Why there is no such calendar, or none with a period of at least `periodMsMin`; undefined where there is one. */
export function calendarProblem(calendar: Calendar, periodMsMin = PERIOD_MS_MIN): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zoneOf(calendar) })
  } catch {
    return `timeZone: there is no "${zoneOf(calendar)}"; use an IANA name, such as Asia/Shanghai`
  }
  try {
    const runs = cronOf(calendar)
      .nextRuns(PERIODS_CHECKED + 1, CHECKED_FROM)
      .map((run) => run.getTime())
    if (runs.length === 0) return `every: "${calendar.every}" is never due`
    const shortest = Math.min(...runs.slice(1).map((run, index) => run - (runs[index] ?? 0)))
    return shortest < periodMsMin ? `every: "${calendar.every}" is due again after ${shortest} ms; at least ${periodMsMin} ms` : undefined
  } catch (error) {
    return `every: "${calendar.every}" is no cron: ${messageOf(error)}`
  }
}

/** As late as this, a due time counts as missed: a wake-up that NATS forgets comes within half a minute (decision 23). */
export const MISSED_AFTER_MS = 60_000

/** Whether what was due is left out, because it comes too late. Both times are ISO. */
export function isSkipped(calendar: Calendar, due: string, at: string): boolean {
  const { missed = 'once' } = calendar
  const [dueMs, atMs] = [Date.parse(due), Date.parse(at)]
  if (missed === 'skip') return atMs - dueMs >= MISSED_AFTER_MS
  const oldest = missed === 'all' ? lastRuns(calendar, atMs).at(-1) : undefined
  return oldest !== undefined && dueMs < oldest
}

/** As many of the last due times as `all` makes up for, the newest first, in milliseconds since 1970. */
const lastRuns = (calendar: Calendar, atMs: number): number[] =>
  cronOf(calendar)
    .previousRuns(calendar.missedMax ?? MISSED_DEFAULT, new Date(atMs + 1))
    .map((run) => run.getTime())

/** The first due time after `at`; undefined where there is none before the year 2100. ISO, as all times here. */
export const dueAfter = (calendar: Calendar, at: string): string | undefined => isoOf(cronOf(calendar).nextRun(new Date(at)))

/**
 * The due time that follows the one that is decided at `at`. It lies before `at` where it was missed and is to be made up for.
 */
export function nextDue(calendar: Calendar, due: string, at: string): string | undefined {
  const { missed = 'once' } = calendar
  const [dueMs, atMs] = [Date.parse(due), Date.parse(at)]
  if (missed === 'all') {
    const oldest = lastRuns(calendar, atMs).findLast((run) => run > dueMs)
    if (oldest !== undefined) return new Date(oldest).toISOString()
  }
  // A host's clock may be behind the server's, which sent the wake-up: what was due must not be due again.
  const after = missed === 'skip' ? atMs - MISSED_AFTER_MS : atMs
  return isoOf(cronOf(calendar).nextRun(new Date(Math.max(dueMs, after))))
}

const TIME_MAX = Date.parse('2100-01-01T00:00:00Z')

const isoOf = (time: Date | null | undefined): string | undefined =>
  time === null || time === undefined || time.getTime() >= TIME_MAX ? undefined : time.toISOString()

const zoneOf = ({ timeZone = 'UTC' }: Calendar): string => timeZone

/** A pattern without a function: croner sets no timer. */
const cronOf = (calendar: Calendar): Cron => new Cron(calendar.every, { paused: true, mode: '5-or-6-parts', timezone: zoneOf(calendar) })
