import type { Question } from './context.ts'
import type { Hit } from './definition.ts'

/** The share of the question that the best article must know of: less where the topic is clear, whose articles come first. */
const SHARE_MIN = 0.2
const SHARE_WITHOUT_TOPIC_MIN = 0.5

/** Whether what was found is worth an answer; "I don't know" is better than an article about something else. */
export function isRelevant(question: Question | undefined, hits: readonly Hit[]): boolean {
  const share = hits[0]?.score ?? 0
  return question !== undefined && share >= (question.intent === 'other' ? SHARE_WITHOUT_TOPIC_MIN : SHARE_MIN)
}
