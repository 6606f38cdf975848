import type { Evaluation } from '../../schemas/quality.ts'

/** An answer that is to be evaluated, and what is known of it. */
export interface EvaluationQuery {
  /** The question; empty where there is none, as for an answer that nobody asked for. */
  readonly query: string
  /** The answer, without its citations. */
  readonly response: string
  /** The passages that the answer cites, best first. Default: none, and its groundedness is unknown. */
  readonly context?: readonly string[] | undefined
  /** Scores of these passages in the search that found them, 0 to 1, in the same order. Default: unknown. */
  readonly retrieval?: readonly number[] | undefined
  /** BCP 47; the language that the answer should have. Default: that of the question. */
  readonly lang?: string | undefined
}

/** Evaluates answers, as a task sees it. */
export interface TaskEvaluation {
  /** The same question, answer and passages give the same evaluation. It neither searches nor calls a server. */
  evaluate(query: EvaluationQuery): Promise<Evaluation>
}
