import { withoutFillers } from './fillers.ts'
import { type GroundedSentence, groundSentences } from './grounding.ts'
import { type QuestionTerm, questionTerms } from './question-terms.ts'
import { PASSAGE_CHARS_MAX, QUERY_CHARS_MAX, RESPONSE_CHARS_MAX } from './rules-limits.ts'
import { readSources, type Sources } from './sources.ts'
import { plainText, type ReadText, readUnits } from './units.ts'

/** A question and an answer as all rules read them. Texts are in their plain form. */
export interface Exchange {
  readonly question: string
  readonly terms: readonly QuestionTerm[]
  /** The answer as it came, and without citations and polite words. */
  readonly whole: string
  readonly answer: string
  /** The units of `answer`. */
  readonly read: ReadText
  readonly grounded: readonly GroundedSentence[]
  readonly sources: Sources
}

/** Whether there is a letter or a digit. */
export const HAS_CONTENT = /[\p{L}\p{N}]/u

/** Reads question, answer and passages once for all rules, as far as `rules-limits.ts` allows. */
export function readExchange(query: string, response: string, context: readonly string[]): Exchange {
  const question = plainText(query.slice(0, QUERY_CHARS_MAX))
  const whole = plainText(response.slice(0, RESPONSE_CHARS_MAX))
  const answer = withoutFillers(whole)
  const sources = readSources(context.filter((passage) => HAS_CONTENT.test(passage.slice(0, PASSAGE_CHARS_MAX))))
  const read = readUnits(answer)
  return { question, terms: questionTerms(question, sources), whole, answer, read, grounded: groundSentences(read, sources), sources }
}
