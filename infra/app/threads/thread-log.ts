import type { Logger } from 'pino'
import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'

const lineSchema = z.looseObject({ level: z.number(), msg: z.string().default(''), time: z.number().optional() })

/** Pino's levels, by number. */
const LEVELS = [[60, 'fatal'], [50, 'error'], [40, 'warn'], [30, 'info'], [20, 'debug']] as const

/** Writes a line of another thread's log into this one's, in the style of this one. */
export function relog(log: Logger, line: string): void {
  const read = lineSchema.safeParse(parseJson(line))
  if (!read.success) return log.warn({ line }, 'a line of a thread\'s log cannot be read')
  const { level, msg, time: _time, ...rest } = read.data
  const name = LEVELS.find(([least]) => level >= least)?.[1] ?? 'trace'
  log[name](rest, msg)
}
