import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { recommendFrom } from '../../actors/recommending/recommend.ts'
import type { Item } from '../../schemas/catalogue-events.ts'
import type { Recommendation, RecommendQuery } from '../../schemas/recommendation-query.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { readIndex } from '../jetstream/log-index.ts'
import { createEventLoopTurns } from '../runtime/event-loop-turns.ts'
import { followIndex, type IndexFollower } from './index-follower.ts'
import type { SavedIndexes } from './saved-indexes.ts'

/**
 * Recommends to an actor from the index of its tenant and kind.
 *
 * @param seq LOG sequence of the actor's record that asks: what LOG had before it is in the index, so that a withdrawn item is in no list
 * that is asked for later
 * @throws ColloquyError `index_behind`
 */
export type Recommend = (actor: Address, query: RecommendQuery, seq?: number) => Promise<Recommendation>

/** The indexes that a process keeps. */
export interface TenantIndexes {
  readonly recommend: Recommend
  stop(): void
}

export interface TenantIndexesOptions {
  readonly jetstream: JetStreamContext
  readonly saved: SavedIndexes
  readonly log: Logger
  /** Max indexes in memory; default 8. The least recently used are dropped, and read again when they are needed. */
  readonly indexesMax?: number
}

const INDEXES_MAX = 8
/** Lists that are kept for the same visitor, and how long. A change of the catalogue makes them void at once. */
const LISTS_MAX = 10_000
const LIST_MS_MAX = 10_000
/** How long lists are made in one turn of the event loop: many questions at once would hold the first list until the last one is made. */
const TURN_MS_MAX = 5

interface Kept {
  readonly recommendation: Recommendation
  readonly catalogueSeq: number
}
interface Entry {
  readonly follower: IndexFollower
  readonly lists: LRUCache<string, Kept>
}

/** Creates the indexes of a process. Nothing is read before the first question of a tenant. */
export function createTenantIndexes({ jetstream, saved, log, indexesMax = INDEXES_MAX }: TenantIndexesOptions): TenantIndexes {
  const entries = new LRUCache<string, Entry>({ max: indexesMax, dispose: ({ follower }) => follower.stop() })
  const catalogues = new WeakMap<readonly Item[], number>()
  let cataloguesKnown = 0
  const inTurns = createEventLoopTurns(TURN_MS_MAX)
  const numberOf = (catalogue: readonly Item[]): number => {
    const known = catalogues.get(catalogue) ?? ++cataloguesKnown
    catalogues.set(catalogue, known)
    return known
  }
  const entryOf = ({ tenant, kind: visitors }: Address, { items, catalogue }: RecommendQuery): Entry => {
    const key = `${tenant}/${visitors}/${items}/${numberOf(catalogue)}`
    const known = entries.get(key)
    if (known !== undefined) return known
    const follower = followIndex({ jetstream, name: { tenant, visitors, items }, catalogue, saved, log })
    const made: Entry = { follower, lists: new LRUCache<string, Kept>({ max: LISTS_MAX, ttl: LIST_MS_MAX }) }
    entries.set(key, made)
    return made
  }
  return {
    async recommend(actor, query, seq = 0) {
      const { follower, lists } = entryOf(actor, query)
      const index = await readIndex(follower.asOf(seq), `the index of recommendations for ${actor.kind} of ${actor.tenant} is`)
      await inTurns()
      const key = JSON.stringify([query.strategy, query.visitor])
      const kept = lists.get(key)
      if (kept?.catalogueSeq === index.catalogueSeq) return kept.recommendation
      const recommendation = recommendFrom(index, query)
      lists.set(key, { recommendation, catalogueSeq: index.catalogueSeq })
      return recommendation
    },
    stop: () => entries.clear(),
  }
}
