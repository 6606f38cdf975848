/** An answer of a variant to a question. */
export interface VariantAnswer {
  /** `null` where the variant does not answer the question. */
  readonly text: string | null
  /** The passages that it cites, as an evaluator takes them, with their scores. */
  readonly context: readonly string[]
  readonly retrieval: readonly number[]
  /** From the search to the last token. */
  readonly latencyMs: number
  readonly model?: string
  readonly promptVersion?: string
  readonly tokensIn?: number
  readonly tokensOut?: number
  /** Absent where it is unknown; without a model 0. */
  readonly cost?: number
}
