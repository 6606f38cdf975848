import { assign, emit, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { defineTask } from '../../actors/definition/task-definition.ts'
import { type Item, itemIdSchema, itemSchema, topicSchema } from '../../schemas/catalogue-events.ts'

/** The weight of a signal halves in a week. */
const HALF_LIFE_MS = 7 * 86_400_000
/** Half-lives after which scores are rescaled, long before a double overflows. */
const RESCALE_AFTER = 32
const SIGNALS = { 'item.browsed': 1, 'item.liked': 3, 'item.bought': 5 } as const
/** Number of topics kept: those with the highest and lowest scores. */
const TOPICS_MAX = 32
/** Number of purchases kept, newest first. These are never recommended; older ones may be recommended again. */
const BOUGHT_MAX = 64
/** Questions that may wait. One more is answered at once with no items and the problem `busy`. */
const ASKED_MAX = 8

const topicsSchema = z.array(z.tuple([topicSchema, z.number()])).max(TOPICS_MAX)
const foundSchema = z.array(z.object({ item: itemIdSchema, score: z.number() })).max(20)
const contextSchema = z.object({
  landmark: z.string().meta({ description: 'The time at which a signal has its plain weight' }),
  topics: topicsSchema,
  bought: z.array(itemIdSchema).max(BOUGHT_MAX),
  asked: z.array(z.object({ replyTo: z.string(), count: z.int() })).max(ASKED_MAX),
})
type Context = z.infer<typeof contextSchema>
const givenSchema = z.object({ replyTo: z.string(), items: foundSchema, problem: z.enum(['busy', 'unavailable']).optional() })

const defineInterest = (catalogue: readonly Item[], name: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'item.browsed': itemSchema,
      'item.liked': itemSchema,
      'item.bought': itemSchema,
      'item.rated': itemSchema.extend({ stars: z.int().min(1).max(5).meta({ description: '1 and 2 lower the scores of its topics' }) }),
      'recommendations.asked': z.object({ count: z.int().min(1).max(20).default(5) }),
    },
    emits: { 'recommendations.given': givenSchema },
    tasks: {
      recommend: defineTask({
        input: z.object({ topics: topicsSchema, without: z.array(itemIdSchema), count: z.int() }),
        output: foundSchema,
        deadlineMs: 10_000,
        attemptsMax: 3,
        concurrencyMax: 64,
        run: async ({ input: { topics, without, count } }) => {
          const interest = new Map(topics)
          const scoreOf = (about: readonly string[]): number =>
            about.reduce((sum, name) => sum + (interest.get(name) ?? 0), 0) / about.length
          const scored = catalogue.map(({ item, topics: about }) => ({ item, score: scoreOf(about) }))
          return scored
            .filter(({ item, score }) => score > 0 && !without.includes(item))
            .sort((a, b) => b.score - a.score)
            .slice(0, count)
        },
      }),
    },
    label: ({ topics, bought }) => ({ favourite: topics[0]?.[0] ?? null, bought: bought.length }),
  })

/** The weight of a signal at `time`. It does not depend on the order of signals. */
const weightAt = (time: string, landmark: string): number => 2 ** ((Date.parse(time) - Date.parse(landmark)) / HALF_LIFE_MS)

/**
 * Adds a signal to the scores of its topics. Scores decay without updates: a new signal gets a higher weight, relative to a fixed landmark,
 * and old signals keep theirs. Only the topics of its item change. Exponential forward decay: Cormode, Shkapenyuk, Srivastava and Xu,
 * "Forward decay", ICDE 2009.
 */
function withSignal(context: Context, signal: number, about: readonly string[], time: string): Pick<Context, 'landmark' | 'topics'> {
  const landmark = weightAt(time, context.landmark) > 2 ** RESCALE_AFTER ? time : context.landmark
  const aging = weightAt(context.landmark, landmark)
  const topics = new Map(context.topics.map(([name, score]) => [name, score * aging]))
  for (const name of new Set(about)) topics.set(name, (topics.get(name) ?? 0) + signal * weightAt(time, landmark))
  const nonZero = [...topics].filter(([, score]) => score !== 0).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
  return { landmark, topics: nonZero.slice(0, TOPICS_MAX).sort(([, a], [, b]) => b - a) }
}

/** The kind `interest` as version 1 was, for histories that it recorded. */
export function createInterestVersion1(catalogue: readonly Item[]) {
  const interest = defineInterest(catalogue, 'interest')
  return interest.with(
    setup({
      ...interest.xstate,
      guards: { isAsked: ({ context }) => context.asked.length > 0, isBusy: ({ context }) => context.asked.length >= ASKED_MAX },
      actions: {
        learn: assign(({ context, event }) => {
          if (event.type === 'recommendations.asked') return {}
          const signal = event.type === 'item.rated' ? (event.data.stars - 3) * 2 : SIGNALS[event.type]
          // A producer whose clock is ahead must not outweigh all others.
          return withSignal(context, signal, event.data.topics, Date.parse(event.time) < Date.parse(event.at) ? event.time : event.at)
        }),
        buy: assign({ bought: ({ context }, item: string) => [...context.bought.filter((one) => one !== item), item].slice(-BOUGHT_MAX) }),
        ask: assign({ asked: ({ context }, question: Context['asked'][number]) => [...context.asked, question] }),
        refuse: emit(({ event }) => ({ type: 'recommendations.given', data: { replyTo: event.id, items: [], problem: 'busy' } })),
        give: enqueueActions(({ context, enqueue }, { items, ...problem }: Omit<z.infer<typeof givenSchema>, 'replyTo'>) => {
          const [{ replyTo } = { replyTo: '' }, ...asked] = context.asked
          // The visitor may have bought an item since the task started.
          const left = items.filter(({ item }) => !context.bought.includes(item))
          enqueue.emit({ type: 'recommendations.given', data: { replyTo, items: left, ...problem } })
          enqueue.assign({ asked })
        }),
      },
    }).createMachine({
      id: 'interest',
      context: { landmark: '1970-01-01T00:00:00Z', topics: [], bought: [], asked: [] },
      initial: 'listening',
      on: {
        'item.browsed': { actions: 'learn' },
        'item.liked': { actions: 'learn' },
        'item.rated': { actions: 'learn' },
        'item.bought': { actions: ['learn', { type: 'buy', params: ({ event }) => event.data.item }] },
        'recommendations.asked': [
          { guard: 'isBusy', actions: 'refuse' },
          { actions: { type: 'ask', params: ({ event }) => ({ replyTo: event.id, count: event.data.count }) } },
        ],
      },
      states: {
        listening: { always: { guard: 'isAsked', target: 'recommending' } },
        recommending: {
          invoke: {
            id: 'recommend',
            src: 'recommend',
            input: ({ context: { topics, bought, asked } }) => ({ topics, without: bought, count: asked[0]?.count ?? 1 }),
            onDone: { target: 'listening', actions: { type: 'give', params: ({ event }) => ({ items: event.output }) } },
            onError: { target: 'listening', actions: { type: 'give', params: { items: [], problem: 'unavailable' } } },
          },
        },
      },
    }),
  )
}
