/** The popularity of an item halves in two weeks. */
const HALF_LIFE_MS = 14 * 86_400_000
/** Half-lives after which scores are rescaled, long before a double overflows. */
const RESCALE_AFTER = 64
/** Max segments with counts of their own. Visitors of later ones count in the whole only. */
export const SEGMENTS_MAX = 32
/** Key of the whole; no segment has an empty name. */
const ALL = ''

/** Scores by number of the item, and the order of the items. Only ratios of scores mean something. */
export interface Ranking {
  readonly scores: Float64Array
  /** Numbers of the items with a score above 0, best first; ties in the order of the numbers. Only the first `ranked` ones are set. */
  readonly order: Int32Array
  readonly ranked: number
}

/** Decayed counts of signals by item, for all visitors and by segment. */
export interface Popularity {
  add(item: number, weight: number, segment: string | undefined, at: string): void
  /** The ranking of the segment, or of all visitors where it has none. */
  ranking(segment: string | undefined): Ranking
  state(): PopularityState
}

export interface PopularityState {
  /** Milliseconds since 1970 at which a signal has its plain weight. */
  readonly landmarkMs: number
  readonly counts: Map<string, Float64Array>
}

interface Counts {
  scores: Float64Array
  order: Int32Array
  ranked: number
}

/** Creates the counts, empty or from a saved state. Forward decay, as for the topics of a visitor. */
export function createPopularity(saved?: PopularityState): Popularity {
  const bySegment = new Map([[ALL, ranked(new Float64Array(0))]])
  for (const [segment, scores] of saved?.counts ?? []) bySegment.set(segment, ranked(scores))
  let landmarkMs = saved?.landmarkMs

  const weightAt = (at: string): number => {
    const ms = Date.parse(at)
    landmarkMs ??= ms
    const halfLives = (ms - landmarkMs) / HALF_LIFE_MS
    if (halfLives <= RESCALE_AFTER) return 2 ** halfLives
    // Again in order: small scores become equal.
    for (const [segment, { scores }] of bySegment) bySegment.set(segment, ranked(scores.map((score) => score * 2 ** -halfLives)))
    landmarkMs = ms
    return 1
  }
  return {
    add(item, weight, segment, at) {
      const decayed = weight * weightAt(at)
      for (const name of segment === undefined ? [ALL] : [ALL, segment]) {
        const known = bySegment.get(name)
        if (known === undefined && bySegment.size > SEGMENTS_MAX) continue
        const counts = known ?? ranked(new Float64Array(0))
        if (known === undefined) bySegment.set(name, counts)
        if (counts.scores.length <= item) makeRoom(counts, item + 1)
        setScore(counts, item, Math.max(0, (counts.scores[item] ?? 0) + decayed))
      }
    },
    ranking: (segment) => (segment === undefined ? undefined : bySegment.get(segment)) ?? bySegment.get(ALL) ?? ranked(new Float64Array(0)),
    state: () => ({ landmarkMs: landmarkMs ?? 0, counts: new Map(Array.from(bySegment, ([segment, { scores }]) => [segment, scores])) }),
  }
}

/** The order that the scores have, whatever happened before. */
function ranked(scores: Float64Array): Counts {
  const order = new Int32Array(scores.length)
  let count = 0
  for (let item = 0; item < scores.length; item++) if ((scores[item] ?? 0) > 0) order[count++] = item
  order.subarray(0, count).sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0) || one - other)
  return { scores, order, ranked: count }
}

/** Moves the item to its place: a search and a move of what lies between, instead of sorting again. */
function setScore(counts: Counts, item: number, score: number): void {
  const { scores, order } = counts
  const before = scores[item] ?? 0
  if (score === before) return
  const to = placeOf(counts, item, score)
  const from = before > 0 ? placeOf(counts, item, before) : counts.ranked
  scores[item] = score
  if (score === 0) {
    order.copyWithin(from, from + 1, counts.ranked--)
    return
  }
  if (before === 0) counts.ranked++
  if (to <= from) {
    order.copyWithin(to + 1, to, from)
    order[to] = item
  } else {
    order.copyWithin(from, from + 1, to)
    order[to - 1] = item
  }
}

/** How many items come before one with this score. */
function placeOf({ scores, order, ranked: count }: Counts, item: number, score: number): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = order[middle] ?? 0
    const ahead = (scores[other] ?? 0) - score
    if (ahead > 0 || (ahead === 0 && other < item)) low = middle + 1
    else high = middle
  }
  return low
}

function makeRoom(counts: Counts, size: number): void {
  const room = Math.max(size, Math.ceil(counts.scores.length * 1.5))
  const [scores, order] = [new Float64Array(room), new Int32Array(room)]
  scores.set(counts.scores)
  order.set(counts.order)
  counts.scores = scores
  counts.order = order
}
