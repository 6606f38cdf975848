import type { Gap, StreamPlace } from '../../schemas/stream-events.ts'
import { ALL_OF_SEQ, eventIdOf } from '../../schemas/stream-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { eventsFor, type FollowedRecord, type StreamEvent } from './followed-record.ts'
import type { LiveEvent } from './live-feed.ts'

/** Takes what an actor does. Its functions must not throw. */
export interface FeedSink {
  /** The stream begins after this id; called once, before all else. */
  opened(id: number): void
  /** Whether it can take more. Once it has said no, it calls `Following.ready` when it can again. */
  hasRoom(): boolean
  /** Takes all events of one record, in order. */
  take(events: readonly StreamEvent[]): void
  /** Takes each record of the stream, also one without events, after these. */
  record?(record: FollowedRecord): void
  /** @param id from which the stream goes on */
  gap(gap: Gap, id: number): void
  /** A piece of a reply that is being written. It may be dropped. */
  live(event: LiveEvent): void
  /** Too many resume at the moment: the stream has not begun, and will not. */
  busy(): void
}

/** `reading`: a resume reads LOG, or waits for its turn. `live`: records come as LOG gets them. `full`: the sink has no room. */
type Phase = 'reading' | 'live' | 'full'

/** One who follows an actor: which records it has had, and what is missing. */
export interface Follow {
  readonly address: Address
  readonly sink: FeedSink
  phase: Phase
  isOpen: boolean
  isStopped: boolean
  /** All up to this LOG sequence was given to the sink, or is gone. */
  seq: number
  /** A record came while the follow was not live. */
  hasMissed: boolean
  /** The number and place of the last record by kind. Numbers have no holes, so that a lost record shows. */
  readonly last: Map<string, { readonly n: number; readonly seq: number }>
}

export function createFollow(address: Address, sink: FeedSink): Follow {
  return { address, sink, phase: 'reading', isOpen: false, isStopped: false, seq: 0, hasMissed: false, last: new Map() }
}

/** Begins the stream at a place. */
export function open(follow: Follow, place: StreamPlace): void {
  follow.isOpen = true
  follow.seq = place.seq
  // The first record of an actor has the number 1.
  if (place.seq === 0) follow.last.set(follow.address.kind, { n: 0, seq: 0 })
  follow.sink.opened(eventIdOf(place))
}

/** Tells a gap, from which the stream goes on after a sequence. */
export function tellGap(follow: Follow, gap: Gap, seq: number): void {
  follow.seq = seq
  follow.sink.gap(gap, eventIdOf({ seq, index: ALL_OF_SEQ }))
}

/** Gives a record to the sink, if it is of the stream and the sink has not had it. @param afterIndex leaves out its first events */
export function give(follow: Follow, record: FollowedRecord, afterIndex = 0): void {
  const { address, sink, last } = follow
  if (record.seq <= follow.seq) return
  const events = eventsFor(address.kind, record)
  if (events === undefined) {
    last.delete(record.kind)
    return
  }
  const before = last.get(record.kind)
  if (before !== undefined && record.n > before.n + 1) {
    tellGap(follow, { from: before.seq + 1, to: record.seq - 1, reason: 'lost' }, Math.max(follow.seq, record.seq - 1))
  }
  last.set(record.kind, { n: record.n, seq: record.seq })
  follow.seq = record.seq
  const rest = afterIndex === 0 ? events : events.filter(({ id }) => id > eventIdOf({ seq: record.seq, index: afterIndex }))
  if (rest.length > 0) sink.take(rest)
  sink.record?.(record)
}
