import { type Context, SHOWN_MAX } from './interest-context.ts'
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
