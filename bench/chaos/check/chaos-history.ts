import { hash } from 'node:crypto'
import type { LogRecord, Reason } from '../../../schemas/record.ts'

/** A producer's action with one message. It writes `sent` or `again` before it sends a copy, and `acknowledged` after the answer. */
export type LedgerLine =
  | {
      readonly what: 'sent'
      readonly id: string
      /** The actor that must record it, as `<tenant>/<kind>/<id>`. */
      readonly actor: string
      /** Digest of type and data, by `digestOf`. */
      readonly content: string
      /** Digest of the payload's bytes, by `digestOfBytes`. */
      readonly payload: string
      /** The reason with which every actor must reject it; absent for a valid message. */
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

/** A message in LOG that is no record. */
export interface UnreadableMessage {
  readonly seq: number
  /** Digest of its payload. */
  readonly payload: string
  /** A fault has put it there, as its header says. */
  readonly isInjected: boolean
}

/** Finds the table of points of each search index. */
export const POINT_TABLES =
  "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'memory_') AND engine = 'MergeTree'"

/** Marks messages that a fault puts into LOG. */
export const POLLUTED_HEADER = 'Chaos-Polluted'

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
  /** The run, if the dead letter is a task that failed for good. */
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

/** A text in the search index: its actor, and the id of its message. */
export interface IndexedText {
  readonly actor: string
  readonly id: string
}

export type Many<T> = Iterable<T> | AsyncIterable<T>

/** The contents of ledger, streams and tables after a run, read when all stages have caught up. Each is in its own order. */
export interface History {
  readonly ledger: Many<LedgerLine>
  readonly log: Many<LoggedRecord | UnreadableMessage>
  readonly out: Many<OutMessage>
  readonly dead: Many<DeadLetterMessage>
  /** Time at which each actor's wake-up in TIMERS fires, by actor; epoch milliseconds. */
  readonly wakeUps: ReadonlyMap<string, number>
  /** Number of messages in TASKS. */
  readonly tasksWaiting: number
  readonly tables: {
    /** Ordered by `seq` and `idx`. */
    readonly events: Many<EventRow>
    readonly actors: Many<ActorRow>
    readonly tasks: Many<TaskRow>
    readonly deadLetters: Many<DeadLetterRow>
    readonly stateIntervals: Many<StateIntervalRow>
  }
  /** Texts of the search index, each at least once. */
  readonly indexed: Many<IndexedText>
  /** Time at which the history was read; epoch milliseconds by the clock of the machine that fires the timers. */
  readonly readAtMs: number
}

/** A digest of a JSON value. It does not depend on the order of fields. */
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
