/** A method to compare with: it learns in the order of time and recommends what a visitor has not seen. */
export interface Baseline {
  readonly name: string
  learn(visitor: string, item: string): void
  recommend(visitor: string, count: number): string[]
}

/** What was chosen most often so far. */
export function popularity(): Baseline {
  const counts = new Map<string, number>()
  const seen = new Map<string, Set<string>>()
  return {
    name: 'popularity',
    learn(visitor, item) {
      counts.set(item, (counts.get(item) ?? 0) + 1)
      seenBy(seen, visitor).add(item)
    },
    recommend: (visitor, count) => best(counts, seenBy(seen, visitor), count),
  }
}

/**
 * Item-kNN: cosine of the sets of visitors of two items, summed over all items of the visitor, with 100 neighbours an item. Sarwar,
 * Karypis, Konstan and Riedl, "Item-based collaborative filtering", WWW 2001.
 */
export function itemKnn(neighboursMax = 100): Baseline {
  const together = new Map<string, Map<string, number>>()
  const visitors = new Map<string, number>()
  const seen = new Map<string, Set<string>>()
  const cosine = (one: string, other: string, count: number): number =>
    count / Math.sqrt((visitors.get(one) ?? 1) * (visitors.get(other) ?? 1))
  return {
    name: 'item-kNN',
    learn(visitor, item) {
      const known = seenBy(seen, visitor)
      if (known.has(item)) return
      for (const other of known) {
        for (const [a, b] of [
          [item, other],
          [other, item],
        ] as const) {
          const row = together.get(a) ?? new Map<string, number>()
          row.set(b, (row.get(b) ?? 0) + 1)
          together.set(a, row)
        }
      }
      known.add(item)
      visitors.set(item, (visitors.get(item) ?? 0) + 1)
    },
    recommend(visitor, count) {
      const known = seenBy(seen, visitor)
      const scores = new Map<string, number>()
      for (const item of known) {
        const row = [...(together.get(item) ?? [])].map(([other, both]): [string, number] => [other, cosine(item, other, both)])
        for (const [other, score] of row.sort((one, two) => two[1] - one[1]).slice(0, neighboursMax)) {
          scores.set(other, (scores.get(other) ?? 0) + score)
        }
      }
      return best(scores, known, count)
    },
  }
}

function seenBy(seen: Map<string, Set<string>>, visitor: string): Set<string> {
  const known = seen.get(visitor) ?? new Set<string>()
  seen.set(visitor, known)
  return known
}

const best = (scores: ReadonlyMap<string, number>, without: ReadonlySet<string>, count: number): string[] =>
  [...scores]
    .filter(([item]) => !without.has(item))
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([item]) => item)
