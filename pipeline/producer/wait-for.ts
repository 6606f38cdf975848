import type { NatsConnection } from '@nats-io/transport-node'
import { duplicateBy } from '../../actors/core/deduplication.ts'
import { isRefusal, readInput } from '../../actors/core/read-input.ts'
import { type Address, logSubject, partitionOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, lastRecord } from '../jetstream/last-record.ts'
import { pollUntil, shared } from '../runtime/poll-until.ts'

/** The states that a producer can wait for: its input is decided, its events are on OUT, its rows are in the tables. */
export const WAITS = ['actor', 'out', 'tables'] as const
export type Wait = (typeof WAITS)[number]

/** The decision of an actor about an input; `repeat` if it had the input before. */
export interface Handled {
  readonly outcome: 'committed' | 'rejected' | 'repeat'
  readonly reason?: string | undefined
  readonly error?: string | undefined
}

/** The dependencies of `createWaitFor`. */
export interface WaitDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  /** LOG sequence up to which the events of a partition have been sent. */
  readonly dispatchedSeq: (partition: number) => Promise<number>
  /** LOG sequence up to which the tables are complete. */
  readonly projectedSeq: () => Promise<number>
}

/** Waits for the inputs of one actor. Create it before publishing, so that it does not miss the record. */
export interface ActorWait {
  /**
   * Waits for a stored input.
   *
   * @param stored INBOX position and payload of the input.
   * @throws the reason of the signal.
   */
  until(wait: Wait, stored: { position: number; payload: Uint8Array }, signal: AbortSignal): Promise<Handled>
  stop(): void
}

/** Creates a function that starts to wait for the inputs of an actor. */
export function createWaitFor({ jetstream, partitionCount, ...progress }: WaitDeps): (address: Address) => ActorWait {
  const projectedSeq = shared(progress.projectedSeq)
  return (address) => {
    const partition = partitionOf(address, partitionCount)
    const subject = logSubject(partition, address)
    const appends = listen(jetstream.nc, subject)
    return {
      async until(wait, { position, payload }, signal) {
        const find = (): Promise<Decision | undefined> => decisionAt(jetstream, subject, position, payload)
        const { logSeq, ...handled } = await pollUntil(find, { signal, hint: appends.next })
        if (wait === 'out') await pollUntil(async () => (await progress.dispatchedSeq(partition)) >= logSeq || undefined, { signal })
        if (wait === 'tables') await pollUntil(async () => (await projectedSeq()) >= logSeq || undefined, { signal })
        return handled
      },
      stop: appends.stop,
    }
  }
}

interface Decision extends Handled {
  /** LOG sequence of its record; for a repeat, of a record after that of the first input. */
  readonly logSeq: number
}

/**
 * The decision about the input at an INBOX position; `undefined` while LOG does not have it. It follows from the record of the input, from
 * a record of a later input, or from the deduplication state in the last record of the actor.
 */
async function decisionAt(
  jetstream: JetStreamContext,
  subject: string,
  position: number,
  payload: Uint8Array,
): Promise<Decision | undefined> {
  const last = await lastRecord(jetstream, subject)
  if (last === undefined) return undefined
  if (last.record.inbox.seq < position) {
    const input = readInput({ seq: position, ts: last.record.at, payload })
    if (isRefusal(input) || duplicateBy(last.record.seen, input) === undefined) return undefined
    return { outcome: 'repeat', logSeq: last.seq }
  }
  const own = await findRecord(jetstream, subject, last, ({ inbox }) => inbox.seq - position)
  if (own === undefined) return { outcome: 'repeat', logSeq: last.seq }
  const { outcome, reason, error } = own.record
  return { outcome, reason, error, logSeq: own.seq }
}

/** Appends to LOG, seen through core NATS. Each is only a hint, because LOG may refuse a message that was sent to it. */
function listen(nc: NatsConnection, subject: string): { next(): Promise<void>; stop(): void } {
  let append = Promise.withResolvers<void>()
  const subscription = nc.subscribe(subject, {
    callback: () => {
      append.resolve()
      append = Promise.withResolvers()
    },
  })
  return { next: () => append.promise, stop: () => subscription.unsubscribe() }
}
