import type { Language } from '../support/found.ts'
import { isParting } from '../support/gratitude.ts'
import { plainMoveOf } from '../support/moves.ts'
import { answerAmong, type Remembered } from './recall.ts'
import { asks, asksOfAssistant } from './statements.ts'

type InBoth = Readonly<Record<Language, string>>

const SENTENCES = {
  greeting: { en: 'Hello! I am an automatic assistant.', zh: '您好！我是自动助手。' },
  goodbye: { en: 'Goodbye!', zh: '再见！' },
  thanks: { en: "You're welcome!", zh: '不客气！' },
  person: { en: 'I am an automatic assistant and cannot pass you on to a person here.', zh: '我是自动助手，在这里无法为您转接人工。' },
  empty: { en: 'Your message has no text. What would you like to say?', zh: '您的消息里没有文字。您想说什么？' },
  noted: { en: 'Noted. I keep what you say and can repeat it to you.', zh: '记下了。您说的话我会保留，需要时可以告诉您。' },
  unknown: {
    en: 'I do not know that. I can only repeat what you have told me in this conversation, and I find nothing about it there.',
    zh: '这个我不知道。我只能复述您在这段对话里告诉过我的内容，其中没有找到相关的话。',
  },
  failed: {
    en: "I'm sorry, something went wrong on our side. Please say it again in a moment.",
    zh: '非常抱歉，我们这边出了点问题。请稍后再说一次。',
  },
  full: {
    en: 'I am still busy with your earlier messages and have not read this one. Please send it again afterwards.',
    zh: '您之前的消息我还在处理，这一条没有读。请稍后再发一次。',
  },
  correct: { en: 'Some fields of the form need a correction.', zh: '表单中有几处需要更正。' },
} as const satisfies Readonly<Record<string, InBoth>>

/** A fixed sentence of the kind. */
export const chatSentence = (key: keyof typeof SENTENCES, lang: Language): string => SENTENCES[key][lang]

/** What is said with a form. */
export const fillIn = (title: string, lang: Language): string => (lang === 'zh' ? `请填写：${title}` : `Please fill in: ${title}`)

/** A reply without a language model, and the message that it quotes. */
export interface PlainReply {
  readonly text: string
  readonly quoted?: Remembered
  readonly made: 'courtesy' | 'memory'
}

/**
 * Replies without a language model: courtesies, what the person said before, or that it is not known. Nothing is made up.
 *
 * @param remembered what was said earlier, oldest first
 */
export function plainReply(text: string, lang: Language, remembered: readonly Remembered[]): PlainReply {
  const say = (key: keyof typeof SENTENCES, made: PlainReply['made']): PlainReply => ({ text: SENTENCES[key][lang], made })
  if (text.trim() === '') return say('empty', 'courtesy')
  const move = plainMoveOf(text)
  if (move === 'person') return say('person', 'courtesy')
  if (move === 'thanks' || move === 'praise') return say('thanks', 'courtesy')
  if (move !== undefined) return say(isParting(text) ? 'goodbye' : 'greeting', 'courtesy')
  if (!asks(text)) return say('noted', 'memory')
  const quoted = asksOfAssistant(text) ? undefined : answerAmong(remembered)
  if (quoted === undefined) return say('unknown', 'memory')
  const date = quoted.at.slice(0, 10)
  return { text: lang === 'zh' ? `您在 ${date} 说过：“${quoted.text}”` : `You said on ${date}: “${quoted.text}”`, quoted, made: 'memory' }
}
