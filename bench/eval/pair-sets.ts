import { z } from 'zod'
import { readLines } from './json-lines.ts'

const pairSchema = z.object({
  a: z.string().min(1),
  b: z.string().min(1),
  /** Whether one answer serves both. */
  same: z.boolean(),
  why: z.string(),
})
/** Two questions of customers that say the same, or are close in words and need another answer. */
export type QuestionPair = z.output<typeof pairSchema>

/** Who wrote the pairs: the author of the rules that compare them, or somebody who did not know the rules. */
export const PAIR_HALVES = { author: 'a', blind: 'b' } as const
export type PairHalf = keyof typeof PAIR_HALVES

/** Two hundred pairs of a half in a language, written for this repository. */
export const readPairs = (lang: 'en' | 'zh', half: PairHalf): Promise<QuestionPair[]> =>
  readLines(new URL(`pairs-${lang}-${PAIR_HALVES[half]}.jsonl`, import.meta.url), pairSchema)
