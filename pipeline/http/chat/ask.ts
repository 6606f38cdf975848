import { type Address, logSubject, partitionOf } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import type { InputWait, WaitFor } from '../../producer/wait-for.ts'
import { HttpProblem } from '../problems.ts'
import { type Stored, type StoreDeps, storeInput, waitProblem } from '../store-input.ts'
import { type ConversationEnd, readConversationEnd } from './conversation-end.ts'
import type { ConversationMessage } from './conversation-messages.ts'
import { followRecords } from './follow-records.ts'
import { createReplyCollector } from './reply-collector.ts'

export interface AskDeps extends StoreDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  readonly waitFor: WaitFor
}

/** A message of a user: the data of its `message.received`, and its id. */
export interface AskedMessage {
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Messages that an actor has taken. */
export interface Asked {
  /** The last one, as INBOX stored it; without a position where it was recorded before. */
  readonly stored: { readonly id: string | undefined; readonly position?: number }
  /** Waits for the replies, up to that to the last message. @throws the reason of the signal; an error of NATS */
  replies(signal: AbortSignal): Promise<readonly ConversationMessage[]>
  /** The replies so far. */
  readonly soFar: readonly ConversationMessage[]
}

/** The `source` of messages that come by chat. With their id it tells repetitions. */
export const CHAT_SOURCE = 'chat'

/** Reads the end of the conversation with an actor. */
export const conversationEndOf = ({ jetstream, partitionCount }: AskDeps, address: Address): Promise<ConversationEnd> =>
  readConversationEnd(jetstream, logSubject(partitionOf(address, partitionCount), address))

/**
 * Sends messages to an actor, one after the other, and waits until it has decided them. A message that it had before has no second effect,
 * and the reply is the recorded one.
 *
 * @param end of the conversation, read before
 * @param recorded ids of messages that it has, whose replies are asked for, too
 * @throws HttpProblem 422 `rejected`; those of `storeInput`; as `waitProblem`, also when the signal aborts
 */
export async function ask(
  deps: AskDeps,
  address: Address,
  { messages, recorded = [], end }: { messages: readonly AskedMessage[]; recorded?: readonly string[]; end: ConversationEnd },
  signal: AbortSignal,
  stopped: AsyncDisposableStack,
): Promise<Asked> {
  const following = followRecords(deps.jetstream, address, deps.partitionCount, end.records.at(-1)?.seq ?? 0)
  stopped.defer(() => following.stop())
  const actor = deps.waitFor(address)
  stopped.defer(() => actor.stop())
  const collector = createReplyCollector([...recorded, ...messages.map(({ id }) => id)])
  for (const { record } of end.records) collector.take(record)

  const sent: { readonly stored: Stored; readonly wait: InputWait | undefined }[] = []
  for (const { id, data } of messages) {
    const envelope = { type: 'message.received', id, source: CHAT_SOURCE, data }
    let wait: InputWait | undefined
    const input = { id, envelope, payload: Buffer.from(JSON.stringify(envelope)) }
    const stored = await storeInput(deps, address, input, ({ payload }, position, isNew) => {
      wait = actor.stored({ position, payload }, isNew)
    })
    sent.push({ stored, wait })
  }
  for (const { stored, wait } of sent) {
    const handled = await wait?.until('actor', signal).catch((error: unknown): never => {
      throw waitProblem(error, stored, 'its actor has not decided it in time; ask again, or read the actor later')
    })
    if (handled?.outcome === 'rejected') {
      const { reason, error } = handled
      const { position, id } = stored
      throw new HttpProblem('rejected', `the message was rejected as ${reason ?? ''}: ${error ?? ''}`, {
        more: { position, id, outcome: 'rejected', reason, error },
      })
    }
  }
  return {
    stored: sent.at(-1)?.stored ?? { id: recorded.at(-1) },
    async replies(until) {
      while (!collector.isDone) collector.take((await following.next(until)).record)
      return collector.messages
    },
    get soFar() {
      return collector.messages
    },
  }
}
