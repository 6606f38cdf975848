import { LRUCache } from 'lru-cache'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { type Address, logSubject, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { type ReadFrom, subjectEnd, subjectEndDirect } from '../jetstream/last-record.ts'
import { recordHash } from './record-chain.ts'

/** An actor in memory, with its position in the log. */
export interface CachedActor {
  readonly actor: Actor
  /** LOG sequence of its last record; 0 before the first. */
  readonly lastSeq: number
  /** What an append must name as the last sequence of its subject; `lastSeq`, unless something else than a record follows it. */
  readonly expectedSeq: number
  /** Hash of its last record; `undefined` before the first. */
  readonly lastHash: string | undefined
}

/** One per actor in memory: its queued messages, and the actor once it is loaded. */
export interface Mailbox<Message> {
  readonly subject: string
  readonly address: Address
  readonly waiting: Message[]
  cached: CachedActor | undefined
}

/**
 * The actors in memory. Actors with queued messages stay; a bounded number of idle ones is kept, and the longest idle is evicted first. An
 * actor never has two mailboxes, so its messages stay in order.
 */
export interface ActorCache<Message> {
  /** The mailbox of an actor, and whether it was idle: the caller then starts to work on it. */
  claim(partition: number, address: Address): { mailbox: Mailbox<Message>; idle: boolean }
  /** Returns a mailbox whose messages are all done. */
  release(mailbox: Mailbox<Message>): void
  /** Drops all actors of these partitions; their next owner loads them from the log. */
  evict(partitions: ReadonlySet<number>): void
  readonly size: number
}

export function createActorCache<Message>(idleMax: number): ActorCache<Message> {
  const busy = new Map<string, Mailbox<Message>>()
  const idle = new LRUCache<string, Mailbox<Message>>({ max: idleMax })
  return {
    claim(partition, address) {
      const subject = logSubject(partition, address)
      const working = busy.get(subject)
      if (working !== undefined) return { mailbox: working, idle: false }
      const mailbox = idle.get(subject) ?? { subject, address, waiting: [], cached: undefined }
      idle.delete(subject)
      busy.set(subject, mailbox)
      return { mailbox, idle: true }
    },
    release(mailbox) {
      if (busy.get(mailbox.subject) !== mailbox) return
      busy.delete(mailbox.subject)
      if (mailbox.cached !== undefined) idle.set(mailbox.subject, mailbox)
    },
    evict(partitions) {
      for (const mailboxes of [busy, idle]) {
        for (const subject of [...mailboxes.keys()]) if (partitions.has(parseLogSubject(subject).partition)) mailboxes.delete(subject)
      }
    },
    get size() {
      return busy.size + idle.size
    },
  }
}

/**
 * Loads an actor from its last record in one round trip. Any replica may answer the first load: an append on an outdated record is refused,
 * and the load after a refusal asks the leader.
 */
export async function loadActor(jetstream: JetStreamContext, subject: string, address: Address, from: ReadFrom): Promise<CachedActor> {
  const { record: last, expectedSeq } = await (from === 'leader' ? subjectEnd(jetstream, subject) : subjectEndDirect(jetstream, subject))
  const actor = last === undefined ? newActor(address) : actorAfter(address, last.record)
  return { actor, lastSeq: last?.seq ?? 0, expectedSeq, lastHash: last && recordHash(last.data) }
}
