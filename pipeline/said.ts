import { detectLanguage } from '../actors/language.ts'
import { messageReceived, messageSent } from '../schemas/events.ts'
import type { LogRecord } from '../schemas/record.ts'

/** Something said in a conversation, as a record has it. */
export interface Said {
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
export function saidIn(record: LogRecord): Said[] {
  const all: Said[] = []
  const { input } = record
  if (record.outcome === 'committed' && input.type === 'message.received') {
    const { data } = messageReceived.safeParse(input.data)
    if (data !== undefined) all.push({ idx: 0, id: input.id, role: data.role, text: data.text, lang: data.lang ?? detectLanguage(data.text), time: input.time })
  }
  for (const [index, event] of record.emitted.entries()) {
    if (event.type !== 'message.sent') continue
    const { data } = messageSent.safeParse(event.data)
    if (data !== undefined) all.push({ idx: index + 1, id: event.id, role: 'assistant', text: data.text, lang: data.lang ?? detectLanguage(data.text), time: record.at })
  }
  return all
}
