import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Address } from '../../../schemas/subjects.ts'
import { lastRecord, recordsOf } from '../../jetstream/last-record.ts'
import type { OutgoingInput, Sent } from '../../producer/input-sender.ts'
import { type Conversation, TURN_SOURCE } from './conversation.ts'
import { createReplyListener, type Reaction } from './reply-listener.ts'

/** Publishes conversations to their actors. */
export interface TurnPublisher {
  /** Publishes the turns of one conversation in order. */
  publish(conversation: Conversation): Promise<void>
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
  /** Called for a turn that the actor already has from an earlier import. */
  readonly onRepeat: (input: OutgoingInput) => void
  readonly onReaction: (reaction: Reaction) => void
  /** Ends all waits for replies. */
  readonly signal: AbortSignal
}

/** Publishes all turns, as history. */
export const createHistoryPublisher = ({ tenant, kind, send }: TurnPublisherDeps): TurnPublisher => ({
  async publish({ actorId, inputs }) {
    for (const input of inputs) await send({ tenant, kind, id: actorId }, input)
  },
  stop: () => undefined,
})

/** Publishes the turns of users, each after the reply to the previous one. After an escalation it no longer waits for replies. */
export async function createLivePublisher({ nc, tenant, kind, send, signal, ...options }: LiveDeps): Promise<TurnPublisher> {
  const jsm = await jetstreamManager(nc)
  const listener = createReplyListener(nc, tenant, kind)
  return {
    async publish({ actorId, inputs }) {
      const address = { tenant, kind, id: actorId }
      using replies = listener.listen(actorId)
      const doneBefore = await highestTurn(jsm, address)
      for (const input of inputs) {
        if (Number(input.sequence) <= doneBefore) {
          options.onRepeat(input)
          continue
        }
        const reaction = replies.expect(input.id)
        const { duplicate } = await send(address, input)
        if (!duplicate && !replies.isEscalated) options.onReaction(await reaction.within(options.replyWaitMs, signal))
      }
    },
    stop: () => listener.stop(),
  }
}

/** The last turn that the actor has from an earlier import; 0 for none. */
async function highestTurn(jsm: JetStreamManager, address: Address): Promise<number> {
  const last = await lastRecord({ jsm }, recordsOf(address), 'anyReplica')
  return last?.record.seen.sources.find(([source]) => source === TURN_SOURCE)?.[1] ?? 0
}
