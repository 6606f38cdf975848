import { z } from 'zod'
import type { ErrorCode } from './error-codes.ts'

/**
 * Why an input was rejected, in the order of the checks. Six reasons belong to dead letters that are not rejected inputs: `task_failed`,
 * `embed_failed` for a text that the embedding model cannot process, `bad_record` for a message of LOG that is no record, `row_refused`
 * for a row that ClickHouse does not take, `judge_failed` for an answer that an evaluator cannot judge, and `hook_failed` for an event that
 * a hook's URL did not take.
 */
export const REASONS = [
  'bad_subject',
  'too_large',
  'bad_json',
  'bad_envelope',
  'unknown_kind',
  'bad_data',
  'ended',
  'poison',
  'state_too_large',
  'task_failed',
  'embed_failed',
  'bad_record',
  'row_refused',
  'judge_failed',
  'hook_failed',
] as const satisfies readonly ErrorCode[]
export const reasonSchema = z.enum(REASONS)
export type Reason = z.infer<typeof reasonSchema>
