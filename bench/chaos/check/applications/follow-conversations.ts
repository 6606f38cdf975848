import { z } from 'zod'
import { type CreateFollower, emittedOf, entryOf } from './follower.ts'

const questionSchema = z.object({ role: z.literal('user') })
const replySchema = z.object({ replyTo: z.string() })

interface Conversation {
  /** Replies to each question. */
  readonly replies: Map<string, number>
  isEscalated: boolean
}

/** A question has one reply. After a hand-over to a person, the open ones have none. */
export const followConversations: CreateFollower = (report) => {
  const conversations = new Map<string, Conversation>()
  return {
    kinds: ['support'],
    take({ seq, actor, record }) {
      const conversation = entryOf(conversations, actor, () => ({ replies: new Map<string, number>(), isEscalated: false }))
      const { type, id, data } = record.input
      if (type === 'message.received' && questionSchema.safeParse(data).success) conversation.replies.set(id, 0)
      for (const sent of emittedOf(record, 'message.sent')) {
        const replyTo = replySchema.safeParse(sent).data?.replyTo
        if (replyTo === undefined) continue
        const before = conversation.replies.get(replyTo)
        if (before !== 0)
          report('reply', `LOG ${seq}: ${actor} replies to ${replyTo}, which ${before === undefined ? 'nobody asked' : 'has a reply'}`)
        conversation.replies.set(replyTo, (before ?? 0) + 1)
      }
      if (emittedOf(record, 'escalated').length > 0) conversation.isEscalated = true
    },
    finish() {
      for (const [actor, { replies, isEscalated }] of conversations) {
        if (isEscalated) continue
        for (const [id, count] of replies) if (count === 0) report('reply', `${id} has no reply of ${actor}`)
      }
    },
  }
}
