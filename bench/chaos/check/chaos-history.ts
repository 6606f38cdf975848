import { hash } from 'node:crypto'
import type { LogRecord, Reason } from '../../../schemas/record.ts'

/** A producer's action with one message. A `sent` or `again` line is written before the copy is sent, `acknowledged` after the answer. */
export type LedgerLine =
  | {
      readonly what: 'sent'
      readonly id: string
      /** `<tenant>/<kind>/<id>` of the record that it must have. */
      readonly actor: string
      /** Of type and data, by `digestOf`. */
      readonly content: string
      /** Of the payload's bytes, by `digestOfBytes`. */
      readonly payload: string
      /** The reason for which any actor must reject it. */
      readonly rejected?: Reason
    }
  | { readonly what: 'again'; readonly id: string }
  | { readonly what: 'acknowledged'; readonly id: string; readonly position: number }

export interface LoggedRecord {
  readonly seq: number
  readonly partition: number
  readonly actor: string
  readonly record: LogRecord
}

export interface OutMessage {
  readonly actor: string
  readonly id: string
  readonly type: string
  readonly content: string
}

export interface DeadLetterMessage {
  readonly logSeq: number
  readonly reason: string
  readonly actor: string
  readonly payload: string
  /** Of a task that failed for good. */
  readonly run?: string | undefined
}

export interface EventRow {
  readonly seq: number
  readonly idx: number
  readonly actor: string
  readonly n: number
  readonly outcome: string
  readonly type: string
  readonly id: string
  readonly state_to: string
}
export interface ActorRow {
  readonly actor: string
  readonly n: number
  readonly last_seq: number
  readonly state: string
  readonly status: string
}
export interface TaskRow {
  readonly actor: string
  readonly run: string
  readonly name: string
  readonly status: string
}
export interface DeadLetterRow {
  readonly seq: number
  readonly actor: string
  readonly reason: string
}
export interface StateIntervalRow {
  readonly left_seq: number
  readonly state: string
  readonly actor: string
}

export type Many<T> = Iterable<T> | AsyncIterable<T>

/** Everything that a run left in ledger, streams and tables after all stages caught up, each in its own order. */
export interface History {
  readonly ledger: Many<LedgerLine>
  readonly log: Many<LoggedRecord>
  readonly out: Many<OutMessage>
  readonly dead: Many<DeadLetterMessage>
  /** By actor, when its wake-up in TIMERS fires; epoch milliseconds. */
  readonly wakeUps: ReadonlyMap<string, number>
  /** Messages in TASKS. */
  readonly tasksWaiting: number
  readonly tables: {
    /** Ordered by `seq` and `idx`. */
    readonly events: Many<EventRow>
    readonly actors: Many<ActorRow>
    readonly tasks: Many<TaskRow>
    readonly deadLetters: Many<DeadLetterRow>
    readonly stateIntervals: Many<StateIntervalRow>
  }
  /** When the history was read; epoch milliseconds of the machine that fires the timers. */
  readonly readAtMs: number
}

/** A digest of a JSON value that ignores the order of fields. */
export const digestOf = (value: unknown): string => digestOfBytes(JSON.stringify(sorted(value)))

export const digestOfBytes = (bytes: Uint8Array | string): string => hash('sha1', bytes, 'base64url').slice(0, 16)

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([key, one]) => [key, sorted(one)]))
}
