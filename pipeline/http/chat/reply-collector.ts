import type { PublicRecord } from '../../../schemas/record.ts'
import { type ConversationMessage, conversationMessages, isReply } from './conversation-messages.ts'

/** Picks the replies to messages of a user out of the records of their actor. */
export interface ReplyCollector {
  /** Takes the next record. */
  take(record: PublicRecord): void
  /** Whether the last message has its reply. Earlier ones may stay without: what answers the last one may answer all. */
  readonly isDone: boolean
  /** The replies so far, in order. */
  readonly messages: readonly ConversationMessage[]
  /** Ids of the messages that have no reply yet; none once the last one has its reply. */
  readonly unanswered: readonly string[]
}

/**
 * Creates a collector. As in the tables, a reply with `replyTo` answers that message, and one without it all that are open; one of a
 * person, who writes to the actor, has none. All that a record says in reply belongs together.
 *
 * @param ids of the messages, in order
 */
export function createReplyCollector(ids: readonly string[]): ReplyCollector {
  const open = new Set<string>()
  const answered = new Set<string>()
  const messages: ConversationMessage[] = []
  const last = ids.at(-1)
  const isDone = (): boolean => last === undefined || answered.has(last)
  return {
    take(record) {
      if (isDone()) return
      const found = conversationMessages(record)
      for (const { id, role } of found) if (role === 'user' && ids.includes(id)) open.add(id)
      for (const message of found) {
        const { replyTo, isHistory } = message
        if (!isReply(message) || isHistory) continue
        const asked = [...open].filter((id) => replyTo === undefined || replyTo === id)
        if (asked.length > 0) messages.push(message)
        for (const id of asked) answered.add(id)
      }
      for (const id of answered) open.delete(id)
    },
    get isDone() {
      return isDone()
    },
    messages,
    get unanswered() {
      return isDone() ? [] : ids.filter((id) => !answered.has(id))
    },
  }
}
