import type { EvaluationQuery } from '../../actors/definition/task-evaluation.ts'
import type { Evaluation } from '../../schemas/quality.ts'

/** Evaluates an answer. The same question, answer and passages give the same evaluation. */
export type Evaluate = (query: EvaluationQuery) => Promise<Evaluation>
