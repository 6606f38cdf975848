import { z } from 'zod'
import { finite, FUSIONS } from './fuse-ranks.ts'
import type { FusedHits } from './fusion.ts'
import type { RankedHit } from './ranked-hits.ts'
import type { CheckedRequest } from './search-request.ts'
import type { StoreHit } from './vector-store.ts'

/** What moves a hit in the order: the searches, the age of its text, the re-ranker. */
export const MOVERS = ['vectors', 'words', 'age', 'rerank'] as const
type Mover = (typeof MOVERS)[number]

const place = z.int().positive()

/** Why a hit is where it is. Places count from 1, among the candidates of the query. */
export const hitExplanationSchema = z.object({
  /** The search by vectors: the cosine. `null` without it, or without a usable vector. */
  dense: z.object({ score: z.number(), place }).nullable(),
  /** The search by words. `null` without it, or without a common word. */
  keyword: z.object({ score: z.number(), place, bm25: z.number() }).nullable(),
  /** The order before re-ranking; `parts` is what each search added to it. */
  fused: z.object({ score: z.number(), place, parts: z.object({ dense: z.number(), keyword: z.number(), sure: z.number().optional() }) }),
  /** The factor of the text's age; 1 without a half-life. */
  decay: z.number(),
  /** The re-ranker's score, and the place that the hit had before, without duplicates; `null` if it was not re-ranked. */
  rerank: z.object({ score: z.number(), placeBefore: place }).nullable(),
  /**
   * What put it so high. `rerank` alone, if the re-ranker moved it up. Otherwise the searches that add to it and that alone have it at its
   * place or above, or both where only both together do; and `age`, if it passed older texts.
   */
  lifted: z.array(z.enum(MOVERS)),
  /**
   * What kept it from being higher. `rerank` alone, if the re-ranker moved it down. Otherwise a search that takes from it, or that alone
   * has it below its place while the other has it above; and `age`, if newer texts passed it.
   */
  lowered: z.array(z.enum(MOVERS)),
})
export type HitExplanation = z.infer<typeof hitExplanationSchema>

/** How the answer as a whole came about. */
export const explanationSchema = z.object({
  /** The embedding model. */
  model: z.string(),
  fusion: z.enum(FUSIONS),
  /** What a unit of each search counts in `fused.parts`: with `auto` a standard deviation of the cosines and a point of BM25. */
  weights: z.object({ dense: z.number(), keyword: z.number() }),
  /** Of `rrf`. */
  k: z.number().optional(),
  /** How many texts both searches found. */
  candidates: z.int().nonnegative(),
  scoreMin: z.number(),
  /** The filters of the query that are set. */
  filters: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
})
export type Explanation = z.infer<typeof explanationSchema>

/** What became of re-ranking. */
export const rerankedSchema = z.union([
  /** The best texts, this many, are in the order of the model. */
  z.object({ model: z.string(), texts: z.int(), tookMs: z.number() }),
  /** The answer has the order of the search: the re-ranker was slower than its budget, or failed. */
  z.object({ model: z.string(), skipped: z.enum(['late', 'failed']) }),
])
export type Reranked = z.infer<typeof rerankedSchema>

/** Creates the explanations of one answer. @param candidates all that the store found */
export function createExplain(candidates: readonly StoreHit[]): (hit: RankedHit, place: number) => HitExplanation {
  const dense = placesBy(candidates, (hit) => finite(hit.similarity))
  const words = placesBy(candidates, (hit) => finite(hit.bm25) || null)
  return ({ hit, parts, decay, before, rerank }, placeNow) => {
    const [byVectors, byWords] = [dense.get(hit), words.get(hit)]
    return {
      dense: byVectors === undefined ? null : { score: round(hit.similarity ?? 0), place: byVectors },
      keyword: byWords === undefined ? null : { score: round(finite(hit.keyword) ?? 0), place: byWords, bm25: round(hit.bm25 ?? 0) },
      fused: {
        score: round(before.score),
        place: before.place,
        parts: { dense: round(parts.dense), keyword: round(parts.keyword), ...(parts.sure !== undefined && { sure: round(parts.sure) }) },
      },
      decay: round(decay),
      rerank: rerank === undefined ? null : { ...rerank, score: round(rerank.score) },
      ...movedBy(rerank === undefined ? 0 : placeNow - rerank.placeBefore, before, [
        { by: 'vectors', part: parts.dense, place: byVectors, isUsed: dense.size > 0 },
        { by: 'words', part: parts.keyword, place: byWords, isUsed: words.size > 0 },
      ]),
    }
  }
}

interface OneSearch {
  readonly by: Mover
  /** What it adds to the order; negative if it takes from it. */
  readonly part: number
  /** The place that it alone gives the hit; `undefined` for none. */
  readonly place: number | undefined
  /** Whether it has found anything. */
  readonly isUsed: boolean
}

/** @param reranked places that the re-ranker moved the hit down; negative for up */
function movedBy(
  reranked: number,
  { place, placeFused }: RankedHit['before'],
  searches: readonly OneSearch[],
): Pick<HitExplanation, 'lifted' | 'lowered'> {
  if (reranked !== 0) return reranked < 0 ? { lifted: ['rerank'], lowered: [] } : { lifted: [], lowered: ['rerank'] }
  const adding = searches.filter(({ part }) => part > 0)
  const lifting = adding.filter((one) => (one.place ?? Infinity) <= placeFused)
  const lifted = (lifting.length > 0 ? lifting : adding).map(({ by }) => by)
  const isBelow = (one: OneSearch): boolean =>
    one.isUsed && (one.place ?? Infinity) > placeFused && adding.some((other) => other !== one && (other.place ?? Infinity) < placeFused)
  const lowered = searches.filter((one) => one.part < 0 || (!lifted.includes(one.by) && isBelow(one))).map(({ by }) => by)
  return { lifted: place < placeFused ? [...lifted, 'age'] : lifted, lowered: place > placeFused ? [...lowered, 'age'] : lowered }
}

function placesBy(hits: readonly StoreHit[], scoreOf: (hit: StoreHit) => number | null): ReadonlyMap<StoreHit, number> {
  const known = hits.flatMap((hit) => {
    const score = scoreOf(hit)
    return score === null ? [] : [{ hit, score }]
  })
  return new Map(known.sort((a, b) => b.score - a.score).map(({ hit }, index) => [hit, index + 1]))
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4

/** @param fused of the whole query */
export const explanationOf = (
  model: string,
  { fusion, weights, k }: FusedHits,
  candidates: readonly StoreHit[],
  scoreMin: number,
  request: CheckedRequest,
): Explanation => {
  const filters: Record<string, string | string[]> = {}
  for (const name of ['in', 'kind', 'conversation', 'source', 'lang', 'since', 'until'] as const) {
    const value = request[name]
    if (value !== undefined) filters[name] = value
  }
  if (request.tag !== undefined) filters['tag'] = request.tag.flat()
  const rounded = { dense: round(weights.dense), keyword: round(weights.keyword) }
  return { model, fusion, weights: rounded, ...(k !== undefined && { k }), candidates: candidates.length, scoreMin, filters }
}
