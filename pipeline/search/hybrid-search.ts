import type { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import type { Embedder } from '../embedding/embedder.ts'
import { withinMs } from '../runtime/time-limit.ts'
import type { CosineScales } from './cosine-scale.ts'
import { cosineEvidence, fuseByEvidence, hasEvidence } from './fuse-by-evidence.ts'
import { finite, type Fused, fuseRanks } from './fuse-ranks.ts'
import { createHighlights } from './highlights.ts'
import { createDuplicateCheck } from './near-duplicates.ts'
import type { Search, SearchHit } from './search-answer.ts'
import { searchRequestSchema } from './search-request.ts'
import type { StoreHit, StoreQuery, VectorStore } from './vector-store.ts'

/** Candidates requested per hit, because duplicates are dropped and fusion changes the order. */
const CANDIDATES_PER_HIT = 4
const CANDIDATES_MIN = 50
const CANDIDATES_MAX = 200
const HOUR_MS = 3_600_000

export interface SearchDeps {
  readonly store: Pick<VectorStore, 'cutter' | 'search'>
  /** The server of the store, for errors; default: `the store`. */
  readonly server?: string
  readonly embedder: Pick<Embedder, 'embed' | 'kind'>
  /** What the cosines of a semantic model mean; default: a cosine of 0 is unrelated, and 1 related. */
  readonly cosineScales?: CosineScales | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Time for the model to embed a question, and for the whole search. Shorter than a process waits for the answer of another one. */
const EMBED_MS_MAX = 6_000
export const SEARCH_MS_MAX = 8_000

/** Default weight of the vector similarity. A lexical model adds little to the keywords (figures in decision 16). */
const DENSE_WEIGHT: Readonly<Record<Embedder['kind'], number>> = { semantic: 0.7, lexical: 0.2 }

/**
 * Creates a search over one store, by vectors and by keywords. Near-duplicate hits are dropped unless all are asked for.
 *
 * The search throws ColloquyError `bad_query` with the name of the field, `search_unavailable` if the store or the model takes too long, or
 * the error of either.
 */
export function createHybridSearch({ store, server = 'the store', embedder, cosineScales, now }: SearchDeps): Search {
  const highlightsOf = createHighlights(store.cutter)
  const embed = (q: string): Promise<Float32Array> =>
    withinMs(
      EMBED_MS_MAX,
      async () => (await embedder.embed([q], 'query'))[0] ?? new Float32Array(),
      () => late('the embedding model', EMBED_MS_MAX),
    )
  const fuse = (hits: readonly StoreHit[], { q, mode, denseWeight, ...asked }: z.output<typeof searchRequestSchema>): Fused[] => {
    const fusion = mode === 'hybrid' ? (asked.fusion ?? (denseWeight === undefined ? 'auto' : 'weights')) : 'weights'
    if (fusion === 'auto') return fuseByEvidence(hits.filter(hasEvidence), cosineEvidence(embedder.kind, scaleOf(q)))
    const dense = mode === 'hybrid' ? (denseWeight ?? DENSE_WEIGHT[embedder.kind]) : mode === 'dense' ? 1 : 0
    return fuseRanks(hits, fusion, { dense, keyword: 1 - dense }).filter(({ score }) => score > 0)
  }
  const scaleOf = (q: string) => (embedder.kind === 'semantic' ? cosineScales?.(q) : undefined)
  return async (input) => {
    const request = searchRequestSchema.safeParse(input, IN_WORDS)
    if (!request.success) throw new ColloquyError('bad_query', zodProblem(request.error, ''))
    const { tenant, q, mode, limit, all, halfLifeHours, conversation, in: area, kind, source, lang, since, until, tag } = request.data
    const asked = store.cutter.ask(q)
    const terms = mode === 'dense' ? undefined : asked
    const vector = mode === 'keyword' ? undefined : embed(q)
    const query: StoreQuery = {
      tenant,
      vector,
      terms,
      filter: { in: area, kind, actor: conversation, source, lang, since, until, tags: tag },
      limit: Math.min(CANDIDATES_MAX, Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT)),
    }
    const candidates = await withinMs(
      SEARCH_MS_MAX,
      () => store.search(query),
      () => late(server, SEARCH_MS_MAX),
    )
    const decay = (hit: StoreHit): number =>
      halfLifeHours === undefined ? 1 : 0.5 ** (Math.max(0, now() - Date.parse(hit.at)) / HOUR_MS / halfLifeHours)
    const ranked = fuse(candidates, request.data)
      .map(({ hit, score, place = 0 }) => ({ hit, score: score * decay(hit), place }))
      .sort((a, b) => b.score - a.score || a.place - b.place || b.hit.seq - a.hit.seq || a.hit.chunk - b.hit.chunk)
    const highlights = highlightsOf(asked)
    const isDuplicate = createDuplicateCheck()
    const hits: SearchHit[] = []
    let duplicates = 0
    for (const { hit, score } of ranked) {
      if (hits.length === limit) break
      if (!all && isDuplicate(hit.text)) {
        duplicates += 1
        continue
      }
      const { tenant: _tenant, bm25: _bm25, similarity, keyword, ...rest } = hit
      hits.push({ ...rest, score: round(score), dense: rounded(similarity), keyword: rounded(keyword), highlights: highlights(hit.text) })
    }
    return { hits, duplicates, model: embedder.kind }
  }
}

const late = (what: string, ms: number): ColloquyError =>
  new ColloquyError('search_unavailable', `${what} did not answer within ${ms / 1_000} s`)

const rounded = (score: number | null): number | null => {
  const known = finite(score)
  return known === null ? null : round(known)
}
const round = (score: number): number => Math.round(score * 1e4) / 1e4
