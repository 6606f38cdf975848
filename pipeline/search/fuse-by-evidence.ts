import type { Embedder } from '../embedding/embedder.ts'
import { type CosineScale, relatednessBy } from './cosine-scale.ts'
import { cosineOf, finite, type Fused } from './fuse-ranks.ts'
import type { StoreHit } from './vector-store.ts'

/** What a model's cosines count. */
export interface CosineEvidence {
  /** Weight of one standard deviation of the cosines of a question's candidates. */
  readonly weight: number
  /** Weight of `relatedness` in displayed scores, 0 to 1; keywords have the rest. */
  readonly shown: number
  /** What a cosine says by itself, 0 to 1. */
  readonly relatedness: (cosine: number) => number
}

/** A lexical model adds little to the keywords. Decision 46 has the figures of these and other weights. */
const WEIGHTS: Readonly<Record<Embedder['kind'], number>> = { semantic: 2, lexical: 0.7 }
/** Of a model that does not know the language of the question: it decides between texts with about the same words, and no more. */
const WEIGHT_UNKNOWN = 0.1
const SHOWN: Readonly<Record<Embedder['kind'], number>> = { semantic: 0.7, lexical: 0.2 }

/** @param scale of a semantic model for the language of the question. Without one, a cosine is taken as relatedness. */
export function cosineEvidence(kind: Embedder['kind'], scale?: CosineScale): CosineEvidence {
  if (scale?.isKnown === false) return { weight: WEIGHT_UNKNOWN, shown: 0, relatedness: () => 0 }
  const relatedness = scale === undefined ? (cosine: number): number => Math.max(0, cosine) : relatednessBy(scale)
  return { weight: WEIGHTS[kind], shown: SHOWN[kind], relatedness }
}

/** Weight of BM25, which is a sum of logarithms of odds and has the same range with every model. */
export const BM25_WEIGHT = 0.4
/** Cosines that differ by less are equal: the rest is rounding. */
const DEVIATION_MIN = 1e-6
/** Evidence that differs by less is equal, so that both stores and any order of candidates give the same order. */
const EVIDENCE_STEP = 1e-9

/**
 * Orders hits by the evidence of both searches, best first. Cosines are standardised over the candidates, so that a linear change of all
 * cosines changes nothing; BM25 stays as it is, because its size says how many rare words of the question a text has. With the logarithms
 * of odds d = 2 z(cosine) and k = 0.4 BM25, and their probabilities p(d) and p(k) among the candidates (softmax), the evidence is
 * d + k + log((p(d) + p(k)) / 2). The last part lets the search decide that is sure: where one of them singles out a text, the other does
 * not outvote it.
 *
 * Scores are 0 to 1 and comparable between queries: the weighted sum of `relatedness` and the keyword score, raised to the best score
 * below, so that they never rise down the list.
 */
export function fuseByEvidence(hits: readonly StoreHit[], { weight, shown, relatedness }: CosineEvidence): Fused[] {
  const dense = standardised(hits.map((hit) => finite(hit.similarity))).map((value) => value * weight)
  const words = hits.map((hit) => (finite(hit.bm25) ?? 0) * BM25_WEIGHT)
  const [sureDense, sureWords] = [softmax(dense), softmax(words)]
  const ordered = hits
    .map((hit, index) => {
      const sure = Math.log(((sureDense[index] ?? 0) + (sureWords[index] ?? 0)) / 2)
      const parts = { dense: dense[index] ?? 0, keyword: words[index] ?? 0, sure }
      return { hit, parts, evidence: Math.round((parts.dense + parts.keyword + sure) / EVIDENCE_STEP) }
    })
    .sort((a, b) => b.evidence - a.evidence || b.hit.seq - a.hit.seq || a.hit.chunk - b.hit.chunk || (a.hit.id < b.hit.id ? -1 : 1))
  let best = 0
  return ordered
    .map(({ hit, parts }, place) => ({ hit, parts, place }))
    .reverse()
    .map(({ hit, parts, place }) => {
      const cosine = finite(hit.similarity)
      const own = shown * (cosine === null ? 0 : relatedness(cosine)) + (1 - shown) * (finite(hit.keyword) ?? 0)
      best = Math.max(best, own)
      return { hit, score: best, place, parts }
    })
    .reverse()
}

/** Whether a hit has anything in common with the question, by vector or by words. */
export const hasEvidence = (hit: StoreHit): boolean => cosineOf(hit) > 0 || (finite(hit.keyword) ?? 0) > 0

/** Distances from the mean in standard deviations; 0 if all are equal. A missing value is as low as the lowest. */
export function standardised(values: readonly (number | null)[]): number[] {
  const known = values.filter((value) => value !== null)
  const mean = sum(known) / Math.max(1, known.length)
  const deviation = Math.sqrt(sum(known.map((value) => (value - mean) ** 2)) / Math.max(1, known.length))
  if (!(deviation >= DEVIATION_MIN)) return values.map(() => 0)
  const lowest = known.reduce((least, value) => Math.min(least, value), Infinity)
  return values.map((value) => ((value ?? lowest) - mean) / deviation)
}

function softmax(values: readonly number[]): number[] {
  const most = values.reduce((highest, value) => Math.max(highest, value), -Infinity)
  const powers = values.map((value) => Math.exp(value - most))
  const total = sum(powers)
  return powers.map((power) => Math.max(Number.MIN_VALUE, power / total))
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
