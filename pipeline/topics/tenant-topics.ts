import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { TextPlace } from '../../actors/definition/task-topics.ts'
import { createTopicIndex, type TopicIndex } from '../../actors/social/topic-index.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { topicPlaced, TOPICS_KIND } from '../../schemas/social-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordsOfKind } from '../jetstream/last-record.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { backOffMs, type Pauses } from '../runtime/retry.ts'

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
/** How long a task waits for topics that are being read. */
const READY_MS_MAX = 5_000
const REOPEN_PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

/** Creates the topics of a process. Nothing is read before the first text of a tenant. */
export function createTenantTopics({ jetstream, log, tenantsMax = TENANTS_MAX }: TenantTopicsOptions): TenantTopics {
  const followers = new LRUCache<string, TopicFollower>({ max: tenantsMax, dispose: (follower) => follower.stop() })
  return {
    async topicFor(tenant, place, newTopic) {
      const follower = followers.get(tenant) ?? followTopics(jetstream, tenant, log)
      followers.set(tenant, follower)
      const index = follower.current() ?? (await whenReady(follower, tenant))
      const found = index.nearest(place)
      if (found !== undefined) return found
      if (newTopic !== null) index.propose(newTopic, place)
      return newTopic
    },
    stop: () => followers.clear(),
  }
}

interface TopicFollower {
  /** The index; `undefined` until it has read LOG to its end once. */
  current(): TopicIndex | undefined
  readonly ready: Promise<void>
  stop(): void
}

/** Reads where topics are from LOG, from its start: a topic has a record there when it opens, and few later ones. */
function followTopics(jetstream: JetStreamContext, tenant: string, log: Logger): TopicFollower {
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
  const follow = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted;) {
      const startedMs = performance.now()
      try {
        await read()
      } catch (err) {
        rateLimitedWarn(log, { err, tenant }, 'the reader of topics was interrupted; starting it again')
        failures = performance.now() - startedMs > REOPEN_PAUSES.maxMs ? 0 : failures + 1
        await delay(backOffMs(failures, REOPEN_PAUSES), undefined, { signal }).catch(() => undefined)
      }
    }
  }
  void follow()
  return {
    current: () => current,
    ready: ready.promise,
    stop() {
      stopping.abort()
      reader?.stop()
    },
  }
}

async function whenReady(follower: TopicFollower, tenant: string): Promise<TopicIndex> {
  const waited = new AbortController()
  await Promise.race([follower.ready, delay(READY_MS_MAX, undefined, { signal: waited.signal }).catch(() => undefined)])
  waited.abort()
  const index = follower.current()
  if (index !== undefined) return index
  throw new ColloquyError('index_behind', `the topics of ${tenant} are still being read from LOG`)
}
