import type { Logger } from 'pino'
import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'

const lineSchema = z.looseObject({ level: z.number(), msg: z.string().default(''), time: z.number().optional() })

/** Pino's levels: lowest number and name. */
const LEVELS = [[60, 'fatal'], [50, 'error'], [40, 'warn'], [30, 'info'], [20, 'debug']] as const

/** Writes a line from another thread's log to this thread's log, in its style. */
export function relog(log: Logger, line: string): void {
  const read = lineSchema.safeParse(parseJson(line))
  if (!read.success) return log.warn({ line }, 'cannot parse a line of a thread\'s log')
  const { level, msg, time: _time, ...rest } = read.data
  const name = LEVELS.find(([lowest]) => level >= lowest)?.[1] ?? 'trace'
  log[name](rest, msg)
}
