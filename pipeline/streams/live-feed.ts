import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { parseJson } from '../../schemas/json.ts'
import { type LiveMessage, liveMessageSchema } from '../../schemas/live-messages.ts'
import { actorSource, type Address } from '../../schemas/subjects.ts'

/** A piece of a reply that is being written: `delta` or `reset`. It has no id, and no stream has it a second time. */
export interface LiveEvent {
  readonly type: string
  readonly message: LiveMessage
  /** The message without its event, with the `source` of the actor that writes; JSON in one line. */
  readonly data: string
}

/**
 * Listens to what actors of an id do before they have decided. Subscribes for each id that somebody follows, and not to all of `live.>`: a
 * server drops a piece that nobody follows at its publisher, while one subscription to all would carry each piece of the cluster to each
 * process. A subscription costs a process about 1 KB.
 */
export interface LiveFeed {
  /** @returns stops listening */
  listen(id: Omit<Address, 'kind'>, listener: (kind: string, event: LiveEvent) => void): () => void
}

export function createLiveFeed(nc: Pick<NatsConnection, 'subscribe' | 'isClosed'>): LiveFeed {
  return {
    listen({ tenant, id }, listener) {
      const subscription: Subscription = nc.subscribe(`live.${tenant}.*.${id}`, {
        callback(error, message) {
          if (error !== null) return
          const parsed = liveMessageSchema.safeParse(parseJson(message.string()))
          if (!parsed.success) return
          const [, , kind = ''] = message.subject.split('.')
          const { event, ...rest } = parsed.data
          listener(kind, {
            type: event,
            message: parsed.data,
            data: JSON.stringify({ ...rest, source: actorSource({ tenant, kind, id }) }),
          })
        },
      })
      return () => {
        if (!nc.isClosed()) subscription.unsubscribe()
      }
    },
  }
}
