import { z } from 'zod'
import type { Migration } from '../../definition/earlier-versions.ts'
import { type Context, contextSchema } from './context.ts'
import { hasThanks, isDecline, isParting } from './gratitude.ts'
import type { UnderstoodMessage } from './understood.ts'

/** What versions before 9 did not keep: none of their cases is at a desk, and none knows its customer. */
const BEFORE_DESKS = { customer: null, knows: null, openedAt: null, desk: null } as const
const UNKNOWN = ['customer', 'openedAt'] as const

/**
 * Versions 4 to 8 have the same states and fields. Waiting messages of version 4 have no `arrivedAt`: their time counts from the next
 * event. Those of version 5 have no `lookups`.
 */
export const withoutDesk: Migration<Context> = ({ value, context }) => ({
  value,
  context: contextSchema.parse({ ...context, ...BEFORE_DESKS }),
  unknown: UNKNOWN,
})

/** The intents of the lexicon that were topics; the others named what a message did. */
const TOPICS = ['product', 'order', 'shipping', 'returns', 'technical', 'account', 'payment']
const ACTS: Readonly<Record<string, UnderstoodMessage['act']>> = {
  smalltalk: 'chitchat',
  thanks: 'chitchat',
  person: 'handoff',
  feedback_positive: 'feedback',
  feedback_negative: 'feedback',
}
const SAID: Readonly<Record<string, Context['said']>> = {
  smalltalk: 'courtesy',
  thanks: 'thanks',
  feedback_positive: 'thanks',
  feedback_negative: 'complaint',
}

const earlierContext = contextSchema
  .omit({ queue: true, act: true, said: true, customer: true, knows: true, openedAt: true, desk: true })
  .extend({
    queue: z.array(
      z.object({ id: z.string(), text: z.string(), lang: z.enum(['en', 'zh']), intent: z.string(), topic: z.string().nullable() }),
    ),
  })
type EarlierQuestion = z.infer<typeof earlierContext>['queue'][number]

/**
 * Versions 1 to 3 classified a message by a lexicon when it came. All versions have the same states: a pending task goes on. What the
 * lexicon found of a waiting message counts until version 4 has understood it, and for a lookup that a process of version 3 still did.
 */
export const fromLexicon: Migration<Context> = ({ value, context }) => {
  const before = earlierContext.parse(context)
  const { intent } = before
  const isTopic = intent !== null && TOPICS.includes(intent)
  return {
    value,
    unknown: UNKNOWN,
    context: {
      ...before,
      ...BEFORE_DESKS,
      intent: isTopic ? intent : null,
      confidence: isTopic ? before.confidence : null,
      act: intent === null ? null : (ACTS[intent] ?? null),
      said: lastDoneIn(before),
      queue: before.queue.map((question) => ({
        id: question.id,
        text: question.text,
        lang: question.lang,
        understood: classified(question),
      })),
    },
  }
}

const classified = ({ intent, topic }: EarlierQuestion): UnderstoodMessage => ({
  act: null,
  actConfidence: 0,
  intents: [],
  because: [],
  topic: intent === 'other' ? null : topic,
  version: 'lexicon',
})

function lastDoneIn({ intent, turns }: z.infer<typeof earlierContext>): Context['said'] {
  if (intent === null) return null
  if (intent !== 'smalltalk') return SAID[intent] ?? 'question'
  const before = turns
    .filter(({ role }) => role === 'user')
    .findLast(({ text }) => hasThanks(text) || !(isParting(text) || isDecline(text)))
  return before !== undefined && hasThanks(before.text) && !isDecline(before.text) ? 'thanks' : 'courtesy'
}
