import type { SearchAnswer, SearchHit } from '../../pipeline/search/search-client.ts'
import { counted } from '../../schemas/counted.ts'

const LIFTED = {
  vectors: 'lifted by meaning',
  words: 'lifted by its words',
  both: 'lifted by meaning and words together',
  rerank: 'lifted by the re-ranker',
} as const

/** One line that tells why a hit is where it is; columns of all hits have one width. Empty if the answer does not tell. */
export function whyHit({ explain }: SearchHit): string {
  if (explain === undefined) return ''
  const { dense, keyword, fused, decay, rerank, lifted } = explain
  const columns = [
    `meaning ${column(dense, fused.parts.dense)}`,
    `words ${column(keyword, fused.parts.keyword)}`,
    ...(rerank === null ? [] : [`re-ranked ${rerank.score.toFixed(3)}, was ${ordinal(rerank.placeBefore)}`.padEnd(26)]),
    ...(decay === 1 ? [] : [`age × ${decay.toFixed(2)}`]),
    LIFTED[lifted],
  ]
  return columns.join('  ')
}

const column = (found: { readonly score: number; readonly place: number } | null, part: number): string =>
  (found === null ? 'nothing in common' : `${found.score.toFixed(3)} ${ordinal(found.place).padStart(5)} ${signed(part)}`).padEnd(18)

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`.padStart(6)

function ordinal(place: number): string {
  const [tens, ones] = [Math.floor(place / 10) % 10, place % 10]
  return `${place}${(tens === 1 ? undefined : ['th', 'st', 'nd', 'rd'][ones]) ?? 'th'}`
}

const UNITS = { auto: ' a standard deviation, and a point of BM25', weights: ' of the score', rrf: ' of a place' } as const

/** The lines that tell how the answer as a whole came about. Empty if the answer does not tell. */
export function whyAnswer({ explanation, reranked, belowMin = 0, duplicates }: SearchAnswer): string[] {
  if (explanation === undefined) return []
  const { model, fusion, weights, k, candidates, scoreMin, filters } = explanation
  const given = Object.entries(filters).map(([name, value]) => `${name}=${[value].flat().join(',')}`)
  const smoothing = k === undefined ? '' : `, with k ${k}`
  const floor = scoreMin === 0 ? 'none' : `${scoreMin}; ${counted(belowMin, 'hit')} left out`
  return [
    `Compared ${counted(candidates, 'text')} by the model ${model} and by words; ${counted(duplicates, 'near-duplicate')} left out.`,
    `Put together by ${fusion}: meaning counts ${weights.dense}, words ${weights.keyword}${UNITS[fusion]}${smoothing}.`,
    `Least score: ${floor}. Filters: ${given.join(', ') || 'none'}.`,
    ...(reranked === undefined || 'skipped' in reranked
      ? []
      : [`Re-ranked ${counted(reranked.texts, 'text')} by ${reranked.model} in ${reranked.tookMs} ms.`]),
  ]
}
