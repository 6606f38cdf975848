import type { PublicRecord } from '../../schemas/record.ts'
import { eventIdOf } from '../../schemas/stream-events.ts'
import { type Address, parseActorSource } from '../../schemas/subjects.ts'
import { eventsOf } from '../dispatcher/outgoing-messages.ts'

/** An event that an actor emitted, as OUT has it. */
export interface StreamEvent {
  /** LOG sequence and place in the record, as `eventIdOf` joins them. */
  readonly id: number
  readonly type: string
  /** The envelope, JSON in one line. */
  readonly data: string
}

/** A record as those see it who follow its actor. */
export interface FollowedRecord {
  readonly seq: number
  readonly kind: string
  /** Its number among the records of its actor. */
  readonly n: number
  /** Kind of the actor with the same id that follows this one and whose stream has its events, too. */
  readonly follower: string | undefined
  readonly record: PublicRecord
  /** Those of the stream of its own actor. What it repeats of an actor that it follows is left out: the stream has the original. */
  readonly own: readonly StreamEvent[]
  readonly all: readonly StreamEvent[]
}

/** What a record means to those who follow its actor. */
export function followedRecord(address: Address, seq: number, record: PublicRecord): FollowedRecord {
  const { follower } = record.case
  const all = eventsOf(address, record).map(({ payload }, place): StreamEvent => ({
    id: eventIdOf({ seq, index: place + 1 }),
    type: record.emitted[place]?.type ?? '',
    data: payload,
  }))
  const sender = parseActorSource(record.input.source)
  const isFromFollowed = sender?.tenant === address.tenant && sender.id === address.id && sender.kind !== address.kind
  return {
    seq,
    kind: address.kind,
    n: record.n,
    record,
    follower: follower?.id === address.id ? follower.kind : undefined,
    own: isFromFollowed ? all.filter(({ type }) => type !== record.input.type) : all,
    all,
  }
}

/** The events that the stream of an actor of a kind has of a record of the same tenant and id; `undefined` where it is another actor's. */
export function eventsFor(kind: string, record: FollowedRecord): readonly StreamEvent[] | undefined {
  if (record.kind === kind) return record.own
  return record.follower === kind ? record.all : undefined
}
