import { detectLanguage } from '../../actors/core/detect-language.ts'
import { chunkIdOf, knowledgeChanged, SOURCE_KIND, sourceTaught } from '../../schemas/knowledge-events.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { IndexChange } from './index-changes.ts'

const NOTHING: IndexChange = { texts: [], forgotten: [] }

/**
 * What a record of a source teaches and lets go: of the chunks that its input brings those that its actor says are new. A kind of somebody
 * else's that has the same name is told by its events, which are others.
 */
export function knowledgeOf(address: Address, record: LogRecord, seq: number): IndexChange {
  if (address.kind !== SOURCE_KIND || record.outcome !== 'committed') return NOTHING
  const event = record.emitted.find(({ type }) => type === 'knowledge.changed')
  const changed = knowledgeChanged.safeParse(event?.data)
  if (!changed.success) return NOTHING
  const { source, added, removed } = changed.data
  const keyOf = (chunk: string): string => `${actorKey(address)}/${chunk}`
  const forgotten = removed.map(keyOf)
  const taught = sourceTaught.safeParse(record.input.data)
  if (record.input.type !== 'source.taught' || !taught.success) return { texts: [], forgotten }

  const fresh = new Set(added)
  const { tenant, kind, id: actor } = address
  const texts = taught.data.chunks.flatMap((text, index) => {
    const chunk = chunkIdOf(text)
    // A text that stands there twice is one chunk.
    if (!fresh.delete(chunk)) return []
    return [{
      key: keyOf(chunk), chunk: taught.data.from + index, tenant, in: 'knowledge' as const, kind, actor, source,
      lang: taught.data.lang ?? detectLanguage(text), at: record.at, seq, text,
    }]
  })
  return { texts, forgotten }
}
