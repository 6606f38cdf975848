import type { NatsConnection } from '@nats-io/transport-node'
import { isRefusal, readInput } from '../../actors/core/read-input.ts'
import { duplicateBy } from '../../actors/core/deduplication.ts'
import { logSubject, partitionOf, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRecord, lastRecord } from '../jetstream/last-record.ts'
import { shared, pollUntil } from '../runtime/poll-until.ts'

/** How far a producer wants its input to be before it gets its answer, in the order in which it gets there. */
export const WAITS = ['actor', 'out', 'tables'] as const
export type Wait = (typeof WAITS)[number]

/** What became of an input in its actor. */
export interface Handled {
  readonly outcome: 'committed' | 'rejected' | 'repeat'
  readonly reason?: string | undefined
  readonly error?: string | undefined
}

export interface WaitDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  /** LOG sequence up to which a partition's records are carried out. */
  readonly dispatchedSeq: (partition: number) => Promise<number>
  /** LOG sequence up to which records are in the tables. */
  readonly projectedSeq: () => Promise<number>
}

/** Waits for one actor's inputs. Begun before the input is published, so that its record cannot be missed. */
export interface ActorWait {
  /** @throws the signal's reason where it aborts first. */
  until(wait: Wait, stored: { position: number; payload: Uint8Array }, signal: AbortSignal): Promise<Handled>
  stop(): void
}

export function createWaits({ jetstream, partitionCount, ...levels }: WaitDeps): (address: Address) => ActorWait {
  const projectedSeq = shared(levels.projectedSeq)
  return (address) => {
    const partition = partitionOf(address, partitionCount)
    const subject = logSubject(partition, address)
    const appends = listen(jetstream.nc, subject)
    return {
      async until(wait, { position, payload }, signal) {
        const ask = (): Promise<Settled | undefined> => settledAt(jetstream, subject, position, payload)
        const { logSeq, ...handled } = await pollUntil(ask, { signal, hint: appends.next })
        if (wait === 'out') await pollUntil(async () => await levels.dispatchedSeq(partition) >= logSeq || undefined, { signal })
        if (wait === 'tables') await pollUntil(async () => await projectedSeq() >= logSeq || undefined, { signal })
        return handled
      },
      stop: appends.stop,
    }
  }
}

interface Settled extends Handled {
  /** LOG sequence of its record; of a repeat, of one that has what it repeats behind it. */
  readonly logSeq: number
}

/**
 * What became of the input at a position, once the log can tell: by its record, by that of a later input, or by the memory that
 * the actor's last record has of its like.
 */
async function settledAt(jetstream: JetStreamContext, subject: string, position: number, payload: Uint8Array): Promise<Settled | undefined> {
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

/** Appends as core NATS shows them: only a hint, since LOG may yet refuse what was sent to it. */
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
