import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ALL_OF_SEQ, type StreamPlace } from '../../schemas/stream-events.ts'
import { type Address, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import { type LogMessage, logParser, type ParseLogMessage } from '../jetstream/log-message.ts'
import type { LogTail, TailStart } from '../jetstream/log-tail.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { eventsFor, type FollowedRecord, followedRecord } from './followed-record.ts'
import { createFollow, type FeedSink, type Follow, give, open, tellGap } from './followed-stream.ts'
import { createLiveFeed, type LiveEvent } from './live-feed.ts'
import { pagesAfter } from './log-pages.ts'
import { createResumeQueue } from './resume-queue.ts'

/**
 * The events of actors, for everybody in this process who follows one. Each event of a record of LOG comes once, in the order of LOG, also
 * over interruptions of the reader and over a sink that has no room for a while.
 *
 * The stream of an actor has its own events and those of actors with its id that it follows, as a front follows its targets.
 */
export interface ActorFeed {
  /**
   * @param after where the stream goes on. Default: it has what comes from now on.
   */
  follow(address: Address, after: StreamPlace | undefined, sink: FeedSink): Following
  stop(): void
}

export interface Following {
  /** The sink has room again. */
  ready(): void
  stop(): void
}

export interface ActorFeedDeps {
  readonly jetstream: JetStreamContext
  /** The reader of LOG. Its owner stops it. */
  readonly tail: LogTail
  readonly log: Logger
}

/** All who follow actors of an id. */
interface Topic {
  readonly follows: Set<Follow>
  /** By kind: the kind that follows its actor. */
  readonly followers: Map<string, string | undefined>
  /** Pieces of replies by kind, which wait until LOG has told who follows its actor. */
  readonly unplaced: Map<string, LiveEvent[]>
  readonly stopLive: () => void
}

/** Pieces that wait for an answer of LOG. More are dropped. */
const UNPLACED_MAX = 256

/** Pause after a read of LOG that failed. */
const RETRY_MS = 500

const keyOf = ({ tenant, id }: Omit<Address, 'kind'>): string => `${tenant}.${id}`

export function createActorFeed({ jetstream, tail, log }: ActorFeedDeps): ActorFeed {
  const topics = new Map<string, Topic>()
  const liveFeed = createLiveFeed(jetstream.nc)
  const stopping = new AbortController()
  const onReadError = (err: unknown): void =>
    rateLimitedWarn(log, { err }, 'LOG did not give the records that a stream of events resumes with; reading again')
  const queue = createResumeQueue(onReadError)

  const parsed = (parse: ParseLogMessage, message: LogMessage): FollowedRecord | undefined => {
    const { address, record } = parse(message)
    return record === undefined ? undefined : followedRecord(address, message.seq, record)
  }
  /** Reads what a follow misses, until it is live or its sink is full. */
  const catchUp = async (follow: Follow): Promise<void> => {
    const parse = await logParser(jetstream)
    do {
      follow.hasMissed = false
      for await (const message of pagesAfter(jetstream, follow.address, follow.seq)) {
        if (follow.isStopped) return
        if (!follow.sink.hasRoom()) {
          follow.phase = 'full'
          follow.hasMissed = true
          return
        }
        const record = parsed(parse, message)
        if (record !== undefined) give(follow, record)
      }
    } while (follow.hasMissed && !follow.isStopped)
    // What the reader of the end has not shown yet, it will show.
    follow.phase = 'live'
  }
  /** Begins a stream that has not begun, and reads what it misses. */
  const read = async (follow: Follow, begin: () => Promise<void>): Promise<void> => {
    try {
      if (!follow.isOpen && !follow.isStopped) await begin()
      if (!follow.isStopped) await catchUp(follow)
    } catch (error) {
      const again = (): void => {
        if (!follow.isStopped && !stopping.signal.aborted) queue.run(follow.address.tenant, () => read(follow, begin))
      }
      void delay(RETRY_MS, undefined, { signal: stopping.signal, ref: false }).then(again, () => undefined)
      throw error
    }
  }
  const catchUpSoon = (follow: Follow): void => {
    follow.phase = 'reading'
    queue.run(follow.address.tenant, () => read(follow, () => Promise.resolve()))
  }
  /** Begins after a place that the client names: checks that LOG still has it. */
  const resume = async (follow: Follow, after: StreamPlace): Promise<void> => {
    const found = after.seq > 0 && after.index !== ALL_OF_SEQ ? await jetstream.jsm.streams.getMessage('LOG', { seq: after.seq }) : null
    const record = found === null ? undefined : parsed(await logParser(jetstream), found)
    const isOwn = record !== undefined && found !== null && keyOf(parseLogSubject(found.subject).address) === keyOf(follow.address)
    const { first_seq: first, last_seq: end } = (await streamInfo(jetstream.jsm, 'LOG')).state
    open(follow, after)
    if (after.seq > end) tellGap(follow, { from: end + 1, to: after.seq, reason: 'truncated' }, end)
    else if (isOwn && eventsFor(follow.address.kind, record) !== undefined) {
      follow.seq -= 1
      give(follow, record, after.index)
    } else if (found !== null) tellGap(follow, { from: after.seq, to: after.seq, reason: 'unknown_id' }, after.seq)
    else if (after.seq > 0 && first > after.seq + 1) tellGap(follow, { from: after.seq + 1, to: first - 1, reason: 'trimmed' }, first - 1)
    else if (after.seq > 0 && after.index !== ALL_OF_SEQ && first <= after.seq) {
      tellGap(follow, { from: after.seq, to: after.seq, reason: 'lost' }, after.seq)
    }
  }
  /** Begins with what comes from now on. */
  const begin = async (follow: Follow): Promise<void> => {
    const { last_seq: end } = (await streamInfo(jetstream.jsm, 'LOG')).state
    open(follow, { seq: end, index: ALL_OF_SEQ })
  }

  const onRun = ({ after, isContiguous, truncated }: TailStart): void => {
    if (isContiguous) return
    for (const { follows } of topics.values()) {
      for (const follow of follows) {
        if (truncated && follow.seq > after) tellGap(follow, { from: after + 1, to: follow.seq, reason: 'truncated' }, after)
        if (truncated) follow.last.clear()
        follow.hasMissed = true
        if (follow.phase === 'live') catchUpSoon(follow)
      }
    }
  }
  const onMessage = (message: LogMessage, parse: ParseLogMessage): void => {
    const [, , tenant = '', , id = ''] = message.subject.split('.')
    const topic = topics.get(keyOf({ tenant, id }))
    if (topic === undefined) return
    const record = parsed(parse, message)
    if (record === undefined) return
    learnFollower(topic, record.kind, record.follower)
    for (const follow of topic.follows) {
      if (follow.phase !== 'live') follow.hasMissed = true
      else if (follow.sink.hasRoom()) give(follow, record)
      else {
        follow.phase = 'full'
        follow.hasMissed = true
      }
    }
  }
  tail.listen({ started: onRun, message: onMessage })

  const giveLive = (topic: Topic, kind: string, event: LiveEvent): void => {
    const follower = topic.followers.get(kind)
    for (const { phase, address, sink } of topic.follows) if (phase === 'live' && address.kind === follower) sink.live(event)
  }
  const onLive = (tenant: string, id: string, kind: string, event: LiveEvent): void => {
    const topic = topics.get(keyOf({ tenant, id }))
    if (topic === undefined) return
    for (const { phase, address, sink } of topic.follows) if (phase === 'live' && address.kind === kind) sink.live(event)
    if (topic.followers.has(kind)) return giveLive(topic, kind, event)
    if ([...topic.follows].every(({ address }) => address.kind === kind)) return
    const unplaced = topic.unplaced.get(kind)
    if (unplaced === undefined) askFollower(topic, { tenant, kind, id }, event)
    else if (unplaced.length < UNPLACED_MAX) unplaced.push(event)
  }
  /** Keeps who follows the actor of a kind, and gives on what waited for that. */
  const learnFollower = (topic: Topic, kind: string, follower: string | undefined): void => {
    topic.followers.set(kind, follower)
    const unplaced = topic.unplaced.get(kind)
    if (unplaced === undefined) return
    topic.unplaced.delete(kind)
    for (const event of unplaced) giveLive(topic, kind, event)
  }
  const askFollower = (topic: Topic, address: Address, event: LiveEvent): void => {
    const { kind } = address
    topic.unplaced.set(kind, [event])
    lastRecord(jetstream, recordsOf(address))
      .then((last) => {
        // A record that came meanwhile is newer.
        if (topic.unplaced.has(kind)) learnFollower(topic, kind, last && followedRecord(address, last.seq, last.record).follower)
      })
      .catch((error: unknown) => {
        topic.unplaced.delete(kind)
        onReadError(error)
      })
  }
  const topicOf = ({ tenant, id }: Address): Topic => {
    const key = keyOf({ tenant, id })
    const stopLive = (): (() => void) => liveFeed.listen({ tenant, id }, (kind, event) => onLive(tenant, id, kind, event))
    const topic = topics.get(key) ?? { follows: new Set<Follow>(), followers: new Map(), unplaced: new Map(), stopLive: stopLive() }
    topics.set(key, topic)
    return topic
  }

  return {
    follow(address, after, sink) {
      const follow = createFollow(address, sink)
      const topic = topicOf(address)
      topic.follows.add(follow)
      const release = tail.hold()
      const { tenant } = address
      if (after === undefined && tail.position !== undefined) {
        open(follow, { seq: tail.position, index: ALL_OF_SEQ })
        follow.phase = 'live'
      } else if (after === undefined) queue.run(tenant, () => read(follow, () => begin(follow)))
      else if (!queue.tryRun(tenant, () => read(follow, () => resume(follow, after)))) sink.busy()
      return {
        ready() {
          if (follow.phase !== 'full' || follow.isStopped) return
          if (follow.hasMissed) catchUpSoon(follow)
          else follow.phase = 'live'
        },
        stop() {
          if (follow.isStopped) return
          follow.isStopped = true
          release()
          topic.follows.delete(follow)
          if (topic.follows.size > 0) return
          topics.delete(keyOf(address))
          topic.stopLive()
        },
      }
    },
    stop() {
      stopping.abort()
      queue.stop()
    },
  }
}
