import { foldHan } from '../../../core/fold-text.ts'
import { LOOKUPS_MAX } from '../found.ts'
import { plainMoveOf } from '../moves.ts'
import { namesNothing } from './follow-up.ts'

/** UTF-16 units of a message that are read. */
const CHARS_MAX = 1000
/** Sentences of a message that are read; the rest belongs to the last of them. */
const SENTENCES_MAX = 24

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

/**
 * The questions of a message, in their order, at most `LOOKUPS_MAX`, none twice. A sentence that asks nothing belongs to the question
 * after it, or else before it; greetings and thanks belong to none. A message with one question, or none, is one whole.
 */
export function questionsIn(message: string): readonly string[] {
  const pieces = sentencesOf(message.slice(0, CHARS_MAX))
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
  const rest = [...questions.slice(LOOKUPS_MAX - 1), ...(before === '' ? [] : [before])]
  return questions.length < LOOKUPS_MAX
    ? [...questions.slice(0, -1), `${questions.at(-1)} ${before}`.trim()]
    : [...questions.slice(0, LOOKUPS_MAX - 1), rest.join(' ')]
}

function sentencesOf(text: string): string[] {
  const all = text
    .split(BOUNDARY)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '' && plainMoveOf(sentence) === undefined)
  return [...all.slice(0, SENTENCES_MAX - 1), ...(all.length < SENTENCES_MAX ? [] : [all.slice(SENTENCES_MAX - 1).join(' ')])]
}
