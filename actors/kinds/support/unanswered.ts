import { questionsIn } from './asking/questions-in.ts'
import { clip } from './clip.ts'
import { type Language, LOOKUPS_MAX, type Omitted, QUESTION_CHARS_MAX } from './found.ts'

/** UTF-16 units of a question that a reply repeats. */
const REPEATED_CHARS_MAX = 100

const repeated = (question: string, lang: Language): string => {
  const short = clip(question, REPEATED_CHARS_MAX)
  return lang === 'zh' ? `“${short}”` : `"${short}"`
}

/**
 * Says which questions of a message have no answer in the reply, in the words of the customer where rules have found them.
 *
 * @param lookups of the message, and those without an answer by their places
 */
export function unanswered(text: string, lookups: readonly string[], open: readonly number[], lang: Language): string {
  const { questions } = questionsIn(text)
  const words = questions.length === lookups.length ? questions : lookups
  const named = open.map((index) => repeated(words[index] ?? '', lang))
  return lang === 'zh' ? `我没有找到答案的问题：${named.join('、')}。` : `I found no answer to ${named.join(' or to ')}.`
}

/** A message as far as it was looked up. */
interface PartlyLookedUp {
  readonly text: string
  readonly lang: Language
  readonly omitted?: Omitted | undefined
}

/** A reply that says what of the message it does not answer since it was not looked up, and asks for it again. */
export function withOmitted(reply: string, asked: PartlyLookedUp | undefined): string {
  if (asked?.omitted === undefined) return reply
  const { text, lang, omitted } = asked
  if (omitted === 'text') {
    return lang === 'zh'
      ? `${reply}\n您的消息太长，我只读了前${QUESTION_CHARS_MAX}个字。后面的内容请另发一条消息。`
      : `${reply}\nYour message was too long for me: I read only its first ${QUESTION_CHARS_MAX} characters. `
          + 'Please send the rest in a new message.'
  }
  const last = repeated(questionsIn(text).questions.at(-1) ?? text, lang)
  return lang === 'zh'
    ? `${reply}\n您一次问了很多问题，我只查到${last}为止。其余的请再问一次，每条消息最多${LOOKUPS_MAX}个问题。`
    : `${reply}\nI looked up your message only up to ${last}. Please ask the other questions again, at most ${LOOKUPS_MAX} in one message.`
}
