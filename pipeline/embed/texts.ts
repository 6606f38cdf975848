import { hash } from 'node:crypto'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { MemoryPoint } from '../memory/store.ts'
import { saidIn } from './said.ts'

/** A text of a record that is to be found again, before it is cut and embedded. */
export type MemoryText = Omit<MemoryPoint, 'id' | 'chunk' | 'vector'> & {
  /** Names the text among all that LOG holds; the ids of its points derive from it. */
  readonly key: string
}

/** What a record has to remember: what was said in it. The same record gives the same texts under the same keys. */
export const textsOf = (address: Address, record: LogRecord, seq: number): MemoryText[] =>
  saidIn(record).filter(({ text }) => text.trim() !== '').map(({ idx, id, lang, time, text }) => ({
    key: `${actorKey(address)}/${record.n}/${idx}/${id}`,
    tenant: address.tenant, in: 'messages', kind: address.kind, actor: address.id, source: id,
    lang, at: time, seq, text,
  }))

/** The id of a text's chunk: a UUID (of version 8, RFC 9562) over the text's key. */
export function pointId({ key }: Pick<MemoryText, 'key'>, chunk: number): string {
  const hex = hash('sha256', `${key}/${chunk}`).slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}
