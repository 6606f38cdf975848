import type { LogRecord, Started } from '../../schemas/record.ts'
import type { TaskMessage } from '../../schemas/internal-messages.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey, actorSubject, outSubject, taskSubject, type Address } from '../../schemas/subjects.ts'

/** A message that a record wants to be sent. Sent twice, it is the same message by its id; without one, by what it says. */
export interface Outgoing {
  readonly subject: string
  readonly payload: string
  readonly msgId?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The emitted events as CloudEvents, in the actor's order. */
export const eventsOf = (address: Address, record: LogRecord): Outgoing[] =>
  record.emitted.map((event, index) => ({
    subject: outSubject(address, event.type),
    msgId: event.id,
    payload: JSON.stringify({
      specversion: '1.0',
      id: event.id,
      type: event.type,
      source: sourceOf(address),
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
 * What the actor sends to others, in its order: inputs like any producer's. `sequence` goes on where that of the emitted events
 * ends, so that a repeat is recognised however late it comes. No message id: INBOX would drop it for a producer's message that
 * happens to have the same one.
 */
export const sentBy = (address: Address, record: LogRecord): Outgoing[] =>
  (record.sent ?? []).map(({ id, kind, actor, type, data }, index) => ({
    subject: actorSubject({ tenant: address.tenant, kind, id: actor }),
    payload: JSON.stringify({
      type, id, source: sourceOf(address), time: record.at,
      sequence: sequenceOf(record, record.emitted.length + index), causationid: record.input.id, ...carried(record), data,
    }),
  }))

const sourceOf = (address: Address): string => `colloquy/${actorKey(address)}`

/** Rises with everything that the actor says, so that it can be sent into another Colloquy as it is. */
const sequenceOf = (record: LogRecord, index: number): number => record.n * LIMITS.effectsMax + index

/** The tasks to run. */
export const tasksOf = (address: Address, record: LogRecord): Outgoing[] => record.started.map((started) => taskOf(address, record, started))

/** @param record the one that started it */
export function taskOf(address: Address, record: LogRecord, { run, task, input, deadlineAt }: Started): Outgoing {
  const message: TaskMessage = { run, task, startedAt: record.at, deadlineAt, input, ...carried(record) }
  return { subject: taskSubject(task, address), msgId: run, payload: JSON.stringify(message) }
}

const carried = ({ input }: LogRecord) => ({ correlationid: input.correlationid, traceparent: input.traceparent })

/** The runs whose results nobody waits for any more. */
export const abortedBy = (record: LogRecord): string[] =>
  record.ended.filter((end) => end.status === 'expired' || end.status === 'stopped').map((end) => end.run)
