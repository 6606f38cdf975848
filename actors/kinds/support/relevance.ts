import { bestFor, type Hit } from './found.ts'
import { hasSet, type HeardMessage } from './understood.ts'

/** A message beside what was looked up for it. */
interface Asked extends Pick<HeardMessage, 'understood'> {
  /** Absent: the message itself. */
  readonly lookups?: readonly string[] | undefined
}

/**
 * The share of the question that the best passage must cover; lower where the topic is known. The articles cover every topic; a tenant's
 * knowledge may not. Measured with the articles uploaded as knowledge: 109 of 120 labelled questions with a topic exceed 0.3, and with
 * knowledge of another trade 9 of 104 (with 0.2: 117 and 17). Hits by meaning have their scores on the scale of shares, whatever the model.
 */
const SHARE_MIN = { article: 0.2, learned: 0.3 } as const
const SHARE_WITHOUT_TOPIC_MIN = 0.5
/** Where a tenant has taught what its customers want, and this is none of it. */
const SHARE_OUT_OF_SCOPE_MIN = 0.75

/**
 * Whether the hits are good enough to answer from, for one question of several at least. "I don't know" is better than a passage about
 * something else.
 *
 * @param about what the message takes up: its topic is known then, too. Default: nothing
 */
export const isRelevant = (question: Asked | undefined, hits: readonly Hit[], about: string | null = null): boolean =>
  question !== undefined
  && (question.lookups ?? ['']).some((_, index, { length }) =>
    isGood(question, length === 1 ? hits[0] : bestFor(hits, index), about !== null),
  )

function isGood(question: Asked, best: Hit | undefined, takesUp: boolean): boolean {
  if (best === undefined) return false
  const min = best.chunk === undefined ? SHARE_MIN.article : SHARE_MIN.learned
  const { topic = null, version = '' } = question.understood ?? {}
  if (topic !== null || takesUp) return best.score >= min
  return best.score >= (hasSet(version) ? SHARE_OUT_OF_SCOPE_MIN : SHARE_WITHOUT_TOPIC_MIN)
}
