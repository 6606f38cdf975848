import { type Command, InvalidArgumentError, Option } from 'commander'
import ms, { type StringValue } from 'ms'
import type { DeadLetterFilter } from '../../../pipeline/dead-letters/dead-letters.ts'
import { REASONS } from '../../../schemas/reasons.ts'
import { UTC } from '../../reporting/questions/ask-question.ts'
import { tokenArgument } from '../arguments.ts'
import { timeArgument } from '../period-flags.ts'

export interface FilterOptions {
  readonly reason?: string
  readonly tenant?: string
  readonly kind?: string
  readonly actor?: string
  readonly type?: string
  readonly older?: Date
  readonly newer?: Date
}

/** Parses a time, or an age such as `90m` or `7d` as the time that long ago. */
function timeOrAgeArgument(text: string): Date {
  if (!/^\d+(\.\d+)?\s*[a-z]+$/i.test(text)) return timeArgument(text)(UTC)
  const age = ms(text as StringValue)
  if (Number.isFinite(age) && age >= 0) return new Date(Date.now() - age)
  throw new InvalidArgumentError('It must be an age such as 90s, 30m, 12h or 7d, or a time such as 2026-11-01T08:00:00Z.')
}

/** Adds the flags that choose dead letters. */
export const addFilterFlags = (command: Command): Command =>
  command
    .addOption(new Option('--reason <reason>', 'only those rejected for this reason').choices(REASONS))
    .option('--tenant <tenant>', 'only those of this tenant', tokenArgument)
    .option('--kind <kind>', 'only those of actors of this kind', tokenArgument)
    .option('--actor <id>', 'only those of actors with this id', tokenArgument)
    .option('--type <type>', 'only inputs of this type, where the type could be read')
    .option('--older <age>', 'only those rejected longer ago than this (7d), or before this time', timeOrAgeArgument)
    .option('--newer <age>', 'only those rejected within this age, or since this time', timeOrAgeArgument)

export const filterOf = ({ older, newer, ...same }: FilterOptions): DeadLetterFilter => ({
  reason: same.reason,
  tenant: same.tenant,
  kind: same.kind,
  actor: same.actor,
  type: same.type,
  before: older?.toISOString(),
  since: newer?.toISOString(),
})

export const isFiltered = (filter: DeadLetterFilter): boolean => Object.values(filter).some((value) => value !== undefined)
