import { isJudging } from './sentiment-lexicon.ts'
import { eachWord } from './text-words.ts'

/** Keywords of a text, at most. */
export const KEYWORDS_MAX = 5
/** Words of a background, at most; rare ones are dropped when there are more. */
export const BACKGROUND_WORDS_MAX = 50_000
/** What a word that judges counts, such as "great": it says how the text is, and not what it is about. */
const JUDGING_WEIGHT = 0.4

/** How often words occur in texts: what is usual there. */
export interface WordCounts {
  readonly texts: number
  /** All words, with repetitions. */
  readonly words: number
  /** The texts that have a word. */
  readonly textsOf: ReadonlyMap<string, number>
}

/**
 * Counts the words of texts, as a background for keywords, such as all texts of a tenant. Holds at most `BACKGROUND_WORDS_MAX` words: where
 * there are more, those of one text are dropped, then those of two, and so on.
 */
export function countWords(texts: Iterable<string>): WordCounts {
  const textsOf = new Map<string, number>()
  let [count, words] = [0, 0]
  for (const text of texts) {
    const own = new Set<string>()
    eachWord(text, (word) => {
      words += 1
      own.add(word)
    })
    for (const word of own) textsOf.set(word, (textsOf.get(word) ?? 0) + 1)
    count += 1
    for (let least = 1; textsOf.size > BACKGROUND_WORDS_MAX; least += 1) {
      for (const [word, frequency] of textsOf) if (frequency <= least) textsOf.delete(word)
    }
  }
  return { texts: count, words, textsOf }
}

/**
 * The words that say most of a text, the best first, at most `most`. Words that occur more often come first; with a background, those that
 * are rare in it (TF-IDF). Of equal ones the earlier comes first.
 */
export function keywordsOfText(text: string, background?: WordCounts, most = KEYWORDS_MAX): string[] {
  const weights = new Map<string, number>()
  eachWord(text, (word) => weights.set(word, (weights.get(word) ?? 0) + 1))
  for (const [word, count] of weights) {
    const rarity = background === undefined ? 1 : Math.log((1 + background.texts) / (1 + (background.textsOf.get(word) ?? 0))) + 0.1
    weights.set(word, count * rarity * (isJudging(word) ? JUDGING_WEIGHT : 1))
  }
  return heaviest(weights, most).map(([word]) => word)
}

/** A word that sets a group of texts apart. */
export interface DistinctiveWord {
  readonly word: string
  /** How sure it is that the word is more frequent in the group: a z-score, 2 and more is unlikely to be chance. */
  readonly score: number
  /** Texts of the group that have it. */
  readonly texts: number
}

/** The z-score from which a word sets a group apart. */
const SCORE_MIN = 1.96
/** How much the background weighs as a prior, in words. */
const PRIOR_WORDS = 1_000

/**
 * The words that set a group of texts apart from a background that contains them, the surest first. By log-odds with an informative
 * Dirichlet prior (Monroe, Colaresi, Quinn: Fightin' Words, 2008), over texts that have a word: one text that repeats it counts once.
 * Words of a single text set no group apart.
 */
export function distinctiveWords(group: WordCounts, background: WordCounts, most = KEYWORDS_MAX): DistinctiveWord[] {
  const scores = new Map<string, number>()
  const sumOf = ({ textsOf }: WordCounts): number => [...textsOf.values()].reduce((sum, count) => sum + count, 0)
  const [inGroup, inAll] = [sumOf(group), Math.max(1, sumOf(background))]
  const inRest = Math.max(0, inAll - inGroup)
  const prior = Math.min(PRIOR_WORDS, inAll)
  for (const [word, count] of group.textsOf) {
    if (count < 2 && group.texts > 1) continue
    const all = Math.max(count, background.textsOf.get(word) ?? 0)
    const own = (prior * all) / inAll
    const rest = all - count
    const odds = Math.log((count + own) / (inGroup + prior - count - own)) - Math.log((rest + own) / (inRest + prior - rest - own))
    const score = odds / Math.sqrt(1 / (count + own) + 1 / (rest + own))
    if (score >= SCORE_MIN) scores.set(word, score)
  }
  return heaviest(scores, most).map(([word, score]) => ({ word, score, texts: group.textsOf.get(word) ?? 0 }))
}

/** The heaviest entries, of equal ones those that were added first. */
const heaviest = (weights: ReadonlyMap<string, number>, most: number): (readonly [string, number])[] =>
  [...weights].sort(([, one], [, other]) => other - one).slice(0, most)
