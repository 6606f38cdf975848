import { readReceived, readSent } from '../../../schemas/event-readers.ts'
import type { Role } from '../../../schemas/events.ts'
import type { PublicRecord } from '../../../schemas/record.ts'

/** A message of a conversation, as the actor's own records have it: those of a front, too, which the tables do not count. */
export interface ConversationMessage {
  readonly id: string
  readonly role: Role
  readonly text: string
  /** Imported: the machine does not see it. */
  readonly isHistory: boolean
  /** Id of the message that it answers; absent where its kind does not say. */
  readonly replyTo: string | undefined
  /** When it was decided, ISO. */
  readonly at: string
  /** All that its event says. */
  readonly data: Readonly<Record<string, unknown>>
}

/** The messages in a record, in order: the one that came, and those that the machine sent. */
export function conversationMessages({ outcome, input, emitted, at }: PublicRecord): ConversationMessage[] {
  if (outcome !== 'committed') return []
  const messages: ConversationMessage[] = []
  const received = input.type === 'message.received' ? readReceived(input.data) : undefined
  if (received !== undefined && input.data !== undefined) {
    const { role, text } = received
    messages.push({ id: input.id, role, text, isHistory: input.history === true, replyTo: undefined, at, data: input.data })
  }
  for (const { id, type, data } of emitted) {
    const sent = type === 'message.sent' ? readSent(data) : undefined
    if (sent === undefined) continue
    messages.push({ id, role: 'assistant', text: sent.text, isHistory: false, replyTo: sent.replyTo, at, data })
  }
  return messages
}

/** Whether a message speaks for the actor: the machine, a person of the desk, or another assistant. */
export const isReply = ({ role }: Pick<ConversationMessage, 'role'>): boolean => role === 'assistant' || role === 'agent'
