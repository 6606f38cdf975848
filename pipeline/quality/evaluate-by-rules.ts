import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import { type Evaluation, RULES_EVALUATOR } from '../../schemas/quality.ts'
import { CURRENT_CUTTER } from '../search/term-cutter.ts'

/** Rises with each change of a score. */
export const RULES_VERSION = '1'

/** Evaluates an answer by rules. */
export function evaluateByRules({ query, response, context = [] }: EvaluationQuery): Promise<Evaluation> {
  const [asked, answered, known] = [termsOf(query), termsOf(response), termsOf(context.join('\n'))]
  const relevance = shareIn(asked, answered)
  const groundedness = context.length === 0 ? null : shareIn(answered, known)
  const scores = { relevance, completeness: relevance, coherence: 1, groundedness }
  const overall = (relevance + 2 * (groundedness ?? relevance)) / 3
  return Promise.resolve({ evaluator: RULES_EVALUATOR, version: RULES_VERSION, scores, overall, reasons: [], suggestions: [] })
}

const termsOf = (text: string): ReadonlySet<string> => new Set(CURRENT_CUTTER.ask(text))

const shareIn = (terms: ReadonlySet<string>, others: ReadonlySet<string>): number =>
  terms.size === 0 ? 0 : terms.intersection(others).size / terms.size
