import type { Question } from './context.ts'
import type { Hit } from './definition.ts'

/**
 * The share of the question that the best passage must know of: less where the topic is clear. The articles speak of every topic; what a tenant has learned
 * may not. Measured with the articles as learned ones: 109 of 120 labelled questions with a topic have more than 0.3, and with the knowledge of another trade, 9 of 104 (0.2: 117 and 17).
 */
const SHARE_MIN = { article: 0.2, learned: 0.3 } as const
const SHARE_WITHOUT_TOPIC_MIN = 0.5

/** Whether what was found is worth an answer; "I don't know" is better than a passage about something else. */
export function isRelevant(question: Question | undefined, [best]: readonly Hit[]): boolean {
  if (question === undefined || best === undefined) return false
  const min = best.chunk === undefined ? SHARE_MIN.article : SHARE_MIN.learned
  return best.score >= (question.intent === 'other' ? SHARE_WITHOUT_TOPIC_MIN : min)
}
