import pLimit from 'p-limit'
import type { EvaluationQuery } from '../../../actors/definition/task-evaluation.ts'
import { codeOf, ColloquyError, messageOf } from '../../../schemas/errors.ts'
import type { Evaluation } from '../../../schemas/quality.ts'
import { answerQuestion, type VariantParts } from './answer-question.ts'
import type { DatasetQuestion } from './question-lines.ts'
import type { VariantAnswer } from './variant-answer.ts'

/** What came of a question with a variant. */
export interface VariantResult {
  /** Absent where it failed. */
  readonly answer?: VariantAnswer
  /** Absent where there is no answer. */
  readonly evaluation?: Evaluation
  readonly error?: { readonly code: string; readonly message: string }
}

/** A question with what came of it, of the first variant and of the second. */
export interface QuestionResult {
  readonly question: DatasetQuestion
  readonly a: VariantResult
  readonly b: VariantResult
}

export interface ExperimentOptions {
  readonly questions: readonly DatasetQuestion[]
  readonly a: VariantParts
  readonly b: VariantParts
  readonly evaluate: (query: EvaluationQuery, signal: AbortSignal) => Promise<Evaluation>
  /** Questions at a time. */
  readonly concurrencyMax: number
  readonly signal: AbortSignal
  /** Called after each question. */
  readonly onResult: (result: QuestionResult, done: number) => void
}

/** A variant that fails so often without an answer between has nothing to compare; the rest would cost time and money. */
export const FAILURES_MAX = 20

/**
 * Answers all questions with both variants and evaluates the answers. Every second question goes to the second variant first, so that
 * neither is favoured by what the other has warmed up.
 *
 * @returns in the order of the questions
 * @throws ColloquyError `experiment_failed` if a variant fails too often in a row, or has no answer at all
 */
export async function runExperiment(options: ExperimentOptions): Promise<QuestionResult[]> {
  const { questions, a, b, concurrencyMax, onResult } = options
  const given = new AbortController()
  const signal = AbortSignal.any([options.signal, given.signal])
  const failures = { a: 0, b: 0 }
  let done = 0

  const run = async (side: 'a' | 'b', question: DatasetQuestion): Promise<VariantResult> => {
    signal.throwIfAborted()
    try {
      const result = await answerAndEvaluate(side === 'a' ? a : b, question)
      failures[side] = 0
      return result
    } catch (error) {
      signal.throwIfAborted()
      const failure = { code: codeOf(error) ?? 'error', message: messageOf(error) }
      failures[side] += 1
      if (failures[side] >= FAILURES_MAX) given.abort(failed(side, FAILURES_MAX, failure))
      return { error: failure }
    }
  }
  const answerAndEvaluate = async (parts: VariantParts, question: DatasetQuestion): Promise<VariantResult> => {
    const answer = await answerQuestion(parts, question, signal)
    if (answer.text === null) return { answer }
    const { query, lang } = question
    const { text: response, context, retrieval } = answer
    return { answer, evaluation: await options.evaluate({ query, response, context, retrieval, lang }, signal) }
  }

  const limit = pLimit(concurrencyMax)
  const results = await Promise.all(
    questions.map((question, index) =>
      limit(async () => {
        const order = index % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)
        const first = await run(order[0], question)
        const second = await run(order[1], question)
        const result = index % 2 === 0 ? { question, a: first, b: second } : { question, a: second, b: first }
        onResult(result, ++done)
        return result
      }),
    ),
  )
  signal.throwIfAborted()
  for (const side of ['a', 'b'] as const) {
    const errors = results.flatMap((result) => result[side].error ?? [])
    if (errors.length === results.length && errors[0] !== undefined) throw failed(side, errors.length, errors[0])
  }
  return results
}

const failed = (side: 'a' | 'b', times: number, { code, message }: { readonly code: string; readonly message: string }): ColloquyError =>
  new ColloquyError('experiment_failed', `variant ${side} failed ${times} times in a row, at last with ${code}: ${message}`)
