import type { LogRecord } from '../../schemas/record.ts'
import type { TaskMessage } from '../../schemas/internal.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey, actorSubject, internalSubject, outSubject, taskSubject, timerSubject, type Address } from '../../schemas/subjects.ts'

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
export const tasksOf = (address: Address, record: LogRecord): Outgoing[] =>
  record.started.map(({ run, task, input, deadlineAt }) => {
    const message: TaskMessage = { run, task, startedAt: record.at, deadlineAt, input, ...carried(record) }
    return { subject: taskSubject(task, address), msgId: run, payload: JSON.stringify(message) }
  })

/** The schedules to set: the machine's timers, and one deadline for each task. */
export const schedulesOf = (address: Address, record: LogRecord): Outgoing[] => [
  ...record.started.map(({ run, deadlineAt }) => schedule(address, record, 'task.expired', run, deadlineAt)),
  ...record.timers.map(({ run, at }) => schedule(address, record, 'timer.fired', run, at)),
]

function schedule(address: Address, record: LogRecord, type: 'task.expired' | 'timer.fired', run: string, at: string): Outgoing {
  return {
    subject: timerSubject(address, run),
    msgId: run,
    payload: JSON.stringify({ type, run, ...carried(record) }),
    headers: { 'Nats-Schedule': `@at ${at}`, 'Nats-Schedule-Target': internalSubject(address) },
  }
}

const carried = ({ input }: LogRecord) => ({ correlationid: input.correlationid, traceparent: input.traceparent })

/** The schedules that are no longer wanted: of timers that were stopped, and of tasks that were settled before their deadline. */
export function unscheduledBy(address: Address, record: LogRecord): string[] {
  const fired = new Set(record.ended.filter((end) => end.status === 'expired').map((end) => end.run))
  const over = new Set([...record.stopped, ...record.ended.map((end) => end.run)])
  return [...over.difference(fired)].map((run) => timerSubject(address, run))
}

/** The runs whose results nobody waits for any more. */
export const abortedBy = (record: LogRecord): string[] =>
  record.ended.filter((end) => end.status === 'expired' || end.status === 'stopped').map((end) => end.run)
