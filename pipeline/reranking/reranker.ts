/** Tells how well each of some texts answers a question, by reading both together. */
export interface Reranker {
  /** The model, for people. */
  readonly name: string
  /**
   * Scores texts, each 0 to 1, in their order. Comparable between questions.
   *
   * @param signal aborts when nobody waits for the answer any more
   * @throws ColloquyError `rerank_failed`
   */
  rerank(question: string, texts: readonly string[], signal: AbortSignal): Promise<readonly number[]>
  /** Frees the model. Pending calls end with `rerank_failed`. */
  close(): Promise<void>
}
