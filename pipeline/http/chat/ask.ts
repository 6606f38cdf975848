import { type Address, logSubject, partitionOf } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import type { InputWait, WaitFor } from '../../producer/wait-for.ts'
import { unlessAborted } from '../../runtime/unless-aborted.ts'
import type { ActorFeed } from '../../streams/actor-feed.ts'
import type { LiveEvent } from '../../streams/live-feed.ts'
import { HttpProblem } from '../problems.ts'
import { type Stored, type StoreDeps, storeInput, waitProblem } from '../store-input.ts'
import { hasClientLeft } from '../wait-places.ts'
import type { AwaitedReplies } from './cancel-replies.ts'
import { type ConversationEnd, readConversationEnd } from './conversation-end.ts'
import type { ConversationMessage } from './conversation-messages.ts'
import { type FollowedRecords, followRecords } from './follow-records.ts'
import { createReplyCollector } from './reply-collector.ts'

export interface AskDeps extends StoreDeps {
  readonly jetstream: JetStreamContext
  readonly partitionCount: number
  readonly waitFor: WaitFor
  readonly feed: ActorFeed
  readonly awaited: AwaitedReplies
}

/** A conversation as it was when a request came, and all that its actor has decided since. */
export interface OpenConversation {
  readonly end: ConversationEnd
  readonly following: FollowedRecords
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

/**
 * Follows an actor, and then reads the end of the conversation with it, so that no record is between.
 *
 * @param live hears the pieces of replies
 * @throws HttpProblem as `waitProblem`, when the signal aborts
 */
export async function openConversation(
  { jetstream, partitionCount, feed }: AskDeps,
  address: Address,
  signal: AbortSignal,
  stopped: AsyncDisposableStack,
  live?: (event: LiveEvent) => void,
): Promise<OpenConversation> {
  const following = followRecords(feed, address, live)
  stopped.defer(() => following.stop())
  await following.opened(signal).catch((error: unknown): never => {
    throw waitProblem(error, {}, 'the conversation could not be read in time; ask again')
  })
  return { following, end: await readConversationEnd(jetstream, logSubject(partitionOf(address, partitionCount), address)) }
}

/**
 * Sends messages to an actor, one after the other, and waits until it has decided them. A message that it had before has no second effect,
 * and the reply is the recorded one.
 *
 * @param recorded ids of messages that it has, whose replies are asked for, too
 * @throws HttpProblem 422 `rejected`; those of `storeInput`; as `waitProblem`, also when the signal aborts
 */
export async function ask(
  deps: AskDeps,
  address: Address,
  { messages, recorded = [] }: { messages: readonly AskedMessage[]; recorded?: readonly string[] },
  { end, following }: OpenConversation,
  signal: AbortSignal,
  stopped: AsyncDisposableStack,
): Promise<Asked> {
  const actor = deps.waitFor(address)
  stopped.defer(() => actor.stop())
  const ids = [...recorded, ...messages.map(({ id }) => id)]
  const collector = createReplyCollector(ids)
  for (const { record } of end.records) collector.take(record)
  const { promise: done, resolve: finish } = Promise.withResolvers<void>()
  if (collector.isDone) finish()
  const endSeq = end.records.at(-1)?.seq ?? 0
  following.show(({ seq, record }) => {
    if (seq > endSeq) collector.take(record)
    if (collector.isDone) finish()
  })
  const sent: { readonly stored: Stored; readonly wait: InputWait | undefined }[] = []
  const leave = deps.awaited.wait(address, ids, CHAT_SOURCE)
  const isStored = (id: string): boolean => recorded.includes(id) || sent.some(({ stored }) => stored.id === id)
  stopped.defer(() => leave(hasClientLeft(signal) ? collector.unanswered.filter(isStored) : []))

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
      await unlessAborted(done, until)
      return collector.messages
    },
    get soFar() {
      return collector.messages
    },
  }
}
