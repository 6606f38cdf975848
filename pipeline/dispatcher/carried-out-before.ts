import { internalSchema, taskMessageSchema } from '../../schemas/internal-messages.ts'
import { parseJson } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { type Address, internalInboxSubject, outSubjectsOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { storedSince, streamInfo } from '../jetstream/stream-info.ts'
import { eventsOf, type Outgoing, type PlacedRecord, tasksOf } from './outgoing-messages.ts'

/** Events and tasks of a record that are to be published. */
export interface Effects {
  readonly events: readonly Outgoing[]
  readonly tasks: readonly Outgoing[]
}

/**
 * Leaves out the effects that were carried out before. JetStream recognises a message id for the duplicate window only; later, the streams
 * themselves are asked. A record is carried out again after a crash and a long break, and an input whose record LOG has lost is decided
 * again, with the same ids.
 */
export interface CarriedOutBefore {
  /** Whether JetStream recognises all that can have been published for the record's input. */
  isRecent(record: PublicRecord): boolean
  /** The events that OUT does not have, and the tasks that TASKS does not have and that have no outcome in INBOX. */
  effectsLeft(address: Address, placed: PlacedRecord): Promise<Effects>
}

/** Share of the duplicate window that is relied on: the rest is for the way to the stream, and for clocks that differ. */
const WINDOW_SHARE = 0.75
const NANOS_PER_MS = 1_000_000

/** @param now milliseconds since 1970 */
export async function createCarriedOutBefore(jetstream: JetStreamContext, now: () => number): Promise<CarriedOutBefore> {
  const { config } = await streamInfo(jetstream.jsm, 'OUT')
  const recentMs = (config.duplicate_window / NANOS_PER_MS) * WINDOW_SHARE
  return {
    isRecent: ({ inbox }) => now() - Date.parse(inbox.ts) < recentMs,
    effectsLeft: async (address, placed) => ({
      events: await eventsLeft(jetstream, address, placed.record),
      tasks: await tasksLeft(jetstream, address, placed),
    }),
  }
}

async function eventsLeft({ jsm }: JetStreamContext, address: Address, record: PublicRecord): Promise<readonly Outgoing[]> {
  const events = eventsOf(address, record)
  if (events.length === 0) return events
  const subjects = outSubjectsOf(address)
  // OUT has an actor's events in the order of their `sequence`. Usually the last one is of an earlier record.
  const last = await jsm.direct.getMessage('OUT', { last_by_subj: subjects })
  if (last === null || Number(last.json<{ sequence: string }>().sequence) < record.n * LIMITS.effectsMax) return events
  const left = new Map(events.map((event) => [event.msgId, event]))
  for await (const { header } of storedSince(jsm, 'OUT', subjects, record.inbox.ts)) {
    left.delete(header.get('Nats-Msg-Id'))
    if (left.size === 0) break
  }
  return [...left.values()]
}

async function tasksLeft({ jsm }: JetStreamContext, address: Address, placed: PlacedRecord): Promise<readonly Outgoing[]> {
  const { record } = placed
  const left = new Map(tasksOf(address, placed).map((task) => [task.msgId, task]))
  for (const { subject } of left.values()) {
    for await (const queued of storedSince(jsm, 'TASKS', subject, record.inbox.ts)) {
      left.delete(taskMessageSchema.safeParse(parseJson(queued.string())).data?.run)
    }
  }
  if (left.size === 0) return []
  for await (const message of storedSince(jsm, 'INBOX', internalInboxSubject(address), record.inbox.ts)) {
    const outcome = internalSchema.safeParse(parseJson(message.string())).data
    if (outcome?.type === 'task.done' || outcome?.type === 'task.failed') left.delete(outcome.run)
    if (left.size === 0) break
  }
  return [...left.values()]
}
