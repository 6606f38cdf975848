import type { LogRecord, ResolvedDeadLetter } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/subjects.ts'
import type { Actor } from './actor.ts'
import type { Delivery } from './read-input.ts'

/** A message, with the facts that its subject states. */
export interface Message extends Delivery {
  /** The subject it was published to. */
  readonly subject: string
  readonly origin: Origin
  readonly addressable: boolean
  /** The header `Colloquy-Letter`, on a message that resolves a dead letter. */
  readonly resolution?: string | undefined
}

/** The time of a decision, and its place in LOG. Everything else follows from the actor and the message. */
export interface DecisionContext {
  /** ISO 8601 with milliseconds. */
  readonly now: string
  readonly low: number
  /**
   * LOG sequence of the actor's last record, 0 before the first. Default: unknown; the record then does not say which record entered its
   * states.
   */
  readonly lastSeq?: number
  /** What the input did to the hosts that decided it before. It is then rejected as `poison`, and the code of its kind does not run. */
  readonly hostEnds?: string | undefined
  /** Default: none, and the record has form 1. */
  readonly chain?: Chain | undefined
}

/** What ties a record of form 2 to the actor's record before it. Nothing is decided by it. */
export interface Chain {
  /** The field `prev`: the hash of the actor's last record; `undefined` before the first. */
  readonly prev: string | undefined
  /** The field `salt`. */
  readonly salt: string
}

/** One message to one actor, at one time. */
export interface DecisionInput {
  readonly actor: Actor
  readonly message: Message
  readonly at: string
  readonly low: number
  /** LOG sequence of the actor's last record, 0 before the first; undefined where unknown. */
  readonly lastSeq?: number | undefined
  /** As in `DecisionContext`. */
  readonly hostEnds?: string | undefined
  /** As in `DecisionContext`. */
  readonly chain?: Chain | undefined
  /** The run that expired, where the message is a wake-up. */
  readonly expiredRun?: string | undefined
  /** The dead letter that the message resolves. */
  readonly resolvedDeadLetter?: ResolvedDeadLetter | undefined
}

/** The beginning of the ids that a decision gives: that of its message in INBOX, which no other decision has. */
export const idBase = ({ message }: Pick<DecisionInput, 'message'>): string =>
  `${message.seq.toString(36)}-${Date.parse(message.ts).toString(36)}`

/**
 * A record to append after the actor's last one. `next` is the actor after the append; undefined where the caller has to load it from the
 * record.
 */
export interface PendingRecord {
  readonly kind: 'record'
  readonly record: LogRecord
  readonly encoded: Uint8Array
  readonly next: Actor | undefined
}

/**
 * The outcome of one message at one actor.
 *
 * `duplicate` and `ignored` append nothing. `record` has the record to append. `threw` occurs only on an actor that has been in memory for
 * a while: load the actor from its last record and decide again. The second decision then rejects the input with the error of the machine.
 */
export type Decision =
  | { readonly kind: 'duplicate'; readonly by: 'position' | 'id' | 'sequence' }
  | { readonly kind: 'ignored'; readonly why: 'no_such_run' | 'no_such_actor' | 'nothing_expired' | 'not_internal' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | PendingRecord
