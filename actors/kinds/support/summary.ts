import { DESK_LIMITS } from '../../../schemas/desk-events.ts'
import { clip } from './clip.ts'
import type { Turn } from './context.ts'
import type { Language } from './found.ts'
import type { EscalationReason } from './replies.ts'

/** UTF-16 units of one turn in a summary. */
const TURN_CHARS_MAX = 140

const WHY: Readonly<Record<Language, Readonly<Record<EscalationReason, string>>>> = {
  en: {
    customer_asked: 'the customer asked for a person',
    low_confidence: 'no answer was found twice in a row',
    low_quality: 'no answer was good enough to be sent',
    task_failed: 'the answer failed twice in a row',
    negative_feedback: 'the customer is not content',
    backlog: 'the customer wrote more than could be answered',
    agent_took_over: 'a person took the case',
  },
  zh: {
    customer_asked: '客户要求人工服务',
    low_confidence: '连续两次没有找到答案',
    low_quality: '没有足够可靠的答案可以发送',
    task_failed: '连续两次查询失败',
    negative_feedback: '客户不满意',
    backlog: '客户的消息太多，来不及回答',
    agent_took_over: '人工客服接手',
  },
}
const WHO = {
  en: { user: 'Asked', assistant: 'Answered', agent: 'Colleague', system: 'Note', why: 'Handed over' },
  zh: { user: '客户', assistant: '回答', agent: '同事', system: '备注', why: '转人工原因' },
} as const

const isReason = (reason: string): reason is EscalationReason => reason in WHY.en

/**
 * What was asked and answered lately, oldest first, and why a person is asked: one line each, in the customer's language, at most
 * `DESK_LIMITS.summaryCharsMax` UTF-16 units. The same turns always give the same text.
 */
export function summaryOf(turns: readonly Turn[], reason: string, lang: Language): string {
  const who = WHO[lang]
  const colon = lang === 'zh' ? '：' : ': '
  const why = `${who.why}${colon}${isReason(reason) ? WHY[lang][reason] : reason}`
  const said = turns.map(({ role, text }) => `${who[role]}${colon}${clip(text, TURN_CHARS_MAX)}`)
  while (said.length > 0 && [...said, why].join('\n').length > DESK_LIMITS.summaryCharsMax) said.shift()
  return [...said, why].join('\n')
}
