import { hash } from 'node:crypto'
import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import { type Evaluation, MODEL_EVALUATOR, RULES_EVALUATOR } from '../../schemas/quality.ts'
import { RULES_VERSION } from '../quality/evaluate-by-rules.ts'
import type { Evaluate } from '../quality/evaluator.ts'
import { answerKey, type RecordedAnswer } from './recorded-answers.ts'

/** An evaluation, and what it cost where a model made it. */
export interface Judgement extends Evaluation {
  readonly tokensIn?: number | undefined
  readonly tokensOut?: number | undefined
  readonly cost?: number | undefined
}

/** An evaluator as the judge uses it. */
export interface JudgeEvaluator {
  readonly evaluator: string
  readonly version: string
  /** @throws ColloquyError `judge_unavailable` if its server is away: the answer is judged again. After any other error it goes to DEAD. */
  evaluate(query: EvaluationQuery, signal: AbortSignal): Promise<Judgement>
}

/** The rules as a judge. */
export const judgeByRules = (evaluate: Evaluate): JudgeEvaluator => ({ evaluator: RULES_EVALUATOR, version: RULES_VERSION, evaluate })

/** Whether the role judge adds the judgement of an evaluator: the rules leave out what a task has evaluated, a model judges that too. */
export const isLacking = ({ evaluator }: JudgeEvaluator, { evaluatedBy }: RecordedAnswer): boolean =>
  evaluatedBy === undefined || (evaluator === MODEL_EVALUATOR && !evaluatedBy.startsWith(`${MODEL_EVALUATOR}@`))

/** Whether an answer is in a sample: the same answer always is or never is, and a larger sample has all of a smaller one. */
export function isSampled(answer: Pick<RecordedAnswer, 'address' | 'id'>, share: number): boolean {
  if (share >= 1) return true
  const bytes = Buffer.from(hash('sha256', answerKey(answer)), 'hex')
  return bytes.readUInt32BE(0) / 2 ** 32 < share
}

/**
 * Whether a judgement by a version of an evaluator makes one by another version needless: it is the same or a newer one. Versions begin
 * with a number that rises. What follows names a model; versions that differ in it alone do not replace each other.
 */
export const covers = (recorded: string, wanted: string): boolean =>
  recorded === wanted || Number.parseInt(recorded, 10) > Number.parseInt(wanted, 10)
