import { LRUCache } from 'lru-cache'
import { actorIdOf } from '../../schemas/actor-id.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { knowledgeOf } from '../indexer/knowledge-texts.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { nextRecord, recordsOf } from '../jetstream/last-record.ts'
import { pointId } from '../search/point-id.ts'
import type { RecordedAnswer } from './recorded-answers.ts'

/** A passage that an answer cites. */
export interface CitedPassage {
  readonly text: string
  /** Its score in the search that found it; absent where the answer does not say. */
  readonly score: number | undefined
}

/** The texts of cited passages. LOG has them for ever, also those that a source has no more. */
export interface PassageTexts {
  /** Those of an answer, best first. A source without passages in LOG, such as an article of the demo, has none. */
  of(answer: Pick<RecordedAnswer, 'address' | 'sources'>): Promise<CitedPassage[]>
}

const KEPT_MAX = 50_000
const KEPT_BYTES_MAX = 64 * 1024 * 1024
/** Records that are read of one source. */
const RECORDS_MAX = 2_000
/** Sources that were read, and need not be read again soon for a passage that they lack. */
const SOURCES_READ_MAX = 10_000
const SOURCE_READ_MS = 60_000

/** Passages of a source that an answer cites without saying which: its first ones. */
const UNNAMED_MAX = 32

/**
 * Reads passages from the records of their sources, and keeps all passages of a source once one was needed. A source is found by its name,
 * from which `colloquy learn` makes the id of its actor. Where an answer names no passage of a source, it cites those that the source has.
 */
export function createPassageTexts(jetstream: Pick<JetStreamContext, 'jsm'>): PassageTexts {
  const kept = new LRUCache<string, string>({ max: KEPT_MAX, maxSize: KEPT_BYTES_MAX, sizeCalculation: (text) => 2 * text.length + 1 })
  /** Reads of sources, under way or done. */
  const reads = new LRUCache<string, Promise<void>>({ max: SOURCES_READ_MAX, ttl: SOURCE_READ_MS })
  /** Keys of the passages that a source has, by its records. */
  const present = new LRUCache<string, readonly string[]>({ max: SOURCES_READ_MAX })
  const read = async (address: Address): Promise<void> => {
    const keys = new Map<string, string>()
    for (let [next, count] = [1, 0]; count < RECORDS_MAX; count++) {
      const found = await nextRecord(jetstream, recordsOf(address), next, 'anyReplica')
      if (found === undefined) break
      const { texts, forgotten } = knowledgeOf(address, found.record, found.seq)
      for (const chunk of forgotten) keys.delete(chunk)
      for (const text of texts) {
        const key = keyOf(address.tenant, pointId(text, 0))
        kept.set(key, text.text)
        keys.set(text.key, key)
      }
      next = found.seq + 1
    }
    present.set(recordsOf(address), [...keys.values()].slice(0, UNNAMED_MAX))
  }
  const readOnce = (address: Address): Promise<void> => {
    const key = recordsOf(address)
    const before = reads.get(key)
    if (before !== undefined) return before
    const reading = read(address)
    reads.set(key, reading)
    // The next answer tries again.
    reading.catch(() => reads.delete(key))
    return reading
  }
  return {
    async of({ address: { tenant }, sources }) {
      const passages: CitedPassage[] = []
      for (const { source, chunk, score } of sources) {
        const address = { tenant, kind: SOURCE_KIND, id: actorIdOf(source) }
        const named = chunk === undefined ? undefined : keyOf(tenant, chunk)
        if (named === undefined || !kept.has(named)) await readOnce(address)
        for (const key of named === undefined ? (present.get(recordsOf(address)) ?? []) : [named]) {
          const text = kept.get(key)
          if (text !== undefined) passages.push({ text, score })
        }
      }
      return passages
    },
  }
}

/** An answer may name any chunk, and gets those of its tenant only. */
const keyOf = (tenant: string, chunk: string): string => `${tenant}/${chunk}`
