import { readReceived, readSent, type Received, type Sent } from '../../../schemas/event-readers.ts'
import type { LogRecord } from '../../../schemas/record.ts'

/** What a record says that the tables know about. */
export interface ExpectedMessage {
  readonly isHistory: boolean
  /** The input, where it is something that was said. */
  readonly received: Received | undefined
  /** What the machine said, by its idx. */
  readonly sent: readonly (readonly [number, Sent])[]
}

export function messagesIn(record: LogRecord): ExpectedMessage {
  const { input, emitted, outcome } = record
  const sent: [number, Sent][] = []
  for (const [index, { type, data }] of emitted.entries()) {
    const read = type === 'message.sent' ? readSent(data) : undefined
    if (read !== undefined) sent.push([index + 1, read])
  }
  return {
    isHistory: input.history === true,
    received: outcome === 'committed' && input.type === 'message.received' ? readReceived(input.data) : undefined,
    sent,
  }
}

/** When something that was told to an actor happened to it: on arrival, or, for history, when its producer says. */
export const messageTime = ({ input, inbox }: LogRecord): string => (input.history === true ? input.time : inbox.ts)
