/** The popularity of an item halves in two weeks. */
const HALF_LIFE_MS = 14 * 86_400_000
/** Half-lives after which scores are rescaled, long before a double overflows. */
const RESCALE_AFTER = 64
/** Max segments with counts of their own. Visitors of later ones count in the whole only. */
export const SEGMENTS_MAX = 32
/** Key of the whole; no segment has an empty name. */
const ALL = ''

/** Decayed counts of signals by item, for all visitors and by segment. */
export interface Popularity {
  add(item: number, weight: number, segment: string | undefined, at: string): void
  /** Scores by number of the item: of the segment, or of all visitors where it has none. Only their ratios mean something. */
  scores(segment: string | undefined): Float64Array
  state(): PopularityState
}

export interface PopularityState {
  /** Milliseconds since 1970 at which a signal has its plain weight. */
  readonly landmarkMs: number
  readonly counts: Map<string, Float64Array>
}

/** Creates the counts, empty or from a saved state. Forward decay, as for the topics of a visitor. */
export function createPopularity(saved?: PopularityState): Popularity {
  const counts = saved?.counts ?? new Map([[ALL, new Float64Array(0)]])
  let landmarkMs = saved?.landmarkMs

  const weightAt = (at: string): number => {
    const ms = Date.parse(at)
    landmarkMs ??= ms
    const halfLives = (ms - landmarkMs) / HALF_LIFE_MS
    if (halfLives <= RESCALE_AFTER) return 2 ** halfLives
    for (const [name, scores] of counts)
      counts.set(
        name,
        scores.map((score) => score * 2 ** -halfLives),
      )
    landmarkMs = ms
    return 1
  }
  return {
    add(item, weight, segment, at) {
      const decayed = weight * weightAt(at)
      for (const name of segment === undefined ? [ALL] : [ALL, segment]) {
        const known = counts.get(name)
        if (known === undefined && counts.size > SEGMENTS_MAX) continue
        const scores = known === undefined || known.length <= item ? wider(known, item + 1) : known
        scores[item] = Math.max(0, (scores[item] ?? 0) + decayed)
        counts.set(name, scores)
      }
    },
    scores: (segment) => (segment === undefined ? undefined : counts.get(segment)) ?? counts.get(ALL) ?? new Float64Array(0),
    state: () => ({ landmarkMs: landmarkMs ?? 0, counts }),
  }
}

function wider(scores: Float64Array | undefined, size: number): Float64Array {
  const made = new Float64Array(Math.max(size, Math.ceil((scores?.length ?? 0) * 1.5)))
  if (scores !== undefined) made.set(scores)
  return made
}
