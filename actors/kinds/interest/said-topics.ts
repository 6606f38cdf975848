import { topicSchema } from '../../../schemas/catalogue-events.ts'
import type { Fact } from '../../../schemas/profile-events.ts'
import type { Visitor } from '../../../schemas/recommendation-query.ts'
import { phrasesOf } from '../../recommending/topics-in-text.ts'

/** Likes that count, the newest, and topics that one refusal may name. */
const [LIKES_MAX, PHRASES_MAX] = [8, 32]
/** How much a refused topic counts against, relative to the strongest interest: what customers said outweighs what they did. */
const REFUSED = 2

/**
 * A visitor with what he said as a customer. What he likes counts as a search for it; what he refuses counts against its topics, and is not
 * given. Where there is no topic and no item of a name, it changes nothing.
 */
export function withSaid(visitor: Visitor, facts: readonly Pick<Fact, 'about' | 'value'>[]): Visitor {
  const liked = facts.flatMap(({ about, value }) => (about === 'likes' ? [value] : []))
  const refused = facts.flatMap(({ about, value }) =>
    about === 'refuses' || about === 'allergy' ? phrasesOf(value).slice(0, PHRASES_MAX) : [],
  )
  if (liked.length + refused.length === 0) return visitor
  const strongest = Math.max(1, ...visitor.topics.map(([, score]) => Math.abs(score)))
  const against = new Map(
    refused.flatMap((topic) => (topicSchema.safeParse(topic).success ? [[topic, -REFUSED * strongest] as const] : [])),
  )
  return {
    ...visitor,
    searches: [...visitor.searches, ...liked.slice(-LIKES_MAX)],
    topics: [...visitor.topics.filter(([topic]) => !against.has(topic)), ...against],
    ...(refused.length > 0 && { refuses: refused }),
  }
}
