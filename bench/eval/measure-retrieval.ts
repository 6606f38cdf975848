import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { pointId } from '../../pipeline/search/point-id.ts'
import type { RerankStep } from '../../pipeline/search/rerank-step.ts'
import { SEARCH_MODES, type SearchMode, type SearchRequest } from '../../pipeline/search/search-request.ts'
import type { IndexPoint, VectorStore } from '../../pipeline/search/vector-store.ts'
import { meanQuality, type Quality, qualityOf } from './retrieval-metrics.ts'
import type { Question, RetrievalSet } from './retrieval-sets.ts'

const TENANT = 'eval'
const GROUP = 256
/** Hits per question; several may be chunks of one text. */
const HITS = 20
/** Number of candidates by keyword and by vector. Production uses as many for this number of hits. */
const CANDIDATES = 80
const QUESTIONS_CONCURRENT = 4
const AT = '2026-01-01T00:00:00.000Z'
const now = (): number => Date.parse(AT)

/** Writes a set's texts to a store. Like the indexer, it splits a text that is too long for the model into chunks. */
export async function fillWith({ docs }: Pick<RetrievalSet, 'docs'>, store: VectorStore, embedder: LocalEmbedder): Promise<void> {
  for (let from = 0; from < docs.length; from += GROUP) {
    const pieces = (
      await Promise.all(
        docs.slice(from, from + GROUP).map(async ({ id, text, lang = null }) => {
          const chunks = text.length <= embedder.model.tokensMax / 2 ? [text] : await embedder.chunk(text)
          return chunks.map((piece, chunk) => ({ source: id, chunk, text: piece, lang }))
        }),
      )
    ).flat()
    const vectors = await embedder.embed(
      pieces.map(({ text }) => text),
      'passage',
    )
    await store.upsert(
      pieces.flatMap((piece, index): IndexPoint[] => {
        const vector = vectors[index]
        return vector === undefined
          ? []
          : [
              {
                ...piece,
                id: pointId({ key: piece.source }, piece.chunk),
                tenant: TENANT,
                in: 'knowledge',
                kind: 'source',
                actor: 'eval',
                at: AT,
                seq: from + 1,
                vector,
              },
            ]
      }),
    )
  }
}

/** The search modes, and hybrid search with its best hits re-ranked. */
export type RankedBy = SearchMode | 'reranked'

/**
 * The mean quality of each search mode over a set's questions. Each question queries the store once, by vector and by keywords; each mode
 * then ranks the same candidates.
 *
 * @param reranking default: none, and no figures of it
 */
export async function measureRetrieval(
  { questions }: RetrievalSet,
  store: VectorStore,
  embedder: LocalEmbedder,
  options: Pick<SearchRequest, 'fusion' | 'denseWeight'>,
  reranking?: RerankStep,
): Promise<Record<SearchMode, Quality> & { readonly reranked?: Quality }> {
  const all: Record<RankedBy, Quality[]> = { hybrid: [], dense: [], keyword: [], reranked: [] }
  const cosineScales = await measureCosineScales(embedder)
  const measure = async ({ query, relevant }: Question): Promise<void> => {
    const vector = embedder.embed([query], 'query').then(([one]) => one ?? new Float32Array())
    const candidates = await store.search({ tenant: TENANT, filter: {}, vector, terms: store.cutter.ask(query), limit: CANDIDATES })
    const search = createHybridSearch({ store: { ...store, search: async () => candidates }, embedder, cosineScales, reranking, now })
    const rank = async (by: RankedBy, request: Partial<SearchRequest>): Promise<void> => {
      const { hits, reranked } = await search({ tenant: TENANT, q: query, limit: HITS, ...options, ...request })
      if (reranked !== undefined && 'skipped' in reranked)
        throw new Error(`the re-ranker ${reranked.model} is ${reranked.skipped}: ${query}`)
      all[by].push(qualityOf([...new Set(hits.map(({ source }) => source))], relevant))
    }
    for (const mode of SEARCH_MODES) await rank(mode, { mode, rerank: false })
    if (reranking !== undefined) await rank('reranked', {})
  }
  for (let from = 0; from < questions.length; from += QUESTIONS_CONCURRENT) {
    await Promise.all(questions.slice(from, from + QUESTIONS_CONCURRENT).map(measure))
  }
  return {
    hybrid: meanQuality(all.hybrid),
    dense: meanQuality(all.dense),
    keyword: meanQuality(all.keyword),
    ...(reranking !== undefined && { reranked: meanQuality(all.reranked) }),
  }
}
