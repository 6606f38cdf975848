import { hash } from 'node:crypto'
import type { TaskMessage } from '../../schemas/internal-messages.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { PublicRecord, Started, TaskEnd } from '../../schemas/record.ts'
import { actorSource, actorSubject, type Address, outSubject, taskSubject } from '../../schemas/subjects.ts'

/** A message that the dispatcher publishes for a record. `msgId` lets JetStream drop a duplicate; without it the receiver detects it. */
export interface Outgoing {
  readonly subject: string
  readonly payload: string
  readonly msgId?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The emitted events of a record as CloudEvents, in order. */
export const eventsOf = (address: Address, record: PublicRecord): Outgoing[] =>
  record.emitted.map((event, index) => ({
    subject: outSubject(address, event.type),
    msgId: event.id,
    payload: JSON.stringify({
      specversion: '1.0',
      id: event.id,
      type: event.type,
      source: actorSource(address),
      time: record.at,
      datacontenttype: 'application/json',
      sequence: String(sequenceOf(record, index)),
      causationid: record.input.id,
      correlationid: record.input.correlationid,
      traceparent: record.input.traceparent,
      position: record.inbox.seq,
      data: event.data,
    }),
  }))

/**
 * The messages of a record to other actors, in order. They are inputs like those of producers. Their `sequence` continues after the emitted
 * events, so that the receiver detects a duplicate, as long as it remembers the sender.
 *
 * @param salt of the record. With it, the messages have ids by which SENT drops what is published twice. The ids cannot be guessed: INBOX
 * would drop a message whose id a producer happens to have used, or uses on purpose. Without it they have none
 */
export const sentBy = (address: Address, record: PublicRecord, salt?: string): Outgoing[] =>
  (record.sent ?? []).map(({ id, kind, actor, type, data, causationid, follow }, index) => ({
    subject: actorSubject({ tenant: address.tenant, kind, id: actor }),
    ...(salt !== undefined && { msgId: hash('sha256', `${salt} ${index}`, 'base64url') }),
    payload: JSON.stringify({
      type,
      id,
      source: actorSource(address),
      time: record.at,
      sequence: sequenceOf(record, record.emitted.length + index),
      causationid: causationid ?? record.input.id,
      ...contextOf(record),
      follow,
      data,
    }),
  }))

/** Rises with every message of an actor, so that another Colloquy can take the message as an input without change. */
const sequenceOf = (record: PublicRecord, index: number): number => record.n * LIMITS.effectsMax + index

/** A record with its place in LOG. */
export interface PlacedRecord {
  readonly seq: number
  readonly record: PublicRecord
}

/** The tasks that a record starts. */
export const tasksOf = (address: Address, placed: PlacedRecord): Outgoing[] =>
  placed.record.started.map((started) => taskOf(address, placed, started))

/** The message of one task. @param placed the record that started the task. */
export function taskOf(address: Address, { seq, record }: PlacedRecord, { run, task, input, deadlineAt }: Started): Outgoing {
  const message: TaskMessage = { run, task, seq, startedAt: record.at, deadlineAt, input, ...contextOf(record) }
  return { subject: taskSubject(task, address), msgId: run, payload: JSON.stringify(message) }
}

/** Correlation and trace context, which a message takes over from the input that caused it. */
const contextOf = ({ input }: PublicRecord) => ({ correlationid: input.correlationid, traceparent: input.traceparent })

/** The runs whose results are no longer needed: their task expired, or the machine left the state that invoked it. */
export const abortedBy = (record: PublicRecord): string[] =>
  record.ended.filter((end) => end.status === 'expired' || end.status === 'stopped').map((end) => end.run)

/** The runs that the machine stopped, which may still wait in TASKS. One that has expired is dropped when its turn comes. */
export const stoppedBy = (record: PublicRecord): TaskEnd[] => record.ended.filter(({ status }) => status === 'stopped')
