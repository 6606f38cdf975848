import { hash } from 'node:crypto'
import type { LogRecord, Reason } from '../../../schemas/record.ts'

/** What a producer did with one message: it was first sent, sent again, or acknowledged. Written down before or after it is known. */
export type LedgerLine =
  | {
    readonly what: 'sent'
    readonly id: string
    /** `<tenant>/<kind>/<id>` that its record must be about. */
    readonly actor: string
    /** Of type and data, by `digestOf`. */
    readonly content: string
    /** Of the payload's bytes, by `digestOfBytes`. */
    readonly payload: string
    /** Why it must be rejected by any actor. */
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

export interface DeadMessage {
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
export interface DeadRow {
  readonly seq: number
  readonly actor: string
  readonly reason: string
}
export interface StayRow {
  readonly left_seq: number
  readonly state: string
  readonly actor: string
}

export type Many<T> = Iterable<T> | AsyncIterable<T>

/** All that a run left behind, each in its own order, when everything was level. */
export interface History {
  readonly ledger: Many<LedgerLine>
  readonly log: Many<LoggedRecord>
  readonly out: Many<OutMessage>
  readonly dead: Many<DeadMessage>
  /** By actor when its alarm in TIMERS goes off, epoch milliseconds. */
  readonly wakeUps: ReadonlyMap<string, number>
  /** Messages that wait in TASKS. */
  readonly tasksWaiting: number
  readonly tables: {
    /** By `seq` and `idx`. */
    readonly events: Many<EventRow>
    readonly actors: Many<ActorRow>
    readonly tasks: Many<TaskRow>
    readonly deadLetters: Many<DeadRow>
    readonly stays: Many<StayRow>
  }
  /** When it was read, epoch milliseconds of the machine that the timers went by. */
  readonly readAtMs: number
}

/** The same for equal JSON values, whatever the order of their fields. */
export const digestOf = (value: unknown): string => digestOfBytes(JSON.stringify(sorted(value)))

export const digestOfBytes = (bytes: Uint8Array | string): string => hash('sha1', bytes, 'base64url').slice(0, 16)

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]))
}
