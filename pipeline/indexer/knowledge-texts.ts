import { detectLanguage } from '../../actors/core/detect-language.ts'
import { chunkIdOf, knowledgeChanged, SOURCE_KIND, sourceTaught } from '../../schemas/knowledge-events.ts'
import type { PublicRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { IndexChange } from './index-changes.ts'

const NO_CHANGE: IndexChange = { texts: [], forgotten: [] }

/**
 * Derives the chunks that a record of a knowledge source adds and removes, and the tags of the source. The actor's event
 * `knowledge.changed` has the tags and says which ids change; the input `source.taught` has the texts. A user's own kind of the same name
 * emits other events, and so changes nothing.
 *
 * @param seq LOG sequence of the record.
 */
export function knowledgeOf(address: Address, record: PublicRecord, seq: number): IndexChange {
  if (address.kind !== SOURCE_KIND || record.outcome !== 'committed') return NO_CHANGE
  const event = record.emitted.find(({ type }) => type === 'knowledge.changed')
  const changed = knowledgeChanged.safeParse(event?.data)
  if (!changed.success) return NO_CHANGE
  const { source, added, removed, tags } = changed.data
  const keyOf = (chunk: string): string => `${actorKey(address)}/${chunk}`
  const forgotten = removed.map(keyOf)
  const taught = sourceTaught.safeParse(record.input.data)
  const { tenant, kind, id: actor } = address
  const tagged = tags === undefined ? {} : { tags: { tenant, actor, seq, tags } }
  if (record.input.type !== 'source.taught' || !taught.success) return { texts: [], forgotten, ...tagged }

  const fresh = new Set(added)
  const texts = taught.data.chunks.flatMap((text, index) => {
    const chunk = chunkIdOf(text)
    // Equal texts have one id: only the first becomes a chunk.
    if (!fresh.delete(chunk)) return []
    return [
      {
        key: keyOf(chunk),
        chunk: taught.data.from + index,
        tenant,
        in: 'knowledge' as const,
        kind,
        actor,
        source,
        lang: taught.data.lang ?? detectLanguage(text),
        at: record.at,
        seq,
        text,
      },
    ]
  })
  return { texts, forgotten, ...tagged }
}
