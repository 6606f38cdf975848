import { z } from 'zod'
import type { ErrorCode } from '../../../../schemas/error-codes.ts'
import { ColloquyError } from '../../../../schemas/errors.ts'
import { jsonIn, parseJson } from '../../../../schemas/json.ts'
import { clip } from '../clip.ts'
import { LOOKUP_CHARS_MAX, LOOKUPS_MAX } from '../found.ts'
import { termsOf, wordsOf } from '../terms.ts'
import type { Message } from './asked.ts'

/** Share of a rewritten question's words that the conversation must have: a model that invents is not followed. */
const KNOWN_SHARE_MIN = 0.5
/** UTF-16 units of an unfit answer that an error repeats. */
const SHOWN_CHARS_MAX = 80

const rewrittenSchema = z.array(z.string().trim().min(1).max(LOOKUP_CHARS_MAX)).min(1).max(LOOKUPS_MAX)

/**
 * The questions that a model has written in place of a message: a JSON array of 1 to `LOOKUPS_MAX`, which may stand among other text.
 *
 * @param model its name, for errors
 * @throws ColloquyError `model_structure` where it wrote no such array, or words that nobody said
 */
export function rewrittenQuestions(written: string, { text, turns }: Message, model: string): string[] {
  const unfit = (what: string): ColloquyError =>
    new ColloquyError(
      'model_structure' satisfies ErrorCode,
      `${model} ${what}; use a larger model, or leave this to the rules with COLLOQUY_LLM_REWRITE_MS=0`,
    )
  const list = jsonIn(written) ?? parseJson(written.slice(written.indexOf('['), written.lastIndexOf(']') + 1))
  const read = rewrittenSchema.safeParse(list)
  if (!read.success)
    throw unfit(`wrote no JSON array of 1 to ${LOOKUPS_MAX} questions, but ${JSON.stringify(clip(written, SHOWN_CHARS_MAX))}`)
  const lookups = read.data.map((one) => clip(one, LOOKUP_CHARS_MAX))
  const known = new Set(termsOf([text, ...turns.map((turn) => turn.text)].join('\n')))
  for (const lookup of lookups) {
    const words = wordsOf(lookup)
    const share = words.filter((word) => termsOf(word).some((term) => known.has(term))).length / Math.max(1, words.length)
    if (words.length === 0 || share < KNOWN_SHARE_MIN)
      throw unfit(`wrote words that nobody said: ${JSON.stringify(clip(lookup, SHOWN_CHARS_MAX))}`)
  }
  return lookups
}
