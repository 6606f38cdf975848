import type { z } from 'zod'
import type { itemsPaired } from '../../../schemas/catalogue-events.ts'
import type { Recent, Visitor } from '../../../schemas/recommendation-query.ts'
import { BOUGHT_MAX, DISLIKED_MAX, LIKED_MAX, type Profile, RECENT_MAX, TOPICS_MAX } from './interest-context.ts'

/** The weight of a signal halves in a week. */
const HALF_LIFE_MS = 7 * 86_400_000
/** Half-lives after which scores are rescaled, long before a double overflows. */
const RESCALE_AFTER = 32
/** A topic leads where it has so many times the score of the one that led. */
const TURN = 1.5
/** Items of before that a new one is paired with. */
const PAIRS_MAX = 16

/** A profile of which nothing is known. */
export const EMPTY: Profile = {
  landmark: '1970-01-01T00:00:00Z',
  topics: [],
  bought: [],
  recent: [],
  liked: [],
  disliked: [],
  segment: null,
}

/** What a visitor did with an item. */
export interface Signal {
  readonly type: string
  readonly item: string
  readonly topics?: readonly string[] | undefined
  /** When it has its plain weight. */
  readonly weight: number
}

/** The weight of a signal at `time`. It does not depend on the order of signals. */
const weightAt = (time: string, landmark: string): number => 2 ** ((Date.parse(time) - Date.parse(landmark)) / HALF_LIFE_MS)

/** The same profile, with scores relative to another landmark. */
function relativeTo(profile: Profile, landmark: string): Profile {
  if (landmark === profile.landmark) return profile
  const aging = weightAt(profile.landmark, landmark)
  return {
    ...profile,
    landmark,
    topics: profile.topics.map(([topic, score]) => [topic, score * aging]),
    recent: profile.recent.map(([item, score, uncounted]) => [item, score * aging, uncounted * aging]),
    liked: profile.liked.map(([item, score]) => [item, score * aging]),
  }
}

/**
 * The profile with scores relative to a landmark at which a signal of this time fits. Scores decay without updates: a new signal gets a
 * higher weight, relative to a fixed landmark, and old signals keep theirs. Exponential forward decay: Cormode, Shkapenyuk, Srivastava and
 * Xu, "Forward decay", ICDE 2009.
 */
const rescaled = (profile: Profile, time: string): Profile =>
  relativeTo(profile, weightAt(time, profile.landmark) > 2 ** RESCALE_AFTER ? time : profile.landmark)

/** Adds to topics, and keeps those with the highest and lowest scores. */
function added(topics: Profile['topics'], more: readonly (readonly [topic: string, score: number])[]): Profile['topics'] {
  const scores = new Map(topics)
  for (const [topic, score] of more) scores.set(topic, (scores.get(topic) ?? 0) + score)
  const nonZero = [...scores].filter(([, score]) => score !== 0).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
  return nonZero.slice(0, TOPICS_MAX).sort(([, a], [, b]) => b - a)
}

const onTop = <T>(list: readonly T[], one: T, max: number, isSame: (other: T) => boolean): T[] =>
  [one, ...list.filter((other) => !isSame(other))].slice(0, max)

/** The profile after a signal. A like that is taken back takes its own weight back; without the like, it changes nothing. */
export function withSignal(before: Profile, { type, item, topics, weight }: Signal, time: string): Profile {
  const profile = rescaled(before, time)
  const like = profile.liked.find(([one]) => one === item)
  if (type === 'item.unliked' && like === undefined) return before
  const score = type === 'item.unliked' ? -(like?.[1] ?? 0) : weight * weightAt(time, profile.landmark)
  const [, known = 0, uncounted = 0] = profile.recent.find(([one]) => one === item) ?? []
  const isOther = (one: string): boolean => one !== item
  const isRefused = type === 'item.disliked' || type === 'item.returned' || (type === 'item.rated' && weight < 0)
  const isTaken = type === 'item.liked' || type === 'item.bought'
  return {
    ...profile,
    topics:
      topics === undefined
        ? profile.topics
        : added(
            profile.topics,
            [...new Set(topics)].map((topic) => [topic, score]),
          ),
    recent: onTop(
      profile.recent,
      [item, known + score, topics === undefined ? uncounted + score : uncounted],
      RECENT_MAX,
      ([one]) => !isOther(one),
    ),
    liked:
      type === 'item.liked'
        ? onTop(profile.liked, [item, score + (like?.[1] ?? 0)], LIKED_MAX, ([one]) => !isOther(one))
        : profile.liked.filter(([one]) => isOther(one) || type !== 'item.unliked'),
    bought:
      type === 'item.bought'
        ? [...profile.bought.filter(isOther), item].slice(-BOUGHT_MAX)
        : profile.bought.filter((one) => isOther(one) || type !== 'item.returned'),
    disliked: isRefused
      ? onTop(profile.disliked, item, DISLIKED_MAX, (one) => !isOther(one))
      : profile.disliked.filter((one) => isOther(one) || !isTaken),
  }
}

