import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Scope } from '../reporting/questions/ask-question.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { tokenArgument } from './arguments.ts'

const DAY_MS = 24 * 3_600_000
const DAYS_DEFAULT = 30

export interface PeriodOptions {
  readonly tenant: string
  readonly from?: Date
  readonly to?: Date
  /** Not the one of the tables that count. */
  readonly database?: string
}

/** Which tenant and period a command is about. */
export const addPeriodFlags = (command: Command): Command => command
  .addOption(new Option('--tenant <tenant>', 'whose conversations').argParser(tokenArgument).default('default'))
  .option('--database <name>', 'ask the tables in this database, such as one that "colloquy rebuild --into" made: the answers as of then')
  .addOption(new Option('--from <time>', `first moment, as 2026-11-01 or 2026-11-01T08:00:00Z, UTC unless it says otherwise (default: ${DAYS_DEFAULT} days before --to)`).argParser(timeArgument))
  .addOption(new Option('--to <time>', 'the moment after the last (default: now)').argParser(timeArgument))

/** @throws ColloquyError `bad_period` where it ends before it begins */
export function scopeOf({ tenant, from, to }: PeriodOptions, now: Date): Scope {
  const end = to ?? now
  const begin = from ?? new Date(end.getTime() - DAYS_DEFAULT * DAY_MS)
  if (begin >= end) {
    throw new ColloquyError('bad_period', `--from is ${begin.toISOString()}, and --to ${end.toISOString()} is not after it`)
  }
  return { tenant, from: begin, to: end }
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/
const ZONE = /(Z|[+-]\d{2}:\d{2})$/
/** What the tables' times can hold, and our inputs may be of. */
const YEARS = { first: 1970, last: 2100 }

export function timeArgument(text: string): Date {
  const zoned = DATE.test(text) ? `${text}T00:00:00Z` : ZONE.test(text) ? text : `${text}Z`
  const time = new Date(DATE.test(text) || TIME.test(text) ? zoned : NaN)
  const isTime = !Number.isNaN(time.getTime()) && time.getUTCFullYear() >= YEARS.first && time.getUTCFullYear() <= YEARS.last
  // JavaScript takes a day that a month does not have for one of the next month.
  if (!isTime || (DATE.test(text) && !time.toISOString().startsWith(text))) {
    throw new InvalidArgumentError(`It must be a day or a time from ${YEARS.first} to ${YEARS.last}, such as 2026-11-01 or 2026-11-01T08:00:00Z.`)
  }
  return time
}
