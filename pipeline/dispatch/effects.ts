import type { LogRecord } from '../../schemas/record.ts'
import type { TaskMessage } from '../../schemas/internal.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { internalSubject, outSubject, taskSubject, timerSubject, type Address } from '../../schemas/subjects.ts'

/** A message that a record wants to be sent. Sent twice, it is the same message by its id. */
export interface Outgoing {
  readonly subject: string
  readonly payload: string
  readonly msgId: string
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
      source: `colloquy/${address.tenant}/${address.kind}/${address.id}`,
      time: record.at,
      datacontenttype: 'application/json',
      // Rises with every event of the actor, so that it can be sent into another Colloquy as it is.
      sequence: String(record.n * LIMITS.effectsMax + index),
      causationid: record.input.id,
      correlationid: record.input.correlationid,
      traceparent: record.input.traceparent,
      position: record.inbox.seq,
      data: event.data,
    }),
  }))

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
