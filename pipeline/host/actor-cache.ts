import { LRUCache } from 'lru-cache'
import { type Actor, actorAfter, newActor } from '../../actors/core/actor.ts'
import { type Address, logSubject, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, lastRecordDirect, type ReadFrom } from '../jetstream/last-record.ts'

/** An actor in memory, with its place in the log. */
export interface CachedActor {
  readonly actor: Actor
  /** LOG sequence of its last record; 0 before the first. */
  readonly lastSeq: number
}

/** One place in memory per actor: the messages that wait for it, and the actor once it is loaded. */
export interface Mailbox<Message> {
  readonly subject: string
  readonly address: Address
  readonly waiting: Message[]
  live: CachedActor | undefined
}

/**
 * The actors in memory. One that has work stays; of the idle ones a bounded number is kept, and the longest idle is
 * forgotten first. A slot is never in memory twice, so that one actor's messages stay in order.
 */
export interface ActorCache<Message> {
  /** The slot of an actor, and whether it was idle: then somebody has to begin working on it. */
  claim(partition: number, address: Address): { mailbox: Mailbox<Message>; idle: boolean }
  /** Gives a slot back whose messages are all done. */
  release(mailbox: Mailbox<Message>): void
  /** Drops all actors of these partitions: whoever works on them next loads them from the log. */
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
      const mailbox = idle.get(subject) ?? { subject, address, waiting: [], live: undefined }
      idle.delete(subject)
      busy.set(subject, mailbox)
      return { mailbox, idle: true }
    },
    release(mailbox) {
      if (busy.get(mailbox.subject) !== mailbox) return
      busy.delete(mailbox.subject)
      if (mailbox.live !== undefined) idle.set(mailbox.subject, mailbox)
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
 * Reads an actor's last record in one round trip. Any replica's answer is good enough for an actor that is
 * met for the first time, since an append on an outdated one is refused; after such a refusal only the leader is asked.
 */
export async function loadActor(jetstream: JetStreamContext, subject: string, address: Address, from: ReadFrom): Promise<CachedActor> {
  const last = await (from === 'leader' ? lastRecord(jetstream, subject) : lastRecordDirect(jetstream, subject))
  return last === undefined ? { actor: newActor(address), lastSeq: 0 } : { actor: actorAfter(address, last.record), lastSeq: last.seq }
}
