import { foldHan } from '../../../core/fold-text.ts'
import { LOOKUPS_MAX, type Omitted, QUESTION_CHARS_MAX } from '../found.ts'
import { plainMoveOf } from '../moves.ts'
import { namesNothing } from './follow-up.ts'

const ASKING = String.raw`how|what|when|where|which|who|whose|why|can|could|may|do|does|did|is|are|will|would|should|have|has|was|were`
/** Ends of sentences, and places within one where another question begins. */
const BOUNDARY = new RegExp(
  String.raw`(?<=[?!？！。；;\n]+)\s*(?=\S)|(?<=[a-z\d)]\.)\s+(?=\S)`
    + String.raw`|[,;]?\s+(?=(?:and|or|also|plus)[,\s]+(?:also[,\s]+|then[,\s]+)?(?:until\s+|from\s+|to\s+|for\s+|in\s+)?(?:${ASKING})\b)`
    + String.raw`|,\s+(?=(?:${ASKING})\b)`
    + String.raw`|(?<=(?:吗|呢|么|多少钱?|多久|怎么办|怎么\p{Script=Han}{1,8}))[，,\s]+(?=\S)|[，,]\s*(?=还有|另外|顺便|以及|再问|同时)`,
  'iu',
)
const LINKS = 'and|or|also|plus|then|so|but|please|ok|two things|one more|another'
const IS_QUESTION = new RegExp(
  String.raw`[?？]|^\W*(?:(?:${LINKS})\W+)*(?:(?:until|from|to|for|in)\s+)?(?:${ASKING})\b`
    + String.raw`|^\W*(?:(?:${LINKS})\W+)*(?:tell\s+me|i\s+(?:want|need|would\s+like)\s+to\s+know)\b`
    + '|吗|呢|什么|怎么|怎样|如何|多少|多久|多长|多大|几|哪|谁|为什么|能不能|可不可以|是不是|有没有|行不行|会不会|要不要',
  'iu',
)

/** The first `LOOKUPS_MAX` questions of a message, and what of it is not looked up; `undefined` where all of it is. */
export interface Questions {
  readonly questions: readonly string[]
  readonly omitted: Omitted | undefined
}

/**
 * The questions of a message, in their order, none twice. A sentence that asks nothing belongs to the question after it, or else before
 * it; greetings and thanks belong to none. A message with one question, or none, is one whole.
 */
export function questionsIn(message: string): Questions {
  const all = allIn(message)
  const isCut = message.length > QUESTION_CHARS_MAX || (message.length >= QUESTION_CHARS_MAX - 1 && message.endsWith(CUT))
  return { questions: all.slice(0, LOOKUPS_MAX), omitted: all.length > LOOKUPS_MAX ? 'questions' : isCut ? 'text' : undefined }
}

/** How `clip` ends a message that it has cut, by one unit more where that splits a character. */
const CUT = '…'

function allIn(message: string): readonly string[] {
  const pieces = sentencesOf(message.slice(0, QUESTION_CHARS_MAX))
  const found: string[] = []
  let before = ''
  for (const piece of pieces) {
    if (!IS_QUESTION.test(foldHan(piece)) || namesNothing(piece)) {
      before = `${before} ${piece}`.trim()
      continue
    }
    found.push(`${before} ${piece}`.trim())
    before = ''
  }
  const questions = [...new Set(found)]
  if (questions.length < 2) return [message]
  return [...questions.slice(0, -1), `${questions.at(-1)} ${before}`.trim()]
}

const sentencesOf = (text: string): string[] =>
  text
    .split(BOUNDARY)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '' && plainMoveOf(sentence) === undefined)
