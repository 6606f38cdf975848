import { type Command, InvalidArgumentError } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Scope } from '../reporting/questions/ask-question.ts'
import { tokenArgument } from './arguments.ts'

const DAY_MS = 24 * 3_600_000
const DAYS_DEFAULT = 30

export interface PeriodOptions {
  readonly tenant: string
  readonly from?: Date
  readonly to?: Date
  /** Database to query. Default: the one with the live tables. */
  readonly database?: string
}

/** Adds the flags for tenant and period. */
export const addPeriodFlags = (command: Command): Command =>
  command
    .option('--tenant <tenant>', 'tenant of the conversations', tokenArgument, 'default')
    .option('--database <name>', 'query this database instead, such as one that "colloquy rebuild --into" made, for the answers as of then')
    .option(
      '--from <time>',
      `start: 2026-11-01 or 2026-11-01T08:00:00Z; UTC without a zone (default: ${DAYS_DEFAULT} days before --to)`,
      timeArgument,
    )
    .option('--to <time>', 'end, exclusive (default: now)', timeArgument)

/** @throws ColloquyError `bad_period` if the end is not after the start */
export function scopeOf({ tenant, from, to }: PeriodOptions, now: Date): Scope {
  const end = to ?? now
  const start = from ?? new Date(end.getTime() - DAYS_DEFAULT * DAY_MS)
  if (start >= end) {
    throw new ColloquyError('bad_period', `--from is ${start.toISOString()}, and --to ${end.toISOString()} is not after it`)
  }
  return { tenant, from: start, to: end }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/
const ZONE = /(Z|[+-]\d{2}:\d{2})$/
/** Range of years for which the tables can store a time and an input may have one. */
const YEARS = { first: 1970, last: 2100 }

export function timeArgument(given: string): Date {
  // As in RFC 3339, the letters may be small.
  const text = given.toUpperCase()
  const zoned = DATE.test(text) ? `${text}T00:00:00Z` : ZONE.test(text) ? text : `${text}Z`
  const time = new Date(DATE.test(text) || TIME.test(text) ? zoned : NaN)
  const isTime = !Number.isNaN(time.getTime()) && time.getUTCFullYear() >= YEARS.first && time.getUTCFullYear() <= YEARS.last
  // JavaScript turns February 30 into a day of March, so the day must come back unchanged.
  if (!isTime || (DATE.test(text) && !time.toISOString().startsWith(text))) {
    const years = `${YEARS.first} to ${YEARS.last}`
    throw new InvalidArgumentError(`It must be a day or a time from ${years}, such as 2026-11-01 or 2026-11-01T08:00:00Z.`)
  }
  return time
}
