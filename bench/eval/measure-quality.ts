import type { Evaluate } from '../../pipeline/quality/evaluator.ts'
import { CURRENT_CUTTER } from '../../pipeline/search/term-cutter.ts'
import { auc } from './auc.ts'
import type { QualityExample } from './quality-sets.ts'

/** From this overall score on an answer is good. */
export const GOOD = 0.7

/** Figures of a set by their name. A share is from 0 to 1. */
export type QualityFigures = Readonly<Record<string, number>>

/** Each answer is evaluated this often; its shortest time counts, since other programs make the others longer. */
const ROUNDS = 4

/** Measures an evaluator on a set: how well its overall score tells right answers from wrong ones. */
export async function measureQuality(set: readonly QualityExample[], evaluate: Evaluate): Promise<QualityFigures> {
  const times = set.map(() => Infinity)
  let scores: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    scores = []
    for (const [index, { query, response, context, retrieval, lang }] of set.entries()) {
      const startedMs = performance.now()
      const { overall } = await evaluate({ query, response, context, retrieval, lang })
      times[index] = Math.min(times[index] ?? Infinity, performance.now() - startedMs)
      scores.push(overall)
    }
  }
  times.sort((one, other) => one - other)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  return { ...qualityFigures(set, scores), 'p50, ms': at(0.5), 'p99, ms': at(0.99) }
}

/** The figures of scores, in the order of the set. */
export function qualityFigures(set: readonly QualityExample[], scores: readonly number[]): QualityFigures {
  const scoresOf = (isWanted: (example: QualityExample) => boolean): number[] => scores.filter((_, index) => isWanted(set[index]!))
  const right = scoresOf(({ label }) => label === 1)
  const wrong = scoresOf(({ label }) => label === 0)
  const kinds = [...new Set(set.filter(({ label }) => label === 0).map(({ kind }) => kind))].sort()
  const below = (values: readonly number[]): number => share(values, (score) => score < GOOD)
  return {
    AUC: auc(right, wrong),
    ...Object.fromEntries(
      kinds.map((kind) => [
        `AUC ${kind}`,
        auc(
          right,
          scoresOf((example) => example.kind === kind),
        ),
      ]),
    ),
    [`right ≥ ${GOOD}`]: 1 - below(right),
    [`wrong < ${GOOD}`]: below(wrong),
    ...Object.fromEntries(kinds.map((kind) => [`${kind} < ${GOOD}`, below(scoresOf((example) => example.kind === kind))])),
  }
}

const share = (values: readonly number[], isCounted: (value: number) => boolean): number => values.filter(isCounted).length / values.length

/** The baseline: the share of the question's words in the answer, and twice that of the answer's in the passages. */
export const baseline: Evaluate = ({ query, response, context = [] }) => {
  const [asked, answered, known] = [query, response, context.join('\n')].map((text) => new Set(CURRENT_CUTTER.ask(text)))
  const inCommon = (terms: ReadonlySet<string>, others: ReadonlySet<string>): number =>
    terms.size === 0 ? 0 : terms.intersection(others).size / terms.size
  const [relevance, groundedness] = [inCommon(asked!, answered!), inCommon(answered!, known!)]
  const scores = { relevance, completeness: relevance, coherence: 1, groundedness }
  return Promise.resolve({
    evaluator: 'baseline',
    version: '1',
    scores,
    overall: (relevance + 2 * groundedness) / 3,
    reasons: [],
    suggestions: [],
  })
}
