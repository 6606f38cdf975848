import { isConversation, readReceived, readSent, type Received, type Sent } from '../../../schemas/event-readers.ts'
import type { PublicRecord } from '../../../schemas/record.ts'

/** The messages of one record. */
export interface RecordMessages {
  readonly isHistory: boolean
  /** The message in the input, if the input is one. */
  readonly received: Received | undefined
  /** The messages that the machine sent, with their `idx`. */
  readonly sent: readonly (readonly [number, Sent])[]
}

/** The emitted events that count in a case: none of an actor that is no conversation. */
export const emittedInCase = ({ label, emitted }: PublicRecord): PublicRecord['emitted'] => (isConversation(label) ? emitted : [])

/** Reads the messages of a record. */
export function messagesIn(record: PublicRecord): RecordMessages {
  const { input, outcome } = record
  const emitted = emittedInCase(record)
  const sent: [number, Sent][] = []
  for (const [index, { type, data }] of emitted.entries()) {
    const read = type === 'message.sent' ? readSent(data) : undefined
    if (read !== undefined) sent.push([index + 1, read])
  }
  return {
    isHistory: input.history === true,
    received:
      isConversation(record.label) && outcome === 'committed' && input.type === 'message.received' ? readReceived(input.data) : undefined,
    sent,
  }
}

/** Time of the input: its arrival; for history, the time that its producer states. */
export const messageTime = ({ input, inbox }: PublicRecord): string => (input.history === true ? input.time : inbox.ts)
