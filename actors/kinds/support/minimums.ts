/** The least quality of an answer that is sent, 0 to 1. */
export interface Minimums {
  /** Of a model's answer. Default 0.7. */
  readonly qualityMin: number
  /**
   * Of a quotation. It invents nothing and can only be beside the question, so its bound is lower. Default 0.5: of the 172 questions about
   * the articles, this holds back 3 % of the quotations that answer, and 75 % of those from an unrelated article (0.7: 6 % and 81 %).
   */
  readonly quotationMin: number
}

export const MINIMUMS: Minimums = { qualityMin: 0.7, quotationMin: 0.5 }
