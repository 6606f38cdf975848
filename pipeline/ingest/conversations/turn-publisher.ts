import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Address } from '../../../schemas/subjects.ts'
import { lastRecord, recordsOf } from '../../jetstream/last-record.ts'
import type { OutgoingInput, Sent } from '../../producer/input-sender.ts'
import { TURN_SOURCE, type Conversation } from './conversation.ts'
import { createReplies, type Reaction } from './reply-listener.ts'

/** Tells one conversation to its actor, in order. */
export interface TurnPublisher {
  tell(conversation: Conversation): Promise<void>
  stop(): void
}

export interface TurnPublisherDeps {
  readonly tenant: string
  readonly kind: string
  readonly send: (address: Address, input: OutgoingInput) => Promise<Sent>
}

export interface LiveDeps extends TurnPublisherDeps {
  readonly nc: NatsConnection
  /** How long a turn may be without a reply before the next one is sent. */
  readonly replyWaitMs: number
  /** Called for a turn that the actor has from an earlier time. */
  readonly onRepeat: (input: OutgoingInput) => void
  readonly onReaction: (reaction: Reaction) => void
  /** Ends all waiting. */
  readonly signal: AbortSignal
}

/** All that was said, one input after the other. */
export const createHistoryPublisher = ({ tenant, kind, send }: TurnPublisherDeps): TurnPublisher => ({
  async tell({ actorId, inputs }) {
    for (const input of inputs) await send({ tenant, kind, id: actorId }, input)
  },
  stop: () => undefined,
})

/** What the users say, each turn after the reaction to the one before; after an escalation nobody waits for the machine. */
export async function createLivePublisher({ nc, tenant, kind, send, signal, ...options }: LiveDeps): Promise<TurnPublisher> {
  const jsm = await jetstreamManager(nc)
  const replies = createReplies(nc, tenant, kind)
  return {
    async tell({ actorId, inputs }) {
      const address = { tenant, kind, id: actorId }
      using actor = replies.listen(actorId)
      const doneBefore = await highestTurn(jsm, address)
      for (const input of inputs) {
        if (Number(input.sequence) <= doneBefore) {
          options.onRepeat(input)
          continue
        }
        const reaction = actor.expect(input.id)
        const { duplicate } = await send(address, input)
        if (!duplicate && !actor.isEscalated) options.onReaction(await reaction.within(options.replyWaitMs, signal))
      }
    },
    stop: () => replies.stop(),
  }
}

/** The last turn that the actor has from an earlier import; 0 for none. */
async function highestTurn(jsm: JetStreamManager, address: Address): Promise<number> {
  const last = await lastRecord({ jsm }, recordsOf(address), 'anyReplica')
  return last?.record.seen.sources.find(([source]) => source === TURN_SOURCE)?.[1] ?? 0
}
