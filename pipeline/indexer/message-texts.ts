import { detectLanguage } from '../../actors/core/detect-language.ts'
import { observedMessages } from '../../actors/core/observed-messages.ts'
import type { LogRecord } from '../../schemas/record.ts'

/** Something said in a conversation, as a record has it. */
export interface IndexedMessage {
  /** 0: the record's input; 1, 2…: what it emitted. */
  readonly idx: number
  readonly id: string
  readonly role: string
  readonly text: string
  /** `null` where nothing tells. */
  readonly lang: string | null
  /** ISO; as the producer has it for an input, else when it was decided. */
  readonly time: string
}

/** What was said in a record, by whoever, in its order. */
export function messagesIn(record: LogRecord): IndexedMessage[] {
  if (record.outcome !== 'committed') return []
  return observedMessages(record).flatMap(({ idx, id, role, received, sent }) => {
    const said = received ?? sent
    if (said === undefined) return []
    const { text, lang } = said
    return [{ idx, id, role, text, lang: lang ?? detectLanguage(text), time: idx === 0 ? record.input.time : record.at }]
  })
}
