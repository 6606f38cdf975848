import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { standardised } from '../../pipeline/search/fuse-by-evidence.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { pointId } from '../../pipeline/search/point-id.ts'
import type { RerankStep } from '../../pipeline/search/rerank-step.ts'
import { SEARCH_MODES, type SearchRequest } from '../../pipeline/search/search-request.ts'
import type { IndexPoint, StoreHit, VectorStore } from '../../pipeline/search/vector-store.ts'
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

/**
 * The modes of search, hybrid search with its best hits re-ranked, and a plain fusion to compare with: both scores standardised over the
 * candidates, and added half and half.
 */
export const MEASURED = [...SEARCH_MODES, 'reranked', 'reference'] as const
export type Measured = (typeof MEASURED)[number]

/**
 * The mean quality of each search mode over a set's questions, and of the reference. Each question queries the store once, by vector and by
 * keywords; each mode then ranks the same candidates.
 *
 * @param reranking default: none, and no figures of it
 */
export async function measureRetrieval(
  { questions }: RetrievalSet,
  store: VectorStore,
  embedder: LocalEmbedder,
  options: Pick<SearchRequest, 'fusion' | 'denseWeight'>,
  reranking?: RerankStep,
): Promise<Record<Exclude<Measured, 'reranked'>, Quality> & { readonly reranked?: Quality }> {
  const all: Record<Measured, Quality[]> = { hybrid: [], dense: [], keyword: [], reranked: [], reference: [] }
  const cosineScales = await measureCosineScales(embedder)
  const measure = async ({ query, relevant }: Question): Promise<void> => {
    const vector = embedder.embed([query], 'query').then(([one]) => one ?? new Float32Array())
    const candidates = await store.search({ tenant: TENANT, filter: {}, vector, terms: store.cutter.ask(query), limit: CANDIDATES })
    const search = createHybridSearch({ store: { ...store, search: async () => candidates }, embedder, cosineScales, reranking, now })
    const rank = async (by: Measured, request: Partial<SearchRequest>): Promise<void> => {
      const { hits, reranked } = await search({ tenant: TENANT, q: query, limit: HITS, ...options, ...request })
      if (reranked !== undefined && 'skipped' in reranked)
        throw new Error(`the re-ranker ${reranked.model} is ${reranked.skipped}: ${query}`)
      all[by].push(qualityOf(sourcesOf(hits), relevant))
    }
    for (const mode of SEARCH_MODES) await rank(mode, { mode, rerank: false })
    if (reranking !== undefined) await rank('reranked', {})
    all.reference.push(qualityOf(sourcesOf(halfAndHalf(candidates)).slice(0, HITS), relevant))
  }
  for (let from = 0; from < questions.length; from += QUESTIONS_CONCURRENT) {
    await Promise.all(questions.slice(from, from + QUESTIONS_CONCURRENT).map(measure))
  }
  const { hybrid, dense, keyword, reference, reranked } = all
  return {
    hybrid: meanQuality(hybrid),
    dense: meanQuality(dense),
    keyword: meanQuality(keyword),
    reference: meanQuality(reference),
    ...(reranking !== undefined && { reranked: meanQuality(reranked) }),
  }
}

const sourcesOf = (hits: readonly { readonly source: string }[]): string[] => [...new Set(hits.map(({ source }) => source))]

function halfAndHalf(hits: readonly StoreHit[]): StoreHit[] {
  const dense = standardised(hits.map(({ similarity }) => similarity))
  const words = standardised(hits.map(({ keyword }) => keyword ?? 0))
  const scored = hits.map((hit, index) => ({ hit, score: (dense[index] ?? 0) + (words[index] ?? 0) }))
  return scored.sort((one, other) => other.score - one.score).map(({ hit }) => hit)
}
