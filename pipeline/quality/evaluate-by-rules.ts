import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import { type Evaluation, RULES_EVALUATOR } from '../../schemas/quality.ts'
import type { QuestionVectors } from '../embedding/question-vectors.ts'
import type { Evaluate } from './evaluator.ts'
import { questionCloseness } from './question-closeness.ts'
import { readExchange } from './rules/exchange.ts'
import { relevanceFeatures } from './rules/relevance.ts'
import { scoreExchange } from './rules/score.ts'

export type { RulesReason } from './rules/score.ts'

/** Rises with each change of a score. */
export const RULES_VERSION = '3'
/** The version of an evaluation in which an embedding model took part. */
export const RULES_WITH_VECTORS_VERSION = `${RULES_VERSION}-vectors`

/**
 * Evaluates an answer by rules, in English and Chinese; in other languages by what does not depend on words. A pure function: the same
 * question, answer and passages give the same evaluation. It reads the beginning of long texts (`rules/rules-limits.ts`), so that 1 MB
 * takes some tens of milliseconds. docs/quality.md has the formula and the figures.
 */
export function evaluateByRules(query: EvaluationQuery): Promise<Evaluation> {
  return Promise.resolve(scoreByRules(query))
}

/** The same, at once. */
export function scoreByRules(query: EvaluationQuery): Evaluation {
  const exchange = readExchange(query.query, query.response, query.context ?? [])
  const scored = scoreExchange(exchange, relevanceFeatures(exchange), query)
  return { evaluator: RULES_EVALUATOR, version: RULES_VERSION, ...scored }
}

/**
 * Creates an evaluator by rules that also asks an embedding model how close the passages are to the question. Its evaluations are of
 * another version, `RULES_WITH_VECTORS_VERSION`. Where the model is not one of meaning, or does not answer, it
 * evaluates as `evaluateByRules` does.
 *
 * @param options.vectors embeds the question, and at most `EMBEDDED_SENTENCES_MAX` sentences of the passages
 */
export function createRulesEvaluator({ vectors }: { readonly vectors: QuestionVectors }): Evaluate {
  return async (query) => {
    const exchange = readExchange(query.query, query.response, query.context ?? [])
    const features = relevanceFeatures(exchange)
    const closeness = await questionCloseness(vectors, exchange, features.meeting.own)
    const scored = scoreExchange(exchange, features, query, closeness)
    return { evaluator: RULES_EVALUATOR, version: closeness === undefined ? RULES_VERSION : RULES_WITH_VECTORS_VERSION, ...scored }
  }
}
