import { detectLanguage } from '../../actors/core/detect-language.ts'
import { CHUNK_ID_CHARS, SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { type Tags, tagsSchema } from '../../schemas/tags.ts'
import type { LogEntry } from '../jetstream/log-message.ts'
import type { StoredPoint } from '../search/vector-store.ts'
import { messagesIn } from '../verify/expected/expected-messages.ts'

/** A text that must be in the index, with the properties of its points. */
export type ExpectedText = Omit<StoredPoint, 'id' | 'chunk'> & {
  /** The ids of its points derive from it. */
  readonly key: string
}

/** The messages of a record that must be in the index. The code is not that of the indexer, which it checks. */
export function expectedMessages({ address, record, seq }: LogEntry): ExpectedText[] {
  if (record.outcome !== 'committed') return []
  const { received, sent } = messagesIn(record)
  const found = [
    ...(received === undefined ? [] : [{ idx: 0, id: record.input.id, at: record.input.time, ...received }]),
    ...sent.map(([idx, message]) => ({ idx, id: record.emitted[idx - 1]?.id ?? '', at: record.at, ...message })),
  ]
  return found.flatMap(({ idx, id, at, text, lang }) => {
    if (text.trim() === '') return []
    const { tenant, kind, id: actor } = address
    const key = `${actorKey(address)}/${record.n}/${idx}/${id}`
    return [{ key, tenant, in: 'messages' as const, kind, actor, source: id, lang: lang ?? detectLanguage(text), at, seq, text }]
  })
}

/**
 * The ids of the chunks that a source has by the state of its last record: those of the complete revision and of the incoming one. The
 * indexer adds up the changes of all its records instead. `undefined` for an actor that is not a source, or whose state has another form.
 */
export function chunksOfSource({ kind }: Address, context: Readonly<Record<string, unknown>> | undefined): Set<string> | undefined {
  const { chunks, coming } = context ?? {}
  if (kind !== SOURCE_KIND || typeof chunks !== 'string') return undefined
  const arriving: unknown = typeof coming === 'object' && coming !== null && 'chunks' in coming ? coming.chunks : ''
  const ids = new Set<string>()
  for (const joined of [chunks, typeof arriving === 'string' ? arriving : '']) {
    for (let at = 0; at < joined.length; at += CHUNK_ID_CHARS) ids.add(joined.slice(at, at + CHUNK_ID_CHARS))
  }
  return ids
}

/** The tags of a source by the state of its last record. One that an earlier version recorded has none. */
export const tagsOfSource = (context: Readonly<Record<string, unknown>> | undefined): Tags =>
  tagsSchema.safeParse(context?.['tags']).data ?? {}
