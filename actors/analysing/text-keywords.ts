/** Keywords of a text, at most. */
export const KEYWORDS_MAX = 5
const CHARACTERS_MAX = 2_000
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

/** The words that say most of a text, the best first. */
export function keywordsOfText(text: string): string[] {
  const counts = new Map<string, number>()
  for (const { segment, isWordLike } of SEGMENTER.segment(text.slice(0, CHARACTERS_MAX).toLowerCase())) {
    if (isWordLike && segment.length > 1) counts.set(segment, (counts.get(segment) ?? 0) + 1)
  }
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, KEYWORDS_MAX)
    .map(([word]) => word)
}
