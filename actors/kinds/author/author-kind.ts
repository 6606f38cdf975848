import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import {
  AUTHOR_KIND,
  authorCredited,
  POST_KIND,
  searchAnalysed,
  searchAnalysisSchema,
  searchMade,
  SOCIAL_LIMITS,
} from '../../../schemas/social-events.ts'
import { analyseText } from '../../analysing/analyse-text.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { analysePlace } from '../../social/analyse-place.ts'
import { fadedBy, happenedAt, withWeight } from '../../social/fading.ts'

/** Topics that an author is interested in, the strongest of them. */
const INTERESTS_MAX = 16
/** Searches that wait for their analysis; more are left out. */
const SEARCHES_MAX = 8
/** What a post and a search say of an interest. */
const [POST_WEIGHT, SEARCH_WEIGHT] = [1, 0.5]
/** How far the clocks of two hosts may be apart. */
const SKEW_MS = 60_000

/** A file of a million searches waits for its analysis. */
const DEADLINE_MS = 86_400_000

const fadingSchema = z.object({ value: z.number(), at: z.number() })
const contextSchema = z.object({
  posts: z.int().nonnegative(),
  /** What others did with the posts, weighted. */
  influence: fadingSchema.nullable(),
  likes: z.int(),
  comments: z.int().nonnegative(),
  shares: z.int().nonnegative(),
  /** Topics with their weights as of `interestsAt`, the strongest first. */
  interests: z.array(z.tuple([z.string(), z.number()])).max(INTERESTS_MAX),
  interestsAt: z.number().nullable(),
  searches: z
    .array(z.object({ text: z.string().max(SOCIAL_LIMITS.searchCharsMax), platform: z.string().nullable(), at: z.number() }))
    .max(SEARCHES_MAX),
})
type Context = z.infer<typeof contextSchema>

const kind = defineKind({
  name: AUTHOR_KIND,
  version: 1,
  context: contextSchema,
  events: { 'search.made': searchMade, 'author.credited': authorCredited },
  sentBy: { 'author.credited': [POST_KIND] },
  emits: { 'search.analysed': searchAnalysed },
  tasks: {
    analyse: defineTask({
      input: z.object({ text: z.string() }),
      output: searchAnalysisSchema,
      deadlineMs: DEADLINE_MS,
      attemptsMax: 8,
      concurrencyMax: 64,
      async run({ input: { text }, actor, ...call }) {
        const { keywords, topic } = await analysePlace({ text, keywords: analyseText(text).keywords, actor, opens: false }, call)
        return { keywords, topic }
      },
    }),
  },
  label: ({ posts, influence, likes, comments, shares, interests }) => ({
    posts,
    influence: influence === null ? 0 : Math.round(influence.value * 100) / 100,
    influence_at: influence === null ? null : new Date(influence.at).toISOString(),
    likes,
    comments,
    shares,
    interest: interests[0]?.[0] ?? null,
  }),
})

/** The interests with more weight for a topic, all as of the later time. */
function withInterest({ interests, interestsAt }: Context, topic: string | null, weight: number, at: number) {
  if (topic === null) return {}
  const latest = Math.max(interestsAt ?? at, at)
  const scores = new Map(interests.map(([one, score]) => [one, score * fadedBy(latest - (interestsAt ?? latest))]))
  scores.set(topic, (scores.get(topic) ?? 0) + weight * fadedBy(latest - at))
  return { interests: [...scores].sort(([, one], [, other]) => other - one).slice(0, INTERESTS_MAX), interestsAt: latest }
}

/** The kind `author`: an account, with its influence and its interests, both fading with time. */
export const authorKind = kind.with(
  setup({
    ...kind.xstate,
    guards: { isSearching: ({ context }) => context.searches.length > 0 },
    actions: {
      credit: assign(({ context, event }) => {
        if (event.type !== 'author.credited') return {}
        const { isNew, topic, likes, comments, shares, weight } = event.data
        const at = Math.min(event.data.at, Date.parse(event.at) + SKEW_MS)
        return {
          posts: context.posts + (isNew ? 1 : 0),
          likes: context.likes + likes,
          comments: context.comments + comments,
          shares: context.shares + shares,
          influence: withWeight(context.influence, weight, at),
          ...withInterest(context, topic, POST_WEIGHT, at),
        }
      }),
      search: assign(({ context, event }) => {
        if (event.type !== 'search.made') return {}
        const { text, platform = null } = event.data
        return { searches: [...context.searches, { text, platform, at: happenedAt(event) }] }
      }),
      find: enqueueActions(({ context, enqueue }, found: z.infer<typeof searchAnalysisSchema>) => {
        const [search, ...searches] = context.searches
        if (search === undefined) return
        enqueue.emit({ type: 'search.analysed', data: { ...found, platform: search.platform } })
        enqueue.assign({ searches, ...withInterest(context, found.topic, SEARCH_WEIGHT, search.at) })
      }),
      giveUp: assign(({ context }) => ({ searches: context.searches.slice(1) })),
    },
  }).createMachine({
    id: AUTHOR_KIND,
    context: { posts: 0, influence: null, likes: 0, comments: 0, shares: 0, interests: [], interestsAt: null, searches: [] },
    initial: 'listening',
    on: { 'author.credited': { actions: 'credit' } },
    states: {
      listening: { on: { 'search.made': { actions: 'search' } }, always: { guard: 'isSearching', target: 'searching' } },
      searching: {
        on: { 'search.made': { guard: ({ context }) => context.searches.length < SEARCHES_MAX, actions: 'search' } },
        invoke: {
          id: 'analyse',
          src: 'analyse',
          input: ({ context }) => ({ text: context.searches[0]?.text ?? '' }),
          onDone: { target: 'listening', actions: { type: 'find', params: ({ event }) => event.output } },
          onError: { target: 'listening', actions: 'giveUp' },
        },
      },
    },
  }),
)
