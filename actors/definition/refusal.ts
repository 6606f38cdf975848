import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError } from '../../schemas/errors.ts'

/**
 * The reasons why a kind cannot use a machine. All but the last few are found when the kind is defined. A fault that only a decision shows
 * rejects the input as `poison`, and the record's `error` begins with the same code. The reasons are error codes: docs/errors.md has the
 * remedy of each.
 */
export const REFUSAL_CODES = [
  /** `spawn` in `assign`: the child would be in no record and never run. */
  'spawn_in_assign',
  /** Actors that run beside the machine: no record would contain their effects. */
  'callback_actor',
  'observable_actor',
  'machine_actor',
  'transition_actor',
  'promise_actor',
  'inline_source',
  'unknown_source',
  'duplicate_invoke',
  'no_on_error',
  'on_snapshot',
  'system_id',
  'spawned_task',
  'bad_child_name',
  'send_to_other',
  'function_action',
  'unknown_action',
  'unknown_guard',
  'unknown_delay',
  'unknown_event',
  'always_cycle',
  'bad_state_name',
  'unknown_initial',
  'duplicate_state_id',
  'route',
  'context_not_json',
  'bad_context',
  /** Found at start, against what is registered and recorded. */
  'definition_changed',
  'missing_migration',
  'migration_failed',
  'task_gone',
  'state_gone',
  'kind_missing',
] as const satisfies readonly ErrorCode[]
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** One fault of a machine: its place, the problem, and what to write instead. */
export interface Refusal {
  readonly code: RefusalCode
  /** The state's path, dotted, or the name of the implementation; empty for the machine as a whole. */
  readonly where: string
  readonly what: string
  readonly instead: string
}

/** `<where>: <what>; <instead>`, one line. */
export const refusalText = ({ where, what, instead }: Refusal): string => `${where === '' ? '' : `${where}: `}${what}; ${instead}`

/** A refusal as an error. Thrown when a kind is defined, and when a decision finds a fault that the definition does not show. */
export const refusalError = (kind: string, refusal: Refusal): ColloquyError =>
  new ColloquyError(refusal.code, `kind "${kind}": ${refusalText(refusal)}`)
