import { readActorRecords } from '../../jetstream/actor-records.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { lastRecord, type Placed } from '../../jetstream/last-record.ts'
import { conversationMessages, isReply } from './conversation-messages.ts'

/** Records that are read of a conversation: a turn of `support` has three or four. */
export const RECORDS_MAX = 128
/** Bytes of these records, the last one apart. Half as many are read where they are more. */
const BYTES_MAX = 4 * 1024 ** 2

/** The end of a conversation as LOG has it. */
export interface ConversationEnd {
  /** Its last records, in order; empty before the first. */
  readonly records: readonly Placed[]
  /** Whether these are all. */
  readonly isWhole: boolean
}

/** Reads the end of a conversation from LOG's leader. */
export async function readConversationEnd(jetstream: JetStreamContext, subject: string): Promise<ConversationEnd> {
  const last = await lastRecord(jetstream, subject)
  if (last === undefined) return { records: [], isWhole: true }
  for (let limit = RECORDS_MAX; limit > 1; limit = Math.floor(limit / 2)) {
    const from = Math.max(1, last.record.n - limit + 1)
    const records = await readActorRecords(jetstream, subject, { from, to: last, limit, bytesMax: BYTES_MAX })
    if (records.at(-1)?.seq === last.seq) return { records, isWhole: records[0]?.record.n === 1 }
  }
  return { records: [last], isWhole: last.record.n === 1 }
}

/** A message of the user, and what came after it until the next one. */
export interface RecordedTurn {
  /** Of the user's message. */
  readonly id: string
  readonly text: string
  readonly replies: readonly string[]
}

/** The turns in records, oldest first. Replies before the first message of the user belong to none. */
export function turnsIn(records: readonly Placed[]): RecordedTurn[] {
  const turns: { id: string; text: string; replies: string[] }[] = []
  for (const message of records.flatMap(({ record }) => conversationMessages(record))) {
    if (message.role === 'user') turns.push({ id: message.id, text: message.text, replies: [] })
    else if (isReply(message)) turns.at(-1)?.replies.push(message.text)
  }
  return turns
}
