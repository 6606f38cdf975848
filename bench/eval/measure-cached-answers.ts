import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { createSearch } from '../../actors/kinds/support/search.ts'
import { type ComparedQuestion, type Difference, differenceOf } from '../../pipeline/answering/same-question.ts'
import { cosine } from '../../pipeline/embedding/cosine.ts'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { actOf } from '../../pipeline/understanding/acts/act-of.ts'
import type { PairHalf, QuestionPair } from './pair-sets.ts'

/** Thresholds that are told; `0`: the rules alone. */
export const THRESHOLDS = [0, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95] as const

/** How many pairs would share an answer, as shares from 0 to 1. */
export interface PairFigures {
  readonly lang: 'en' | 'zh'
  readonly half: PairHalf
  readonly model: string
  readonly threshold: number
  /** Of the pairs that say the same. */
  readonly hits: number
  /** Of the pairs that need another answer. */
  readonly falseHits: number
  /** Both, where the search of `support` in its articles finds the same ones in the same order, too. */
  readonly hitsWithPassages: number
  readonly falseHitsWithPassages: number
  /** The same by similarity alone, without the rules. */
  readonly hitsBySimilarity: number
  readonly falseHitsBySimilarity: number
}

interface Compared {
  readonly same: boolean
  readonly difference: Difference | undefined
  readonly similarity: number
  readonly hasSamePassages: boolean
}

const searchArticles = createSearch(loadArticles())
/** The articles are those of a shop: for another trade it finds what has the same words. */
const passagesFor = (text: string, lang: 'en' | 'zh'): string =>
  searchArticles({ text, lang, about: null, topic: null, refers: 'no' })
    .map(({ source }) => source)
    .join()

/** Compares the pairs of a language by the rules and by the vectors of a model, as a look-up does: all are questions of no conversation. */
export async function measurePairs(
  lang: 'en' | 'zh',
  half: PairHalf,
  pairs: readonly QuestionPair[],
  model: { readonly name: string; readonly embedder: Pick<LocalEmbedder, 'embed'> },
): Promise<PairFigures[]> {
  const { embedder } = model
  const [ones, others] = [
    await embedder.embed(
      pairs.map(({ a }) => a),
      'query',
    ),
    await embedder.embed(
      pairs.map(({ b }) => b),
      'query',
    ),
  ]
  const compared = pairs.map(({ a, b, same }, index): Compared => {
    const [one, other] = [ones[index], others[index]]
    if (one === undefined || other === undefined) throw new Error(`the model ${model.name} gave no vector for pair ${index + 1}`)
    return {
      same,
      difference: differenceOf(questionOf(a, lang), questionOf(b, lang)),
      similarity: cosine(one, other),
      hasSamePassages: passagesFor(a, lang) === passagesFor(b, lang),
    }
  })
  const share = (same: boolean, isHit: (pair: Compared) => boolean): number => {
    const asked = compared.filter((pair) => pair.same === same)
    return Math.round((asked.filter(isHit).length / Math.max(1, asked.length)) * 1_000) / 1_000
  }
  return THRESHOLDS.map((threshold) => {
    const isSimilar = ({ similarity }: Compared): boolean => similarity >= threshold
    const hasAll = (pair: Compared): boolean => isHit(pair) && pair.hasSamePassages
    const isHit = (pair: Compared): boolean => pair.difference === undefined && isSimilar(pair)
    return {
      lang,
      half,
      model: model.name,
      threshold,
      hits: share(true, isHit),
      falseHits: share(false, isHit),
      hitsWithPassages: share(true, hasAll),
      falseHitsWithPassages: share(false, hasAll),
      hitsBySimilarity: share(true, isSimilar),
      falseHitsBySimilarity: share(false, isSimilar),
    }
  })
}

/** A question of no conversation, as it is compared. */
export function questionOf(text: string, lang: 'en' | 'zh'): ComparedQuestion {
  const { name, confidence } = actOf(text, [])
  return { text, lang, act: name, actConfidence: confidence, entities: [] }
}
