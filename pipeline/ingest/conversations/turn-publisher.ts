import type { NatsConnection } from '@nats-io/transport-node'
import type { Address } from '../../../schemas/subjects.ts'
import type { OutgoingInput, Sent } from '../../producer/input-sender.ts'
import { createReplyListener, type Reaction } from './reply-listener.ts'

/** Publishes inputs to actors. */
export interface TurnPublisher {
  /** Publishes inputs to one actor in order. */
  publish(actorId: string, inputs: readonly OutgoingInput[]): Promise<void>
  stop(): void
}

export interface TurnPublisherDeps {
  readonly tenant: string
  readonly kind: string
  readonly send: (address: Address, input: OutgoingInput) => Promise<Sent>
}

export interface LiveDeps extends TurnPublisherDeps {
  /** A connection with the rights of Colloquy's own processes: the publisher reads the log. */
  readonly nc: NatsConnection
  /** Max wait for the reply to a turn before the next one is sent. */
  readonly replyWaitMs: number
  readonly onReaction: (reaction: Reaction) => void
  /** Ends all waits for replies. */
  readonly signal: AbortSignal
}

/** Publishes history: nothing replies to it. */
export const createHistoryPublisher = ({ tenant, kind, send }: TurnPublisherDeps): TurnPublisher => ({
  async publish(actorId, inputs) {
    for (const input of inputs) await send({ tenant, kind, id: actorId }, input)
  },
  stop: () => undefined,
})

/** Publishes each input after the reply to the previous one. After an escalation it no longer waits for replies. */
export function createLivePublisher({ nc, tenant, kind, send, signal, ...options }: LiveDeps): TurnPublisher {
  const listener = createReplyListener(nc, tenant, kind)
  return {
    async publish(actorId, inputs) {
      using replies = listener.listen(actorId)
      for (const input of inputs) {
        const reaction = replies.expect(input.id)
        const { duplicate } = await send({ tenant, kind, id: actorId }, input)
        if (!duplicate && !replies.isEscalated) options.onReaction(await reaction.within(options.replyWaitMs, signal))
      }
    },
    stop: () => listener.stop(),
  }
}
