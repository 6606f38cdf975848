import { type Asked, type Context, SHOWN_MAX } from './interest-context.ts'
import type { Found, Given } from './interest-definition.ts'
import { profileOf, withTopics } from './profile.ts'

/** What the task gives; version 1 gave the items alone. */
export type Output = Found | Found['items']

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
