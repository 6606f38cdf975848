import type { LogRecord, ResolvedDeadLetter } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/subjects.ts'
import type { Actor } from './actor.ts'
import type { Delivery } from './read-input.ts'

/** A message with what its subject says about it. */
export interface Message extends Delivery {
  /** As it was published. */
  readonly subject: string
  readonly origin: Origin
  readonly addressable: boolean
  /** Of one that is about a dead letter: the header that says so. */
  readonly resolution?: string | undefined
}

/** Where and when a decision is made; the rest of it follows from the actor and the message. */
export interface DecisionContext {
  /** ISO, milliseconds. */
  readonly now: string
  readonly low: number
  /** LOG sequence of the actor's last record, 0 before the first. Where it is left out, the record does not say since when things stand. */
  readonly lastSeq?: number
}

/** One message at one actor, at one time. */
export interface DecisionInput {
  readonly actor: Actor
  readonly message: Message
  readonly at: string
  readonly low: number
  /** LOG sequence of the actor's last record, 0 before the first; absent where nobody knows it. */
  readonly lastSeq?: number | undefined
  /** The run that the message, an alarm, was found to be about. */
  readonly expiredRun?: string | undefined
  /** The dead letter that the message puts an end to. */
  readonly resolvedDeadLetter?: ResolvedDeadLetter | undefined
}

/** A record to append after the actor's last one. `next` is the actor once it is, or absent where it has to be loaded anew. */
export interface PendingRecord {
  readonly kind: 'record'
  readonly record: LogRecord
  readonly encoded: Uint8Array
  readonly next: Actor | undefined
}

/**
 * What one message does to one actor. `repeat` and `ignored` leave no trace in the log. `record` is to be appended. `threw`
 * comes back from an actor that has been live for a while: decide again on one fresh from the log, and it will not.
 */
export type Decision =
  | { readonly kind: 'duplicate'; readonly by: 'position' | 'id' | 'sequence' }
  | { readonly kind: 'ignored'; readonly why: 'no_such_run' | 'nothing_expired' | 'not_internal' }
  | { readonly kind: 'threw'; readonly error: unknown }
  | PendingRecord
