export type Quality = Readonly<Record<'recall@1' | 'recall@10' | 'MRR@10' | 'nDCG@10', number>>

const DEPTH = 10

/** Quality of one answer. @param ranked distinct ids, best first. @param relevant ids of the expected texts */
export function qualityOf(ranked: readonly string[], relevant: readonly string[]): Quality {
  const wanted = new Set(relevant)
  const places = ranked.slice(0, DEPTH).flatMap((id, index) => (wanted.has(id) ? [index] : []))
  const gain = (place: number): number => 1 / Math.log2(place + 2)
  const best = Array.from({ length: Math.min(wanted.size, DEPTH) }, (_, place) => gain(place))
  return {
    'recall@1': places.filter((place) => place < 1).length / wanted.size,
    'recall@10': places.length / wanted.size,
    'MRR@10': places[0] === undefined ? 0 : 1 / (places[0] + 1),
    'nDCG@10': sum(places.map(gain)) / sum(best),
  }
}

/** Mean over all questions, to three decimal places. */
export function meanQuality(all: readonly Quality[]): Quality {
  const mean = (name: keyof Quality): number => Math.round((sum(all.map((one) => one[name])) / Math.max(1, all.length)) * 1_000) / 1_000
  return { 'recall@1': mean('recall@1'), 'recall@10': mean('recall@10'), 'MRR@10': mean('MRR@10'), 'nDCG@10': mean('nDCG@10') }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
