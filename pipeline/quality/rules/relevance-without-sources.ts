import { typeFit } from './answer-type.ts'
import type { Exchange } from './exchange.ts'
import { isAsked } from './question-terms.ts'
import { askedBy } from './question-type.ts'

/** Relevance of an answer that has nothing in common with the question, and what common words and the type can add. */
const [LEAST, BY_WORDS, BY_TYPE] = [0.2, 0.5, 0.3] as const
/** Share of the question's terms in the answer from which more say no more. */
const WORDS_FULL = 0.5

/** Relevance where no passage is cited: words in common, and whether the answer has what the question asks for. 0 to 1. */
export function relevanceWithoutSources({ question, answer, terms, read }: Exchange): number {
  const all = terms.reduce((sum, { weight }) => sum + weight, 0)
  const keys = new Set(read.units.map(({ key }) => key))
  const common = terms.reduce((sum, { keys: parts, weight }) => sum + (parts.every((part) => keys.has(part)) ? weight : 0), 0)
  const words = all === 0 ? 1 : Math.min(1, common / all / WORDS_FULL)
  const asked = askedBy(question)
  const fit = asked === 'other' ? 'unknown' : typeFit(asked, read, answer, (unit) => isAsked(unit, terms))
  const type = fit === 'fits' ? 1 : fit === 'unknown' ? words : 0
  return LEAST + BY_WORDS * words + BY_TYPE * type
}
