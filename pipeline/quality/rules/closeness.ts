import { cosine } from '../../embedding/cosine.ts'

/** How close the passages are to a question in meaning, by an embedding model. 1 for the same text, about 0 for unrelated ones. */
export interface Closeness {
  /** Of the closest sentence of the passages. */
  readonly best: number
  /** Of the closest sentence in which the answer's place is; 0 where it has none. */
  readonly own: number
  /** `own` over the closest other sentence; negative where that is closer. */
  readonly overRival: number
}

/**
 * Sentences about other things than any question asks. Cosines of unrelated texts differ from model to model, from 0 to 0.7; the closeness
 * of a sentence is its cosine over their mean, so that one set of weights holds for all models.
 */
export const REFERENCES = {
  en: [
    'The committee met twice last year.',
    'Water boils at a lower temperature on a mountain.',
    'She studied music in Vienna.',
    'The bridge was rebuilt after the war.',
    'Prices rose by two percent.',
    'The team won the final match.',
    'Many species live in the forest.',
    'The law was passed in parliament.',
  ],
  zh: [
    '委员会去年开了两次会。',
    '水在高山上的沸点更低。',
    '她在维也纳学习音乐。',
    '战后这座桥重建了。',
    '价格上涨了百分之二。',
    '球队赢得了决赛。',
    '森林里生活着许多物种。',
    '议会通过了这项法律。',
  ],
} as const

/** Vectors have length 1. @param own numbers of the sentences in which the answer's place is */
export function closenessOf(
  question: Float32Array,
  sentences: readonly Float32Array[],
  references: readonly Float32Array[],
  own: ReadonlySet<number>,
): Closeness {
  const unrelated = references.reduce((sum, vector) => sum + cosine(question, vector), 0) / Math.max(1, references.length)
  const close = sentences.map((vector) => (cosine(question, vector) - unrelated) / Math.max(LEAST, 1 - unrelated))
  const among = (isWanted: (index: number) => boolean): number => Math.max(...close.filter((_, index) => isWanted(index)), 0)
  const mine = among((index) => own.has(index))
  return { best: among(() => true), own: mine, overRival: mine - among((index) => !own.has(index)) }
}

/** Keeps the closeness finite where a reference is the question. */
const LEAST = 0.05
