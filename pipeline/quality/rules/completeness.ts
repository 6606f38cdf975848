import type { Exchange } from './exchange.ts'
import { meet } from './meeting.ts'
import { questionTerms } from './question-terms.ts'
import { askedBy } from './question-type.ts'

/** Parts of a question, at most. */
const PARTS_MAX = 6
const SEPARATORS = [
  /[?？!！。\n;；]+/,
  /(?:[,，、]\s?|\s)(?:and|or|also|plus)\s(?=(?:also |then )?(?:what|when|where|who|how|why|which|does|do|is|are|can|may|will)\b)/,
  /[,，、]?\s?(?:并且|而且|还有|另外|以及)[,，]?/,
  /[,，]\s?(?=那|运费|多少|什么|怎么|哪|能|可以|要)/,
] as const
const SPLIT = new RegExp(SEPARATORS.map(({ source }) => source).join('|'), 'iu')
const PART_CHARS_MIN = 4
/** A part that asks something; others say why it is asked. */
const ASKS =
  /\b(?:what|when|where|who|how|why|which|does|do|is|are|can|may|will)\b|[吗呢么]|什么|哪|谁|多少|几|怎|如何|为何|多[久长大高远快重]|能|可以|是否/iu

/** The parts of a question in its plain form, each of which wants its answer. At least one. */
export function partsOf(plain: string): string[] {
  const parts = plain
    .split(SPLIT)
    .map((part) => part.trim())
    .filter((part) => part.length >= PART_CHARS_MIN && ASKS.test(part))
  return parts.length < 2 ? [plain] : parts.slice(0, PARTS_MAX)
}

/** Share of a part's terms, by rarity, that stand near the answer's place or in the answer from which the part is answered. */
const ANSWERED = 0.2

/** The number of parts of a question that the passages know anything of, and how many of them the answer is about. */
export function answeredParts({ question, grounded, read, sources }: Exchange): { readonly parts: number; readonly answered: number } {
  const keys = new Set(read.units.map(({ key }) => key))
  const found = partsOf(question).flatMap((part, _, all) => {
    const terms = questionTerms(part, sources)
    const { near, inSentence, rival, inAnswer, evidence } = meet(terms, grounded, askedBy(part), sources, keys)
    if (evidence < EVIDENCE_MIN) return []
    // One question may well be answered by a sentence with few of its words; of several, each has a sentence of its own.
    const isElsewhere = all.length > 1 && rival - inSentence > RIVAL_AHEAD
    return [inAnswer >= ANSWERED || (near >= ANSWERED && !isElsewhere)]
  })
  return { parts: found.length, answered: found.filter((isAnswered) => isAnswered).length }
}

/** How much more of a part another sentence must have than that of the answer for the part to be answered there. */
const RIVAL_AHEAD = 0.5

/** A part that the passages have next to nothing of cannot be judged. */
const EVIDENCE_MIN = 0.5
