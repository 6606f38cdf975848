import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import type { Embedder } from '../embedding/embedder.ts'
import { withinMs } from '../runtime/time-limit.ts'
import type { CosineScales } from './cosine-scale.ts'
import { createExplain, explanationOf } from './explanation.ts'
import { finite } from './fuse-ranks.ts'
import { createFusion } from './fusion.ts'
import { createHighlights } from './highlights.ts'
import type { QueryVector } from './query-vectors.ts'
import { distinctHits, rankHits, rerankHits } from './ranked-hits.ts'
import type { RerankStep } from './rerank-step.ts'
import type { Search, SearchHit } from './search-answer.ts'
import { checkedRequest } from './search-request.ts'
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
  /** The vector of a question. Default: that of `embedder`. */
  readonly queryVector?: QueryVector
  /** The embedding model, for people; default: its kind. */
  readonly modelName?: string
  /** What the cosines of a semantic model mean; default: a cosine of 0 is unrelated, and 1 related. */
  readonly cosineScales?: CosineScales | undefined
  /** Default: the order is that of the fusion. */
  readonly reranking?: RerankStep | undefined
  /** For requests that do not say. Default: 0, and that of `fuseRanks`. */
  readonly scoreMin?: number
  readonly rrfK?: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Time for the model to embed a question, for the store, and for the whole search. Shorter than a process waits for another's answer. */
const EMBED_MS_MAX = 6_000
export const SEARCH_MS_MAX = 8_000
const ANSWER_MS_MAX = 9_500

/**
 * Creates a search over one store, by vectors and by keywords. Near-duplicate hits are dropped unless all are asked for. With a re-ranker,
 * the best hits get its order and scores, and those behind them stay below.
 *
 * The search throws ColloquyError `bad_query` with the name of the field, `search_unavailable` if the store or the model takes too long, or
 * the error of either.
 */
export function createHybridSearch(deps: SearchDeps): Search {
  const { store, server = 'the store', embedder, modelName = embedder.kind, cosineScales, reranking, now } = deps
  const highlightsOf = createHighlights(store.cutter)
  const fuse = createFusion({ kind: embedder.kind, cosineScales, rrfK: deps.rrfK })
  const queryVector: QueryVector = deps.queryVector ?? (async (_, q) => (await embedder.embed([q], 'query'))[0] ?? new Float32Array())
  const embed = (tenant: string, q: string): Promise<Float32Array> =>
    withinMs(
      EMBED_MS_MAX,
      () => queryVector(tenant, q),
      () => late('the embedding model', EMBED_MS_MAX),
    ).catch((error: unknown) => {
      if (!hasCode(error, 'embed_failed')) throw error
      const remedy = 'search by words alone (mode keyword), or use another model (COLLOQUY_EMBED_MODEL)'
      throw new ColloquyError('embed_failed', `${messageOf(error)}; ${remedy}`, { cause: error })
    })
  return async (input) => {
    const startedMs = performance.now()
    const request = checkedRequest(input)
    const { tenant, q, mode, limit, all, halfLifeHours, conversation, in: area, kind, source, lang, since, until, tag } = request
    const asked = store.cutter.ask(q)
    const terms = mode === 'dense' ? undefined : asked
    const vector = mode === 'keyword' ? undefined : embed(tenant, q)
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
    const decayOf = (hit: StoreHit): number =>
      halfLifeHours === undefined ? 1 : 0.5 ** (Math.max(0, now() - Date.parse(hit.at)) / HOUR_MS / halfLifeHours)
    const found = fuse(candidates, request)
    const step = request.rerank ? reranking : undefined
    const distinct = distinctHits(rankHits(found.fused, decayOf), all, Math.max(limit, step?.candidatesMax ?? 0))
    const texts = distinct.slice(0, step?.candidatesMax).map(({ hit }) => hit.text)
    const msLeft = ANSWER_MS_MAX - (performance.now() - startedMs)
    const { scores = [], reranked } = texts.length > 0 ? ((await step?.scoresOf(q, texts, msLeft)) ?? {}) : {}
    const ordered = rerankHits(distinct, scores)
    const best = ordered.slice(0, limit)
    const scoreMin = request.scoreMin ?? deps.scoreMin ?? 0
    const kept = best.filter(({ score }) => round(score) >= scoreMin)
    const highlights = highlightsOf(asked)
    const explain = request.explain ? createExplain(candidates) : undefined
    const hits = kept.map((ranked, index): SearchHit => {
      const { tenant: _tenant, bm25: _bm25, similarity, keyword, ...rest } = ranked.hit
      return {
        ...rest,
        score: round(ranked.score),
        ...(scores.length > 0 && { fused: round(ranked.before.score) }),
        dense: rounded(similarity),
        keyword: rounded(keyword),
        highlights: highlights(rest.text),
        ...(explain !== undefined && { explain: explain(ranked, index + 1) }),
      }
    })
    return {
      hits,
      duplicates: kept.reduce((sum, { duplicates }) => sum + duplicates, 0),
      model: embedder.kind,
      ...(scoreMin > 0 && { belowMin: best.length - kept.length }),
      ...(reranked !== undefined && { reranked }),
      ...(request.explain && { explanation: explanationOf(modelName, found, candidates, scoreMin, request) }),
    }
  }
}

const late = (what: string, ms: number): ColloquyError =>
  new ColloquyError('search_unavailable', `${what} did not answer within ${ms / 1_000} s`)

const rounded = (score: number | null): number | null => {
  const known = finite(score)
  return known === null ? null : round(known)
}
const round = (score: number): number => Math.round(score * 1e4) / 1e4
