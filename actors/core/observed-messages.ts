import type { Input } from '../../schemas/envelope.ts'
import { isConversation, readReceived, readSent, type Received, type Sent } from '../../schemas/event-readers.ts'
import type { Role } from '../../schemas/events.ts'
import type { Emitted, LogRecord } from '../../schemas/record.ts'

/** One message of a conversation: a row of the table `messages`. */
export interface ObservedMessage {
  /** Position within the record: 0 is the input, 1, 2, 3… are the emitted events. */
  readonly idx: number
  readonly id: string
  readonly role: Role
  /** ISO. When it arrived in INBOX (an input), was decided (an emitted event) or happened (history). */
  readonly at: string
  readonly history: boolean
  readonly received?: Received
  readonly sent?: Sent
}

/** The time of an input: its arrival by the server's clock, except for history, where only the producer's clock knows it. */
export const reachedAt = (input: Input, arrivedAt: string): string => (input.history === true ? input.time : arrivedAt)

/** The messages in a committed record, in order; none where its actor is no conversation. */
export function observedMessages(record: {
  input: Input
  inbox: { ts: string }
  at: string
  label: LogRecord['label']
  emitted: readonly Emitted[]
}): ObservedMessage[] {
  if (!isConversation(record.label)) return []
  const { input, inbox, at, emitted } = record
  const messages: ObservedMessage[] = []
  const received = input.type === 'message.received' ? readReceived(input.data) : undefined
  if (received !== undefined) {
    messages.push({ idx: 0, id: input.id, role: received.role, at: reachedAt(input, inbox.ts), history: input.history === true, received })
  }
  for (const [index, event] of emitted.entries()) {
    const sent = event.type === 'message.sent' ? readSent(event.data) : undefined
    if (sent !== undefined) messages.push({ idx: index + 1, id: event.id, role: 'assistant', at, history: false, sent })
  }
  return messages
}
