import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { TextPlace } from '../../actors/definition/task-topics.ts'
import { createTopicIndex, type TopicIndex } from '../../actors/social/topic-index.ts'
import { topicPlaced, TOPICS_KIND } from '../../schemas/social-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { keepReading } from '../jetstream/keep-reading.ts'
import { recordsOfKind } from '../jetstream/last-record.ts'
import { type LogIndex, readIndex, REOPEN_PAUSES } from '../jetstream/log-index.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

/** The topic of a tenant that a text belongs to, as `topicFor` of a task. @throws ColloquyError `index_behind` */
export type TopicFor = (tenant: string, place: TextPlace, newTopic: string | null) => Promise<string | null>

/** The topics that a process knows. */
export interface TenantTopics {
  readonly topicFor: TopicFor
  stop(): void
}

export interface TenantTopicsOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  /** Max tenants in memory. The least recently used one is dropped, and read again when it is needed. */
  readonly tenantsMax?: number
}

const TENANTS_MAX = 8
const FETCH_MAX = 512

/** Creates the topics of a process. Nothing is read before the first text of a tenant. */
export function createTenantTopics({ jetstream, log, tenantsMax = TENANTS_MAX }: TenantTopicsOptions): TenantTopics {
  const followers = new LRUCache<string, LogIndex<TopicIndex>>({ max: tenantsMax, dispose: (follower) => follower.stop() })
  return {
    async topicFor(tenant, place, newTopic) {
      const follower = followers.get(tenant) ?? followTopics(jetstream, tenant, log)
      followers.set(tenant, follower)
      const index = await readIndex(follower, `the topics of ${tenant} are`)
      const found = index.nearest(place)
      if (found !== undefined) return found
      if (newTopic !== null) index.propose(newTopic, place)
      return newTopic
    },
    stop: () => followers.clear(),
  }
}

/** Reads where topics are from LOG, from its start: a topic has a record there when it opens, and few later ones. */
function followTopics(jetstream: JetStreamContext, tenant: string, log: Logger): LogIndex<TopicIndex> {
  const stopping = new AbortController()
  const { signal } = stopping
  const ready = Promise.withResolvers<void>()
  let current: TopicIndex | undefined
  let reader: StreamReader | undefined

  const read = async (): Promise<void> => {
    // After an interruption LOG may be another one: everything is read again, and the old index answers meanwhile.
    const index = createTopicIndex()
    const reachedEnd = (): void => {
      current = index
      ready.resolve()
    }
    const parse = await logParser(jetstream)
    const filterSubjects = [recordsOfKind(TOPICS_KIND, tenant)]
    const opened = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: 1, messagesMax: FETCH_MAX })
    reader = opened
    if (signal.aborted) opened.stop()
    if (opened.pending === 0) reachedEnd()
    for await (const message of opened) {
      const { record } = parse(message)
      const placed = record?.outcome === 'committed' ? topicPlaced.safeParse(record.input.data) : undefined
      if (placed?.success === true) index.place(placed.data)
      if (message.info.pending === 0) reachedEnd()
    }
  }
  void keepReading(read, {
    pauses: REOPEN_PAUSES,
    signal,
    onInterrupted: (err) => rateLimitedWarn(log, { err, tenant }, 'the reader of topics was interrupted; starting it again'),
  })
  return {
    current: () => current,
    ready: ready.promise,
    stop() {
      stopping.abort()
      reader?.stop()
    },
  }
}
