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
  scores(segment: string | undefined): ReadonlyMap<number, number>
  state(): PopularityState
}

export interface PopularityState {
  /** Milliseconds since 1970 at which a signal has its plain weight. */
  readonly landmarkMs: number
  readonly counts: ReadonlyMap<string, Map<number, number>>
}

/** Creates the counts, empty or from a saved state. Forward decay, as for the topics of a visitor. */
export function createPopularity(saved?: PopularityState): Popularity {
  const counts = new Map(saved?.counts ?? [[ALL, new Map<number, number>()]])
  let landmarkMs = saved?.landmarkMs

  const weightAt = (at: string): number => {
    const ms = Date.parse(at)
    landmarkMs ??= ms
    const halfLives = (ms - landmarkMs) / HALF_LIFE_MS
    if (halfLives <= RESCALE_AFTER) return 2 ** halfLives
    for (const scores of counts.values()) for (const [item, score] of scores) scores.set(item, score * 2 ** -halfLives)
    landmarkMs = ms
    return 1
  }
  const countsOf = (segment: string): Map<number, number> | undefined => {
    const known = counts.get(segment)
    if (known !== undefined || counts.size > SEGMENTS_MAX) return known
    const made = new Map<number, number>()
    counts.set(segment, made)
    return made
  }
  return {
    add(item, weight, segment, at) {
      const decayed = weight * weightAt(at)
      for (const name of segment === undefined ? [ALL] : [ALL, segment]) {
        const scores = countsOf(name)
        scores?.set(item, Math.max(0, (scores.get(item) ?? 0) + decayed))
      }
    },
    scores: (segment) => (segment === undefined ? undefined : counts.get(segment)) ?? counts.get(ALL) ?? new Map<number, number>(),
    state: () => ({ landmarkMs: landmarkMs ?? 0, counts }),
  }
}
