/** A logistic model: the weights of its features, and a constant. */
export interface Weights {
  readonly features: Readonly<Record<string, number>>
  readonly constant: number
}

/**
 * Whether the passages are about the question. Fitted (`node bench/eval/fit-quality.ts`) on right answers against quotations of passages to
 * other questions, of XQuAD's dev part and of the articles of `support`, in English and Chinese together, one weight for both.
 */
export const TOPIC = {
  features: { known: 12.27, evidence: 1.47, near: 5.98, inSentence: 6.08, inAnswer: 0.81 },
  constant: -4.54,
} as const satisfies Weights

/** The same with the best score of the search. Fitted on the articles of `support`, whose scores are shares of the question, 0 to 1. */
export const RETRIEVAL = { features: { topic: 0.218, score: 8.56 }, constant: -2.4 } as const satisfies Weights

/** Whether the answer's place is where the question is answered. Fitted on right answers against those beside the point, of XQuAD. */
export const PLACE = {
  features: { near: 3.11, overRival: 1.11, nearOverRival: 3.3, typed: 1.1, inAnswer: -1.6, fits: 0.99, differs: -0.71, phrase: 0.91 },
  constant: -0.27,
} as const satisfies Weights

/**
 * The odds of a relevance are multiplied by this. Both models were fitted with about as many wrong answers as right ones; real answers are
 * mostly right, and at 0.7 nine right ones of ten shall pass. By the 0.07 quantile of right answers, which is 0.3.
 */
export const ODDS = 5
