import type { Fused } from './fuse-ranks.ts'
import { createDuplicateFinder } from './near-duplicates.ts'
import type { StoreHit } from './vector-store.ts'

/** A hit on its way into the answer. */
export interface RankedHit extends Fused {
  /** That of the fusion, after decay; of a re-ranked hit, the re-ranker's. */
  readonly score: number
  /** The factor of the text's age. */
  readonly decay: number
  /** Score and place by the fusion, after decay, and the place before decay; places count from 1. */
  readonly before: { readonly score: number; readonly place: number; readonly placeFused: number }
  /** What the re-ranker gave, and the place among those without duplicates before. */
  readonly rerank?: { readonly score: number; readonly placeBefore: number }
}

/** A hit and the number of its near-duplicates further down. */
export interface DistinctHit extends RankedHit {
  readonly duplicates: number
}

/** Orders fused hits by their score after decay, best first. */
export function rankHits(fused: readonly Fused[], decayOf: (hit: StoreHit) => number): RankedHit[] {
  const byScore = (a: Fused, b: Fused): number =>
    b.score - a.score || (a.place ?? 0) - (b.place ?? 0) || b.hit.seq - a.hit.seq || a.hit.chunk - b.hit.chunk
  return fused
    .toSorted(byScore)
    .map((one, index) => {
      const decay = decayOf(one.hit)
      return { ...one, decay, score: one.score * decay, placeFused: index + 1 }
    })
    .sort(byScore)
    .map(({ placeFused, ...one }, index) => ({ ...one, before: { score: one.score, place: index + 1, placeFused } }))
}

/** The best hits, at most `max`, without near-duplicates of better ones unless all are wanted. */
export function distinctHits(ranked: readonly RankedHit[], all: boolean, max: number): DistinctHit[] {
  const duplicateOf = createDuplicateFinder()
  const distinct: { readonly hit: RankedHit; duplicates: number }[] = []
  for (const hit of ranked) {
    if (distinct.length === max) break
    const same = all ? undefined : distinct[duplicateOf(hit.hit.text) ?? -1]
    if (same === undefined) distinct.push({ hit, duplicates: 0 })
    else same.duplicates += 1
  }
  return distinct.map(({ hit, duplicates }) => ({ ...hit, duplicates }))
}

/**
 * Orders the best hits by the scores of a re-ranker, and by their age. The others keep their order below, and none has a higher score than
 * those above it.
 *
 * @param scores of the first hits, in their order
 */
export function rerankHits(hits: readonly DistinctHit[], scores: readonly number[]): DistinctHit[] {
  const ordered = hits
    .slice(0, scores.length)
    .map((hit, index) => {
      const score = scores[index] ?? 0
      return { ...hit, score: score * hit.decay, rerank: { score, placeBefore: index + 1 } }
    })
    .sort((a, b) => b.score - a.score || a.rerank.placeBefore - b.rerank.placeBefore)
  const lowest = ordered.at(-1)?.score ?? 1
  return [...ordered, ...hits.slice(scores.length).map((hit) => ({ ...hit, score: Math.min(hit.score, lowest) }))]
}
