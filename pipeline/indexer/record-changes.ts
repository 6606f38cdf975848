import { detectLanguage } from '../../actors/core/detect-language.ts'
import { observedMessages } from '../../actors/core/observed-messages.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { IndexChange, IndexText } from './index-changes.ts'
import { knowledgeOf } from './knowledge-texts.ts'

/**
 * Derives from a record what the search index has to add and remove: its messages, and the chunks and tags of a knowledge source. A pure
 * function: the same record gives the same change.
 *
 * @param seq LOG sequence of the record.
 */
export function changeOf(address: Address, record: PublicRecord, seq: number): IndexChange {
  const { texts, ...knowledge } = knowledgeOf(address, record, seq)
  return { ...knowledge, texts: [...messageTexts(address, record, seq), ...texts] }
}

const messageTexts = (address: Address, record: PublicRecord, seq: number): IndexText[] =>
  messagesIn(record)
    .filter(({ text }) => text.trim() !== '')
    .map(({ idx, id, lang, time, text }) => ({
      key: `${actorKey(address)}/${record.n}/${idx}/${id}`,
      tenant: address.tenant,
      in: 'messages',
      kind: address.kind,
      actor: address.id,
      source: id,
      lang,
      at: time,
      seq,
      text,
    }))

interface IndexedMessage {
  /** 0: the record's input; 1, 2…: the events that it emitted. */
  readonly idx: number
  readonly id: string
  readonly text: string
  /** `null` if the language is unknown. */
  readonly lang: string | null
  /** ISO; for an input the producer's time, for an emitted event the time of the commit. */
  readonly time: string
}

/** The messages of a committed record, in order. */
function messagesIn(record: PublicRecord): IndexedMessage[] {
  if (record.outcome !== 'committed') return []
  return observedMessages(record).flatMap(({ idx, id, received, sent }) => {
    const message = received ?? sent
    if (message === undefined) return []
    const { text, lang } = message
    return [{ idx, id, text, lang: lang ?? detectLanguage(text), time: idx === 0 ? record.input.time : record.at }]
  })
}
