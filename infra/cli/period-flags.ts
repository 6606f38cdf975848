import { type Command, InvalidArgumentError, Option } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { nearest } from '../../schemas/nearest.ts'
import { daysBefore, isTimeZone, momentOf, startOfDay, timeZoneNames } from '../reporting/calendar/time-zone.ts'
import { LABEL_DEFAULT, type Scope, UTC } from '../reporting/questions/ask-question.ts'
import { previousPeriod } from '../reporting/questions/periods.ts'
import type { QuestionName } from '../reporting/questions/questions.ts'
import type { WantedScope } from '../reporting/questions/resolve-scope.ts'
import { tokenArgument } from './arguments.ts'

const DAY_MS = 24 * 3_600_000
const DAYS_DEFAULT = 30
/** Of trends, which compare weeks. */
const TREND_DAYS_DEFAULT = 84

/** A day or a time that is a moment in any zone. */
export type TimeInZone = (zone: string) => Date

export interface PeriodOptions {
  readonly tenant?: string
  readonly kind?: string
  readonly tz: string
  readonly from?: TimeInZone
  readonly to?: TimeInZone
  readonly compare?: 'previous'
  readonly label?: string
  readonly type?: string
  /** Database to query. Default: the one with the live tables. */
  readonly database?: string
}

/** Adds the flags for tenant, kind, time zone and period. */
export const addPeriodFlags = (command: Command): Command =>
  command
    .option('--tenant <tenant>', 'tenant of the conversations (default: the only one, if there is only one)', tokenArgument)
    .option('--kind <kind>', 'only conversations of this kind (default: all kinds)', tokenArgument)
    .option('--database <name>', 'query this database instead, such as one that "colloquy rebuild --into" made, for the answers as of then')
    .option('--tz <zone>', 'time zone of days, hours and of times without a zone, such as Asia/Shanghai', zoneArgument, UTC)
    .option(
      '--from <time>',
      'start: 2026-11-01 or 2026-11-01T08:00:00Z; in --tz without a zone '
        + `(default: ${DAYS_DEFAULT} days before --to, for trends ${TREND_DAYS_DEFAULT})`,
      timeArgument,
    )
    .option('--to <time>', 'end, exclusive (default: now)', timeArgument)
    .option(
      '--label <path>',
      `where in the label the label funnel finds its values, such as plan.name (default: ${LABEL_DEFAULT})`,
      pathArgument,
    )
    .option('--type <type>', 'whose trends: only events of this type, such as message.received (default: all types)', typeArgument)
    .addOption(
      new Option('--compare <period>', 'also the figures of the period of equal length right before, and the change').choices(['previous']),
    )

/** Days of the period of a question that is asked without `--from`. */
export const daysOf = (name: QuestionName): number => (name === 'trends' ? TREND_DAYS_DEFAULT : DAYS_DEFAULT)

/** @throws ColloquyError `bad_period` if the end is not after the start */
export function scopeOf({ tenant, kind, tz, label, type, from, to }: PeriodOptions, now: Date, days = DAYS_DEFAULT): WantedScope {
  const end = to?.(tz) ?? now
  const start = from?.(tz) ?? daysBefore(end, days, tz)
  if (start >= end) {
    throw new ColloquyError('bad_period', `--from is ${start.toISOString()}, and --to ${end.toISOString()} is not after it`)
  }
  return { tenant, kind, tz, label, type, from: start, to: end }
}

/** The scope to compare with, if the command shall compare. */
export const previousScopeOf = (scope: Scope, compare: PeriodOptions['compare']): Scope | undefined =>
  compare === undefined ? undefined : { ...scope, ...previousPeriod(scope, scope.tz ?? UTC) }

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/
const ZONE = /(Z|[+-]\d{2}:\d{2})$/
/** Range of years for which the tables can store a time and an input may have one. */
const YEARS = { first: 1970, last: 2100 }

export function timeArgument(given: string): TimeInZone {
  // As in RFC 3339, the letters may be small.
  const text = given.toUpperCase()
  const isDate = DATE.test(text)
  const zoned = isDate ? `${text}T00:00:00Z` : ZONE.test(text) ? text : `${text}Z`
  const time = new Date(isDate || TIME.test(text) ? zoned : NaN)
  const isTime = !Number.isNaN(time.getTime()) && time.getUTCFullYear() >= YEARS.first && time.getUTCFullYear() <= YEARS.last
  // JavaScript turns February 30 into a day of March, so the day must come back unchanged.
  if (!isTime || (isDate && !time.toISOString().startsWith(text))) {
    const years = `${YEARS.first} to ${YEARS.last}`
    throw new InvalidArgumentError(`It must be a day or a time from ${years}, such as 2026-11-01 or 2026-11-01T08:00:00Z.`)
  }
  if (isDate) return (zone) => startOfDay(time.getTime() / DAY_MS, zone)
  return (zone) => (ZONE.test(text) ? time : momentOf(time.getTime(), zone))
}

function zoneArgument(text: string): string {
  if (isTimeZone(text)) return text
  const meant = nearest(text, timeZoneNames())
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
  throw new InvalidArgumentError(`It must be the name of a time zone, such as UTC, Asia/Shanghai or America/New_York.${hint}`)
}

function typeArgument(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It must be the type of an event, such as message.received.')
}

function pathArgument(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It must name a field of the label, such as topic or plan.name.')
}
