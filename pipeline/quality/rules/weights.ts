/** A logistic model: the weights of its features, and a constant. */
export interface Weights {
  readonly features: Readonly<Record<string, number>>
  readonly constant: number
}

/** The logit that a model gives to values; a missing one counts 0. */
export const logitOf = ({ features, constant }: Weights, values: Readonly<Record<string, number>>): number =>
  Object.entries(features).reduce((sum, [name, weight]) => sum + weight * (values[name] ?? 0), constant)

/**
 * Whether the passages are about the question. Fitted (`node bench/eval/fit-quality.ts`) on right answers against quotations of passages to
 * other questions, of XQuAD's dev part and of the articles of `support`, in English and Chinese together, one weight for both.
 */
export const TOPIC = {
  features: { known: 12.5, evidence: 1.52, near: 5.28, inSentence: 6.13, inAnswer: 0.617 },
  constant: -4.55,
} as const satisfies Weights

/** The same with the best score of the search. Fitted on the articles of `support`, whose scores are shares of the question, 0 to 1. */
export const RETRIEVAL = { features: { topic: 0.223, score: 8.47 }, constant: -2.39 } as const satisfies Weights

/** Whether the answer's place is where the question is answered. Fitted on right answers against those beside the point, of XQuAD. */
export const PLACE = {
  features: { near: 3.02, overRival: 1.31, nearOverRival: 3.2, typed: 0.861, inAnswer: -1.47, fits: 1.06, differs: -1.76, phrase: 0.855 },
  constant: -0.0409,
} as const satisfies Weights

/**
 * Both again with an embedding model: the logit from above, and the closeness. Fitted on the same answers, with all-MiniLM-L6-v2,
 * bge-small-en and bge-small-zh together.
 */
export const TOPIC_BY_MEANING = { features: { topic: 0.478, best: 19.6 }, constant: -6.54 } as const satisfies Weights
export const PLACE_BY_MEANING = { features: { place: 0.901, own: -1.91, overRival: 3.62 }, constant: 1.25 } as const satisfies Weights

export const RELEVANCE_MODELS = {
  topic: TOPIC,
  retrieval: RETRIEVAL,
  place: PLACE,
  topicByMeaning: TOPIC_BY_MEANING,
  placeByMeaning: PLACE_BY_MEANING,
} as const

/**
 * The odds of a relevance are multiplied by this. Both models were fitted with about as many wrong answers as right ones; real answers are
 * mostly right, and at 0.7 nine right ones of ten shall pass. By the 0.07 quantile of right answers, which is 0.3.
 */
export const ODDS = 5
