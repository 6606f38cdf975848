import { assign, enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import {
  type Analysis,
  analysisSchema,
  AUTHOR_KIND,
  type Mood,
  moodSchema,
  POST_KIND,
  postAnalysed,
  postCommented,
  postLiked,
  postPublished,
  postShared,
  postSpread,
  postUnliked,
  SOCIAL_LIMITS,
  TOPIC_KIND,
} from '../../../schemas/social-events.ts'
import { analyseText } from '../../analysing/analyse-text.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { send } from '../../definition/send-action.ts'
import { defineTask } from '../../definition/task-definition.ts'
import { analysePlace } from '../../social/analyse-place.ts'
import { happenedAt } from '../../social/fading.ts'
import { COMMENT_CHARS_MAX, COMMENTS_MAX, contextSchema, hashOfText, publishProblem, untoldOf, withEngagement } from './post-context.ts'
import { isDoubled, NO_SPREAD, shareProblem, withLiker, withoutLiker, withShare } from './spread.ts'

/** From the first like, comment or share to when the post tells its author and hears the comments: what comes meanwhile is told with it. */
const GATHER_MS = 10_000

/** A file of a million posts waits for its analysis. */
const DEADLINE_MS = 86_400_000

const kind = defineKind({
  name: POST_KIND,
  version: 2,
  context: contextSchema,
  events: {
    'post.published': postPublished,
    'post.commented': postCommented,
    'post.liked': postLiked,
    'post.unliked': postUnliked,
    'post.shared': postShared,
  },
  emits: { 'post.analysed': postAnalysed, 'comments.analysed': moodSchema, 'post.spread': postSpread },
  tasks: {
    analyse: defineTask({
      input: z.object({ text: z.string() }),
      output: analysisSchema,
      deadlineMs: DEADLINE_MS,
      attemptsMax: 8,
      concurrencyMax: 64,
      async run({ input: { text }, actor, ...call }) {
        const { language, sentiment, keywords } = analyseText(text)
        const place = await analysePlace({ text, keywords, actor, opens: true }, call)
        return { language, sentiment: sentiment.label, score: sentiment.score, ...place }
      },
    }),
    hear: defineTask({
      input: z.object({ texts: z.array(z.string()) }),
      output: moodSchema,
      deadlineMs: DEADLINE_MS,
      attemptsMax: 4,
      concurrencyMax: 64,
      async run({ input: { texts } }) {
        const mood: Mood = { positive: 0, neutral: 0, negative: 0 }
        for (const text of texts) mood[analyseText(text).sentiment.label]++
        return mood
      },
    }),
  },
  label: ({ author, platform, found, likes, comments, spread, mood }) => ({
    author,
    platform,
    topic: found?.topic ?? null,
    sentiment: found?.sentiment ?? null,
    likes,
    comments,
    shares: spread.size,
    depth: spread.depth,
    liked_comments: mood.positive,
    disliked_comments: mood.negative,
  }),
  migrate: { 1: ({ value, context }) => ({ value, context: contextSchema.parse({ textHash: null, ...context }), unknown: ['textHash'] }) },
  refuse: (context, input) => {
    if (input.type === 'post.shared') return shareProblem(input.data)
    return input.type === 'post.published' ? publishProblem(context, input.data) : undefined
  },
})

/** The kind `post`: a post with what others do with it. It tells its author at most once in ten seconds, and its topic once. */
export const postKind = kind.with(
  setup({
    ...kind.xstate,
    delays: { gather: GATHER_MS },
    guards: {
      isNew: ({ context }) => context.author === null,
      isStirred: ({ context }) => context.found !== null && (context.untold !== null || context.waiting.length > 0),
      hasWaiting: ({ context }) => context.waiting.length > 0,
    },
    actions: {
      publish: assign(({ event }) => {
        if (event.type !== 'post.published') return {}
        const { author, platform = null, text } = event.data
        return { author, platform, text, textHash: hashOfText(text), publishedAt: new Date(happenedAt(event)).toISOString() }
      }),
      comment: assign(({ context, event }) => {
        if (event.type !== 'post.commented') return {}
        const text = event.data.text.slice(0, COMMENT_CHARS_MAX).toWellFormed()
        return {
          comments: context.comments + 1,
          untold: withEngagement(context.untold, 'comments', 1, happenedAt(event)),
          // Of a storm of comments, those that find no place are counted and not analysed.
          waiting: context.waiting.length < COMMENTS_MAX ? [...context.waiting, text] : context.waiting,
        }
      }),
      like: assign(({ context, event }) => {
        const likers = event.type === 'post.liked' ? withLiker(context.likers, event.data.by) : undefined
        if (likers === undefined) return {}
        return { likers, likes: context.likes + 1, untold: withEngagement(context.untold, 'likes', 1, happenedAt(event)) }
      }),
      unlike: assign(({ context, event }) => {
        if (event.type !== 'post.unliked' || context.likes === 0) return {}
        const likers = withoutLiker(context.likers, event.data.by)
        return { likers, likes: context.likes - 1, untold: withEngagement(context.untold, 'likes', -1, happenedAt(event)) }
      }),
      share: enqueueActions(({ context, event, enqueue }) => {
        if (event.type !== 'post.shared') return
        const at = happenedAt(event)
        const { by, from } = event.data
        const spread = withShare(context.spread, by, from === context.author ? undefined : from, at)
        enqueue.assign({ spread, untold: withEngagement(context.untold, 'shares', 1, at) })
        const { size, depth, perHour } = spread
        if (isDoubled(spread)) enqueue.emit({ type: 'post.spread', data: { size, depth, perHour } })
      }),
      understand: enqueueActions(({ context, event, enqueue }, { vector, model, score, ...found }: Analysis) => {
        const { id: post, author, platform, text } = context
        const publishedAt = context.publishedAt ?? event.at
        if (author === null) return
        const { topic, language, sentiment, keywords } = found
        const excerpt = (text ?? '').slice(0, SOCIAL_LIMITS.excerptCharsMax).toWellFormed()
        enqueue.emit({ type: 'post.analysed', data: { ...found, score, author, platform, publishedAt, excerpt } })
        if (topic !== null) {
          const data = { post, author, language, sentiment, keywords, vector, model }
          enqueue(send({ kind: TOPIC_KIND, id: topic, type: 'topic.joined', data }))
        }
        const credit = untoldOf(context.untold, Date.parse(publishedAt))
        enqueue(send({ kind: AUTHOR_KIND, id: author, type: 'author.credited', data: { ...credit, post, isNew: true, topic } }))
        enqueue.assign({ found: { topic, language, sentiment }, text: null, untold: null })
      }),
      tell: enqueueActions(({ context: { id: post, author, untold }, enqueue }) => {
        if (author === null || untold === null) return
        const data = { ...untold, post, isNew: false, topic: null }
        enqueue(send({ kind: AUTHOR_KIND, id: author, type: 'author.credited', data }))
        enqueue.assign({ untold: null })
      }),
      hear: enqueueActions(({ context: { mood, waiting }, enqueue }, heard: Mood) => {
        enqueue.emit({ type: 'comments.analysed', data: heard })
        enqueue.assign({
          waiting: waiting.slice(heard.positive + heard.neutral + heard.negative),
          mood: {
            positive: mood.positive + heard.positive,
            neutral: mood.neutral + heard.neutral,
            negative: mood.negative + heard.negative,
          },
        })
      }),
      ignoreWaiting: assign({ waiting: [] }),
      forgetHash: assign({ textHash: null }),
    },
  }).createMachine({
    id: POST_KIND,
    context: ({ input: { id } }) => ({
      id,
      author: null,
      platform: null,
      publishedAt: null,
      text: null,
      textHash: null,
      found: null,
      likes: 0,
      comments: 0,
      likers: '',
      spread: NO_SPREAD,
      mood: { positive: 0, neutral: 0, negative: 0 },
      waiting: [],
      untold: null,
    }),
    type: 'parallel',
    on: {
      'post.commented': { actions: 'comment' },
      'post.liked': { actions: 'like' },
      'post.unliked': { actions: 'unlike' },
      'post.shared': { actions: 'share' },
    },
    states: {
      text: {
        initial: 'unknown',
        states: {
          unknown: { on: { 'post.published': { guard: 'isNew', target: 'analysing', actions: 'publish' } } },
          analysing: {
            invoke: {
              id: 'analyse',
              src: 'analyse',
              input: ({ context }) => ({ text: context.text ?? '' }),
              onDone: { target: 'analysed', actions: { type: 'understand', params: ({ event }) => event.output } },
              // Its text stays, and the post is published again to try again, with any text.
              onError: { target: 'failed', actions: 'forgetHash' },
            },
          },
          analysed: {},
          failed: { on: { 'post.published': { target: 'analysing', actions: 'publish' } } },
        },
      },
      others: {
        initial: 'quiet',
        states: {
          quiet: { always: { guard: 'isStirred', target: 'gathering' } },
          gathering: {
            after: {
              gather: [
                { guard: 'hasWaiting', target: 'hearing', actions: 'tell' },
                { target: 'quiet', actions: 'tell' },
              ],
            },
          },
          hearing: {
            invoke: {
              id: 'hear',
              src: 'hear',
              input: ({ context }) => ({ texts: context.waiting }),
              onDone: { target: 'quiet', actions: { type: 'hear', params: ({ event }) => event.output } },
              onError: { target: 'quiet', actions: 'ignoreWaiting' },
            },
          },
        },
      },
    },
  }),
)