/** The profile after its items were looked up: their topics get the scores that they have not got. */
export function withTopics(profile: Profile, learnt: readonly (readonly [item: string, topics: readonly string[]])[]): Profile {
  const topicsOf = new Map(learnt)
  const known = profile.recent.flatMap(([item, , uncounted]) =>
    uncounted === 0 ? [] : (topicsOf.get(item) ?? []).map((topic): [string, number] => [topic, uncounted]),
  )
  if (known.length === 0) return profile
  return {
    ...profile,
    topics: added(profile.topics, known),
    recent: profile.recent.map(([item, score, uncounted]) => [item, score, topicsOf.has(item) ? 0 : uncounted]),
  }
}

/** Two profiles as one. What the other visitor did counts as the newer: it is the session that ends with the sign-in. */
export function merged(one: Profile, other: Profile): Profile {
  const landmark = Date.parse(one.landmark) > Date.parse(other.landmark) ? one.landmark : other.landmark
  const [mine, theirs] = [relativeTo(one, landmark), relativeTo(other, landmark)]
  const known = new Map(mine.recent.map(([item, ...scores]) => [item, scores]))
  const newer = theirs.recent.map(([item, score, uncounted]): Recent => {
    const [more, moreUncounted] = known.get(item) ?? [0, 0]
    return [item, score + more, uncounted + moreUncounted]
  })
  const newerItems = new Set(newer.map(([item]) => item))
  const union = (older: readonly string[], added: readonly string[]): string[] => [
    ...older.filter((item) => !added.includes(item)),
    ...added,
  ]
  return {
    landmark,
    topics: added(mine.topics, theirs.topics),
    recent: [...newer, ...mine.recent.filter(([item]) => !newerItems.has(item))].slice(0, RECENT_MAX),
    liked: [...theirs.liked, ...mine.liked.filter(([item]) => !theirs.liked.some(([liked]) => liked === item))].slice(0, LIKED_MAX),
    bought: union(mine.bought, theirs.bought).slice(-BOUGHT_MAX),
    disliked: union(theirs.disliked, mine.disliked).slice(0, DISLIKED_MAX),
    segment: theirs.segment ?? mine.segment,
  }
}

/** The topic that leads, and the one that led before where another leads now. */
export function turnOf({ topics }: Profile, favourite: string | null): { readonly favourite: string | null; readonly before?: string } {
  const [now, score = 0] = topics[0] ?? []
  if (now === undefined || score <= 0 || now === favourite) return { favourite }
  if (favourite === null) return { favourite: now }
  const led = topics.find(([topic]) => topic === favourite)?.[1] ?? 0
  return score >= led * TURN ? { favourite: now, before: favourite } : { favourite }
}

/** The pairs of an item that is new to a visitor with those of before; the nearest in time weigh most. */
export function pairsOf({ recent }: Profile, { item, weight }: Signal): z.infer<typeof itemsPaired> | undefined {
  if (weight <= 0 || recent.some(([one]) => one === item)) return undefined
  const others = recent.filter(([, score]) => score > 0).slice(0, PAIRS_MAX)
  if (others.length === 0) return undefined
  return { item, others: others.map(([other], rank) => [other, Number((1 / (1 + rank * 0.2)).toFixed(3))]) }
}

/** What the task gets to know of a visitor. */
export const visitorOf = (
  { topics, recent, bought, disliked, searches, segment }: Profile & { readonly searches: string[] },
  question:
    { readonly count: number; readonly segment?: string | undefined; readonly customer?: string | number | undefined } | null | undefined,
): Visitor & { readonly customer?: string | number } => ({
  topics,
  without: [...bought, ...disliked],
  count: question?.count ?? 1,
  recent,
  searches,
  segment: question?.segment ?? segment,
  ...(question?.customer !== undefined && { customer: question.customer }),
})

/** What a visitor takes along, and nothing else. */
export const profileOf = ({ landmark, topics, bought, recent, liked, disliked, segment }: Profile): Profile => ({
  landmark,
  topics,
  bought,
  recent,
  liked,
  disliked,
  segment,
})
