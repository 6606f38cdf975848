import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { IndexChange, IndexText } from './index-changes.ts'
import { knowledgeOf } from './knowledge-texts.ts'
import { messagesIn } from './message-texts.ts'

/** What a record has to remember, what was said in it or learned, and to forget. The same record gives the same. */
export function changeOf(address: Address, record: LogRecord, seq: number): IndexChange {
  const { texts, forgotten } = knowledgeOf(address, record, seq)
  return { texts: [...messageTexts(address, record, seq), ...texts], forgotten }
}

const messageTexts = (address: Address, record: LogRecord, seq: number): IndexText[] =>
  messagesIn(record).filter(({ text }) => text.trim() !== '').map(({ idx, id, lang, time, text }) => ({
    key: `${actorKey(address)}/${record.n}/${idx}/${id}`,
    tenant: address.tenant, in: 'messages', kind: address.kind, actor: address.id, source: id,
    lang, at: time, seq, text,
  }))
