import type { Role } from '../../schemas/events.ts'
import type { Input } from '../../schemas/envelope.ts'
import { readReceived, readSent, type Received, type Sent } from '../../schemas/event-readers.ts'
import type { Emitted } from '../../schemas/record.ts'

/** One thing that somebody said: what the table `messages` has a row for. */
export interface ObservedMessage {
  /** Its place in the record: 0 is the input, 1… are the emitted events. */
  readonly idx: number
  readonly id: string
  readonly role: Role
  /** When it reached us: arrived in INBOX, was decided, or, where it is history, happened. */
  readonly at: string
  readonly history: boolean
  readonly received?: Received
  readonly sent?: Sent
}

/** When an input reached us: by our own clock, but for history, where the producer's is the only one. */
export const reachedAt = (input: Input, arrivedAt: string): string => (input.history === true ? input.time : arrivedAt)

/** What a committed record has said, in its order. */
export function observedMessages(record: { input: Input; inbox: { ts: string }; at: string; emitted: readonly Emitted[] }): ObservedMessage[] {
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
