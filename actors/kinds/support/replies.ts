import type { Act } from '../../../schemas/dialogue-acts.ts'
import type { Answer } from './definition.ts'
import type { Hit, Language } from './found.ts'
import { isDecline, isParting } from './gratitude.ts'
import type { Move } from './moves.ts'

type InBoth = Readonly<Record<Language, string>>

/**
 * Why a case is handed to a person. `low_quality`: the answers that there were did not pass the gate. `agent_took_over`: the desk took the
 * case without a call.
 */
export type EscalationReason =
  'customer_asked' | 'low_confidence' | 'low_quality' | 'task_failed' | 'negative_feedback' | 'backlog' | 'agent_took_over'

/** Moves that are replied to without a search, and leave the case with the machine. */
export const COURTESIES = ['courtesy', 'thanks', 'praise'] as const satisfies readonly Move[]
export type Courtesy = (typeof COURTESIES)[number]

const CATALOGUE = {
  greeting: { en: 'Hello! I am an automatic assistant. What can I do for you?', zh: '您好！我是智能助手，请问有什么可以帮您？' },
  goodbye: { en: 'Goodbye, and have a nice day!', zh: '再见，祝您生活愉快！' },
  declined: { en: 'All right. If you need anything else, just write.', zh: '好的，有需要随时告诉我。' },
  machine: {
    en: 'I am an automatic assistant. If you would rather talk to a person, just say "agent".',
    zh: '我是智能助手。如果您想跟真人聊，说一声“转人工”就行。',
  },
  thanks: { en: "You're welcome! Is there anything else?", zh: '不客气！还有什么可以帮您的吗？' },
  content: { en: "I'm glad to hear that. Thank you for telling us!", zh: '很高兴能帮到您，谢谢您的反馈！' },
  sorry: {
    en: 'I\'m sorry about that. Tell me in a few words what is still open and I\'ll try again, or say "agent" for a person.',
    zh: '非常抱歉给您带来不便。请简单说说还有什么没解决，我再试一次；想找真人的话，请说“转人工”。',
  },
  otherLanguage: { en: 'I found this in another language only:', zh: '我只找到其他语言的答案：' },
  unsure: {
    en:
      "I'm not sure that I understood, and I don't want to guess."
      + ' Could you put it in other words, or name the product? For a person, say "agent".',
    zh: '抱歉，我没找到有把握的答案，也不想乱猜。能换个说法，或者告诉我是哪款商品吗？想找真人请说“转人工”。',
  },
  failed: {
    en: "I'm sorry, something went wrong on our side and I could not look this up. Please ask me again in a moment.",
    zh: '非常抱歉，我们这边出了点问题，暂时查不到。请稍后再问我一次。',
  },
} as const satisfies Readonly<Record<string, InBoth>>

export type ReplyKey = keyof typeof CATALOGUE

const HANDOVER: Readonly<Record<Exclude<EscalationReason, 'agent_took_over'>, InBoth>> = {
  customer_asked: {
    en: 'Of course. I am passing you on to a colleague, who sees everything we have written.',
    zh: '好的，马上为您转接人工客服，前面的聊天内容同事都能看到。',
  },
  low_confidence: {
    en: 'I still have no reliable answer, so I am passing this on to a colleague.',
    zh: '我还是没有可靠的答案，已经把您的问题转给人工客服。',
  },
  low_quality: {
    en: 'I have no answer to this that I can stand by, so I am passing it on to a colleague.',
    zh: '这个问题我没有可靠的答案，已经为您转给人工客服。',
  },
  task_failed: {
    en: "I'm sorry, it still does not work on our side. I am passing this on to a colleague.",
    zh: '非常抱歉，系统仍然有问题，已经把您的问题转给人工客服。',
  },
  negative_feedback: {
    en: "I'm sorry that we let you down. I am passing this on to a colleague, who will look after it.",
    zh: '非常抱歉让您不满意，已经转给人工客服，同事会跟进处理。',
  },
  backlog: {
    en: 'That is a lot at once, so I am passing all your messages on to a colleague.',
    zh: '您的问题比较多，我已经全部转给人工客服，由同事一并处理。',
  },
}

/** A fixed reply in a language. */
export const sentence = (key: ReplyKey, lang: Language): string => CATALOGUE[key][lang]

/** The reply that hands a case to a person. */
export const handover = (reason: Exclude<EscalationReason, 'agent_took_over'>, lang: Language): string => HANDOVER[reason][lang]

const MACHINE = /\b(robot|bot|ai|real|human|person|who are you|your name)\b|机器人|真人|你是谁|叫什么/i

/** Yes, no, and words that give up what was under way: there is nothing to greet. */
const ANSWERS: ReadonlySet<string> = new Set<Act>(['confirm', 'deny', 'cancel'])

const greeting = (name: string, lang: Language): string =>
  lang === 'zh' ? `${name}，您好！我是智能助手，请问有什么可以帮您？` : `Hello ${name}! I am an automatic assistant. What can I do for you?`

/** The reply to a message that is only polite. @param name what to call the customer */
export function courtesy(move: Courtesy, act: string | null, text: string, lang: Language, name?: string): string {
  if (move === 'thanks') return sentence('thanks', lang)
  if (move === 'praise') return sentence('content', lang)
  if (isParting(text)) return sentence('goodbye', lang)
  if (isDecline(text) || (act !== null && ANSWERS.has(act))) return sentence('declined', lang)
  if (MACHINE.test(text)) return sentence('machine', lang)
  return name === undefined ? sentence('greeting', lang) : greeting(name, lang)
}

/** The citation of a passage. */
export const citationOf = ({ source, chunk, score }: Hit): Answer['sources'][number] => ({
  source,
  ...(chunk !== undefined && { chunk }),
  score,
})

/** A quotation with the title of its article. */
export const cited = (text: string, title: string, lang: Language): string =>
  lang === 'zh' ? `${text}（来源：《${title}》）` : `${text} (Source: ${title})`
