import { assign, emit, enqueueActions, setup } from 'xstate'
import { type Item, ITEMS_PAIRED } from '../../../schemas/catalogue-events.ts'
import { send } from '../../definition/send-action.ts'
import { signalWeight } from '../../recommending/signals.ts'
import { ASKED_MAX, SEARCH_CHARS_MAX, SEARCHES_MAX } from './interest-context.ts'
import { defineInterest, type InterestOptions } from './interest-definition.ts'
import { answerOf, keptFresh, type Output, questionOf, shownAfter, staleFrom } from './lists.ts'
import { EMPTY, merged, pairsOf, profileOf, type Signal, turnOf, visitorOf, withSignal } from './profile.ts'

export type { InterestOptions } from './interest-definition.ts'

/** From the first signal after a list to the next list, where the visitor asked for fresh ones. */
const REFRESH_MS = 2_000
/** How far the clocks of two hosts may be apart. */
const SKEW_MS = 60_000

/**
 * Creates the kind `interest`: a visitor's interests by topic and item, fading with time, and recommendations of what its tenant offers.
 *
 * @param catalogue items that every tenant offers without any event. Default: none
 */
export function createInterest(catalogue: readonly Item[] = [], options: InterestOptions = {}) {
  const { name = 'interest' } = options
  const interest = defineInterest(catalogue, options)
  return interest.with(
    setup({
      ...interest.xstate,
      delays: { refresh: REFRESH_MS },
      guards: {
        isAsked: ({ context }) => context.asked.length > 0,
        isBusy: ({ context }) => context.asked.length >= ASKED_MAX,
        isStale: ({ context }) => context.fresh?.isStale === true,
      },
      actions: {
        learn: enqueueActions(({ context, event, enqueue }) => {
          const weight = signalWeight(event.type, 'data' in event ? event.data : undefined)
          if (weight === undefined || !('data' in event) || !('item' in event.data)) return
          const { item, topics } = event.data
          const signal: Signal = { type: event.type, item, topics, weight }
          // A producer whose clock is ahead must not outweigh all others.
          const profile = withSignal(context, signal, Date.parse(event.time) < Date.parse(event.at) ? event.time : event.at)
          const { favourite, before } = turnOf(profile, context.favourite)
          const paired = pairsOf(context, signal)
          enqueue.assign({ ...profile, favourite, fresh: staleFrom(context, event.at), segment: event.data.segment ?? context.segment })
          if (paired !== undefined) enqueue.emit({ type: ITEMS_PAIRED, data: paired })
          if (before !== undefined && favourite !== null) enqueue.emit({ type: 'interest.changed', data: { before, now: favourite } })
        }),
        follow: enqueueActions(({ context, event, enqueue }) => {
          if (event.type !== 'item.clicked' && event.type !== 'item.bought') return
          const { item } = event.data
          const wanted = event.type === 'item.clicked' ? event.data.list : undefined
          const shown = context.shown.find(({ list, items }) => items.includes(item) && (wanted === undefined || list === wanted))
          if (shown === undefined) return
          const { list, strategy, items } = shown
          const type = event.type === 'item.clicked' ? 'recommendation.clicked' : 'recommendation.bought'
          enqueue.emit({ type, data: { list, item, rank: items.indexOf(item) + 1, strategy } })
        }),
        search: assign(({ context, event }) => {
          if (event.type !== 'item.searched') return {}
          const text = event.data.text.slice(0, SEARCH_CHARS_MAX).toWellFormed()
          const searches = [text, ...context.searches.filter((one) => one !== text)].slice(0, SEARCHES_MAX)
          return { searches, segment: event.data.segment ?? context.segment }
        }),
        ask: assign(({ context, event }) => {
          if (event.type !== 'recommendations.asked') return {}
          const { segment, keepFresh } = event.data
          const question = questionOf(event.id, event.data)
          return {
            asked: [...context.asked, question],
            ...(keepFresh === true && { fresh: keptFresh(question, event.at) }),
            ...(segment !== undefined && { segment }),
          }
        }),
        refuse: emit(({ event }) => ({ type: 'recommendations.given', data: { replyTo: event.id, items: [], problem: 'busy' } })),
        give: enqueueActions(({ context, enqueue }, output: Output) => {
          const [{ replyTo } = { replyTo: '' }, ...asked] = context.asked
          enqueue.emit({ type: 'recommendations.given', data: answerOf(context, output, replyTo, replyTo) })
          enqueue.assign({ asked, ...shownAfter(context, output, replyTo) })
        }),
        giveUp: enqueueActions(({ context, enqueue }) => {
          const [{ replyTo } = { replyTo: '' }, ...asked] = context.asked
          enqueue.emit({ type: 'recommendations.given', data: { replyTo, items: [], problem: 'unavailable' } })
          enqueue.assign({ asked })
        }),
        startRefresh: assign(({ context: { fresh } }) => ({ fresh: fresh && { ...fresh, isStale: false, lists: fresh.lists + 1 } })),
        refresh: enqueueActions(({ context, enqueue }, output: Output) => {
          if (context.fresh === null) return
          const { replyTo, lists } = context.fresh
          const list = `${replyTo}~${lists}`
          enqueue.emit({ type: 'recommendations.given', data: answerOf(context, output, replyTo, list) })
          enqueue.assign(shownAfter(context, output, list))
        }),
        tellProfile: send(({ context, event }) => ({
          kind: name,
          id: event.type === 'visitor.signed_in' ? event.data.as : '',
          type: 'profile.merged',
          data: profileOf(context),
        })),
        forget: assign({ ...EMPTY, searches: [], favourite: null }),
        // A landmark that is ahead, which no actor sends, would make all that follows weigh nothing.
        merge: assign(({ context, event }) =>
          event.type !== 'profile.merged' || Date.parse(event.data.landmark) > Date.parse(event.at) + SKEW_MS
            ? {}
            : merged(context, event.data),
        ),
      },
    }).createMachine({
      id: 'interest',
      context: { ...EMPTY, searches: [], favourite: null, asked: [], shown: [], fresh: null },
      initial: 'listening',
      on: {
        'item.browsed': { actions: 'learn' },
        'item.clicked': { actions: ['follow', 'learn'] },
        'item.searched': { actions: 'search' },
        'item.liked': { actions: 'learn' },
        'item.unliked': { actions: 'learn' },
        'item.disliked': { actions: 'learn' },
        'item.bought': { actions: ['follow', 'learn'] },
        'item.returned': { actions: 'learn' },
        'item.rated': { actions: 'learn' },
        'item.commented': { actions: 'learn' },
        'visitor.signed_in': { actions: ['tellProfile', 'forget'] },
        'profile.merged': { actions: 'merge' },
        'recommendations.asked': [{ guard: 'isBusy', actions: 'refuse' }, { actions: 'ask' }],
      },
      states: {
        listening: {
          always: [
            { guard: 'isAsked', target: 'recommending' },
            { guard: 'isStale', target: 'settling' },
          ],
        },
        recommending: {
          invoke: {
            id: 'recommend',
            src: 'recommend',
            input: ({ context }) => visitorOf(context, context.asked[0]),
            onDone: { target: 'listening', actions: { type: 'give', params: ({ event }) => event.output } },
            onError: { target: 'listening', actions: 'giveUp' },
          },
        },
        settling: { always: { guard: 'isAsked', target: 'recommending' }, after: { refresh: 'refreshing' } },
        refreshing: {
          entry: 'startRefresh',
          invoke: {
            id: 'refresh',
            src: 'recommend',
            input: ({ context }) => visitorOf(context, context.fresh),
            onDone: { target: 'listening', actions: { type: 'refresh', params: ({ event }) => event.output } },
            // The list of before stays; the next signal leads to another one.
            onError: 'listening',
          },
        },
      },
    }),
  )
}
