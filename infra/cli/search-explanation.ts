import type { SearchAnswer, SearchHit } from '../../pipeline/search/search-client.ts'
import { counted } from '../../schemas/counted.ts'

/** What the vectors compare, by the kind of the model. */
const COMPARED = { semantic: 'meaning', lexical: 'vectors' } as const

/** One line that tells why a hit is where it is; columns of all hits have one width. Empty if the answer does not tell. */
export function whyHit({ explain }: SearchHit, model: SearchAnswer['model']): string {
  if (explain === undefined) return ''
  const { dense, keyword, fused, decay, rerank, lifted, lowered } = explain
  const meaning = COMPARED[model]
  const names = { vectors: meaning, words: 'words', age: 'age', rerank: 'the re-ranker' } as const
  const moved = (how: string, by: typeof lifted): string[] =>
    by.length === 0 ? [] : [`${how} by ${by.map((one) => names[one]).join(' and ')}`]
  const columns = [
    `${meaning} ${column(dense, fused.parts.dense)}`,
    `words ${column(keyword, fused.parts.keyword)}`,
    ...(rerank === null ? [] : [`re-ranked ${rerank.score.toFixed(3)}, was ${ordinal(rerank.placeBefore)}`.padEnd(26)]),
    ...(decay === 1 ? [] : [`age × ${decay.toFixed(2)}`]),
    [...moved('lifted', lifted), ...moved('lowered', lowered)].join(', '),
  ]
  return columns.join('  ').trimEnd()
}

const column = (found: { readonly score: number; readonly place: number } | null, part: number): string =>
  (found === null ? 'nothing in common' : `${found.score.toFixed(3)} ${ordinal(found.place).padStart(5)} ${signed(part)}`).padEnd(18)

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`.padStart(6)

function ordinal(place: number): string {
  const [tens, ones] = [Math.floor(place / 10) % 10, place % 10]
  return `${place}${(tens === 1 ? undefined : ['th', 'st', 'nd', 'rd'][ones]) ?? 'th'}`
}

/** What the weights are of. */
const UNITS = {
  auto: ['a standard deviation', 'a point of BM25'],
  weights: ['of the score', 'of the score'],
  rrf: ['of the place', 'of the place'],
} as const

/** The lines that tell how the answer as a whole came about. Empty if the answer does not tell. */
export function whyAnswer({ explanation, reranked, belowMin = 0, duplicates, model: kind }: SearchAnswer): string[] {
  if (explanation === undefined) return []
  const { model, fusion, weights, k, candidates, scoreMin, filters } = explanation
  const given = Object.entries(filters).map(([name, value]) => `${name}=${[value].flat().join(',')}`)
  const [ofVectors, ofWords] = UNITS[fusion]
  const meaning = COMPARED[kind]
  const floor = scoreMin === 0 ? 'none' : `${scoreMin}; ${counted(belowMin, 'hit')} left out`
  return [
    `Compared ${counted(candidates, 'text')} by the model ${model} and by words; ${counted(duplicates, 'near-duplicate')} left out.`,
    `Order by ${fusion}${k === undefined ? '' : `, k ${k}`}: ${meaning} counts ${weights.dense} ${ofVectors}, `
      + `words ${weights.keyword} ${ofWords}.`,
    `Least score: ${floor}. Filters: ${given.join(', ') || 'none'}.`,
    ...(reranked === undefined || 'skipped' in reranked
      ? []
      : [`Re-ranked ${counted(reranked.texts, 'text')} by ${reranked.model} in ${reranked.tookMs} ms.`]),
  ]
}
