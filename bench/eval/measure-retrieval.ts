import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { pointId } from '../../pipeline/indexer/index-changes.ts'
import { createHybridSearch, SEARCH_MODES, type SearchMode, type SearchRequest } from '../../pipeline/search/hybrid-search.ts'
import type { IndexPoint, VectorStore } from '../../pipeline/search/vector-store.ts'
import { termsOf } from '../../pipeline/search/search-terms.ts'
import { meanQuality, qualityOf, type Quality } from './retrieval-metrics.ts'
import type { Question, RetrievalSet } from './retrieval-sets.ts'

const TENANT = 'eval'
const GROUP = 256
/** Hits of one question: several may be chunks of one text. */
const HITS = 20
/** By either way, as many as `limit` hits would have. */
const CANDIDATES = 80
const AT_ONCE = 4
const AT = '2026-01-01T00:00:00.000Z'

/** Puts a set's texts into a store the way the embedder's stage does: those that are long for the model in chunks. */
export async function fillWith({ docs }: RetrievalSet, store: VectorStore, embedder: LocalEmbedder): Promise<void> {
  for (let from = 0; from < docs.length; from += GROUP) {
    const pieces = (await Promise.all(docs.slice(from, from + GROUP).map(async ({ id, text }) => {
      const chunks = text.length <= embedder.model.tokensMax / 2 ? [text] : await embedder.chunk(text)
      return chunks.map((piece, chunk) => ({ source: id, chunk, text: piece }))
    }))).flat()
    const vectors = await embedder.embed(pieces.map(({ text }) => text), 'passage')
    await store.upsert(pieces.flatMap((piece, index): IndexPoint[] => {
      const vector = vectors[index]
      return vector === undefined ? [] : [{
        ...piece, id: pointId({ key: piece.source }, piece.chunk), tenant: TENANT, in: 'knowledge', kind: 'source', actor: 'eval', lang: null, at: AT, seq: from + 1, vector,
      }]
    }))
  }
}

/**
 * How well a set's questions find what answers them, by each way of looking. The store is asked once for a question, by vector and by words: its
 * candidates, with both scores, are then ranked as each way of looking would.
 */
export async function measureRetrieval(
  { questions }: RetrievalSet, store: VectorStore, embedder: LocalEmbedder, options: Pick<SearchRequest, 'fusion' | 'denseWeight'>,
): Promise<Record<SearchMode, Quality>> {
  const all: Record<SearchMode, Quality[]> = { hybrid: [], dense: [], keyword: [] }
  const measure = async ({ query, relevant }: Question): Promise<void> => {
    const vector = embedder.embed([query], 'query').then(([one]) => one ?? new Float32Array())
    const candidates = await store.search({ tenant: TENANT, filter: {}, vector, terms: termsOf(query), limit: CANDIDATES })
    const search = createHybridSearch({ store: { ...store, search: async () => candidates }, embedder, now: () => Date.parse(AT) })
    for (const mode of SEARCH_MODES) {
      const { hits } = await search({ tenant: TENANT, q: query, mode, limit: HITS, ...options })
      all[mode].push(qualityOf([...new Set(hits.map(({ source }) => source))], relevant))
    }
  }
  for (let from = 0; from < questions.length; from += AT_ONCE) await Promise.all(questions.slice(from, from + AT_ONCE).map(measure))
  return { hybrid: meanQuality(all.hybrid), dense: meanQuality(all.dense), keyword: meanQuality(all.keyword) }
}
