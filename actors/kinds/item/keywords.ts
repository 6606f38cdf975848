import { topicsSchema } from '../../../schemas/catalogue-events.ts'

/** Topics that are taken from a text. */
const KEYWORDS_MAX = 5
/** A word of the title counts as often as this many of the text. */
const TITLE_WEIGHT = 3
/** Letters of the shortest word: Latin letters say little in two, Han characters much. */
const [LETTERS_MIN, HAN_MIN] = [3, 2]
const HAN = /^\p{Script=Han}+$/u

const COMMON = new Set(
  `the and for with from that this these those are was were has have had its your our their his her you they them not but all any can will
  into over more most than then when where which who what how why also only just very one two new best good great set
  可以 我们 你们 他们 这个 那个 一个 一种 以及 或者 因为 所以 如果 没有 非常 适合 使用 具有 进行 通过 各种 产品`.split(/\s+/),
)

/** The words of an item that say most of it, the most frequent first, words of the title before those of the text. */
export function keywordsOf(title: string, text: string): string[] {
  const counts = new Map<string, number>()
  const count = (from: string, weight: number): void => {
    for (const { segment, isWordLike } of new Intl.Segmenter('zh', { granularity: 'word' }).segment(from.toLowerCase())) {
      const least = HAN.test(segment) ? HAN_MIN : LETTERS_MIN
      if (!isWordLike || [...segment].length < least || COMMON.has(segment) || /^\d/.test(segment)) continue
      counts.set(segment, (counts.get(segment) ?? 0) + weight)
    }
  }
  count(title, TITLE_WEIGHT)
  count(text, 1)
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([word]) => word)
    .filter((word) => topicsSchema.safeParse([word]).success)
    .slice(0, KEYWORDS_MAX)
}
