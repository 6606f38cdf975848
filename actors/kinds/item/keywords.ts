import { topicsSchema } from '../../../schemas/catalogue-events.ts'
import { eachWord } from '../../analysing/text-words.ts'

/** Topics that are taken from a text. */
const KEYWORDS_MAX = 5
/** A word of the title counts as often as this many of the text. */
const TITLE_WEIGHT = 3

/** The words of an item that say most of it, the most frequent first, words of the title before those of the text. */
export function keywordsOf(title: string, text: string): string[] {
  const counts = new Map<string, number>()
  const count = (from: string, weight: number): void => eachWord(from, (word) => counts.set(word, (counts.get(word) ?? 0) + weight))
  count(title, TITLE_WEIGHT)
  count(text, 1)
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([word]) => word)
    .filter((word) => topicsSchema.safeParse([word]).success)
    .slice(0, KEYWORDS_MAX)
}
