import { z } from 'zod'
import { itemIdSchema, topicSchema } from '../../../schemas/catalogue-events.ts'
import { COUNT_MAX, STRATEGIES, whySchema } from '../../../schemas/recommendation-query.ts'
import { type Asked, type Context, RECENT_MAX, SHOWN_MAX } from './interest-context.ts'
import { profileOf, withTopics } from './profile.ts'

const listItem = z.object({ item: itemIdSchema, score: z.number(), why: whySchema.optional() })
const foundSchema = z.object({
  items: z.array(listItem).max(COUNT_MAX),
  strategy: z.enum(STRATEGIES),
  indexSeq: z.int().nonnegative(),
  learnt: z.array(z.tuple([itemIdSchema, z.array(topicSchema)])).max(RECENT_MAX),
})
/** What the task gives; version 1 gave the items alone. */
export const outputSchema = z.union([foundSchema, z.array(listItem).max(COUNT_MAX)])
export type Output = z.infer<typeof outputSchema>

/** A list as the visitor gets it. */
export const givenSchema = z.object({
  replyTo: z.string(),
  items: z.array(listItem).max(COUNT_MAX),
  list: z.string().optional().meta({ description: 'Id of the list, for item.clicked' }),
  strategy: z.enum(STRATEGIES).optional(),
  indexSeq: z.int().nonnegative().optional().meta({ description: 'LOG sequence up to which the index had read' }),
  problem: z.enum(['busy', 'unavailable']).optional(),
})
type Given = z.infer<typeof givenSchema>
/** A visitor opened or bought an item of a list. */
export const followedSchema = z.object({ list: z.string(), item: itemIdSchema, rank: z.int().positive(), strategy: z.string() })

/** What a task found, without what the visitor has bought or refused since it started. */
export function answerOf({ bought, disliked }: Context, output: Output, replyTo: string, list: string): Given {
  const { items, ...made } = Array.isArray(output) ? { items: output } : output
  const left = items.filter(({ item }) => !bought.includes(item) && !disliked.includes(item))
  return 'strategy' in made ? { replyTo, items: left, list, strategy: made.strategy, indexSeq: made.indexSeq } : { replyTo, items: left }
}

/** What a list changes: it is remembered for clicks, and the topics of recent items are known. */
export function shownAfter(context: Context, output: Output, list: string): Partial<Context> {
  if (Array.isArray(output)) return {}
  const { items } = answerOf(context, output, list, list)
  const shown = [{ list, strategy: output.strategy, items: items.map(({ item }) => item) }, ...context.shown].slice(0, SHOWN_MAX)
  return { shown, ...withTopics(profileOf(context), output.learnt) }
}

/** How long a list is kept fresh after the question. */
const FRESH_MS = 3_600_000

/** A question whose list is kept fresh from now on. */
export const keptFresh = (question: Asked, at: string): Context['fresh'] => ({
  ...question,
  until: new Date(Date.parse(at) + FRESH_MS).toISOString(),
  lists: 1,
  isStale: false,
})

/** After a signal, another list is due; or the time for that is over. */
export const staleFrom = ({ fresh }: Context, at: string): Context['fresh'] =>
  fresh !== null && Date.parse(at) < Date.parse(fresh.until) ? { ...fresh, isStale: true } : null

/** What a visitor asks, as it waits for its list. */
export const questionOf = (replyTo: string, { count, segment, customer }: Omit<Asked, 'replyTo'>): Asked => ({
  replyTo,
  count,
  ...(segment !== undefined && { segment }),
  ...(customer !== undefined && { customer }),
})
