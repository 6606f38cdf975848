import { z } from 'zod'

/** Why an input was not committed, in the order in which it is checked. `task_failed` is a dead letter, not a rejection. */
export const REASONS = [
  'bad_subject', 'too_large', 'bad_json', 'bad_envelope', 'unknown_kind', 'bad_data', 'ended', 'poison', 'state_too_large',
  'task_failed',
] as const
export const reasonSchema = z.enum(REASONS)
export type Reason = z.infer<typeof reasonSchema>
