import type { PublicRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'
import { unlessAborted } from '../../runtime/unless-aborted.ts'
import type { ActorFeed } from '../../streams/actor-feed.ts'
import type { FeedSink } from '../../streams/followed-stream.ts'

/** A record of the actor, with its sequence in LOG. */
export interface ShownRecord {
  readonly seq: number
  readonly record: PublicRecord
}

/** The records of an actor from now on: each once, in order. */
export interface FollowedRecords {
  /** Settles when the records that come from then on will be shown. @throws the reason of the signal */
  opened(signal: AbortSignal): Promise<void>
  /** Shows the records so far, and each that comes, to a function, which must not throw. */
  show(take: (record: ShownRecord) => void): void
  stop(): void
}

/** Records that are held until they are shown. More stay in LOG meanwhile. */
const HELD_MAX = 64

/** Follows an actor by the one reader of LOG in this process. @param live hears the pieces of replies of the actor and of its targets */
export function followRecords(feed: ActorFeed, address: Address, live: FeedSink['live'] = () => undefined): FollowedRecords {
  const { promise, resolve } = Promise.withResolvers<void>()
  const held: ShownRecord[] = []
  let take: ((record: ShownRecord) => void) | undefined
  const following = feed.follow(address, undefined, {
    opened: () => resolve(),
    hasRoom: () => held.length < HELD_MAX,
    take: () => undefined,
    record({ kind, seq, record }) {
      // A front repeats what its targets reply in records of its own.
      if (kind !== address.kind) return
      if (take === undefined) held.push({ seq, record })
      else take({ seq, record })
    },
    // What LOG no longer has, no reply comes from.
    gap: () => undefined,
    live,
    busy: () => undefined,
  })
  return {
    opened: (signal) => unlessAborted(promise, signal),
    show(given) {
      take = given
      for (const record of held.splice(0)) given(record)
      following.ready()
    },
    stop: () => following.stop(),
  }
}
