import { LRUCache } from 'lru-cache'
import { type IndexFilter, SEARCH_AREAS } from '../vector-store.ts'
import { hasIndex, type IndexShare, type NearestDeps } from './nearest-neighbours.ts'
import { SINGLE_THREAD, whereOf } from './point-query.ts'

export interface SearchPlannerOptions extends NearestDeps {
  /** Max points of a tenant that a query scans. */
  readonly exactPointsMax: number
  /** Whether this process knows that the collection has a vector index. */
  readonly isIndexed: () => boolean
}

/** Decides how to find the nearest points, by numbers of points that it caches. */
export interface SearchPlanner {
  /** By the index, with these properties of the collection; `undefined`: by a scan. */
  planOf(tenant: string, filter: IndexFilter): Promise<IndexShare | undefined>
  /** Forgets the numbers of points of all tenants. */
  clear(): void
}

/** How long numbers of points are cached. */
const SIZES_MS = 5_000
const TENANTS_CACHED_MAX = 10_000
const TAG_FILTERS_CACHED_MAX = 1_000
/** Share of the points from which on those with the tags of a search are found by the index (figures in decision 47). */
const TAGGED_SHARE_MIN = 0.02

interface Parts {
  /** Number of points of all tenants, and of the largest part. */
  readonly total: number
  readonly largestPart: number
}
interface Sizes extends Parts {
  /** Number of points of the tenant by area. */
  readonly areas: ReadonlyMap<string, number>
  readonly isIndexed: boolean
}

export function createSearchPlanner({ exactPointsMax, isIndexed, ...deps }: SearchPlannerOptions): SearchPlanner {
  const readSizes = async (tenant: string): Promise<Sizes> => {
    const [areas, parts, indexed] = await Promise.all([
      rowsOf<{ area: string; texts: string | number }>(
        deps,
        `SELECT area, sum(texts) AS texts FROM ${deps.names.terms} WHERE tenant = {tenant:String} AND term = '' GROUP BY area`,
        { tenant },
      ),
      partsOf(deps),
      isIndexed() || hasIndex(deps),
    ])
    return { areas: new Map(areas.map(({ area, texts }) => [area, Number(texts)])), ...parts, isIndexed: indexed }
  }
  // Only the first query of a tenant waits for them: later ones use the cached numbers while they are refreshed. A cache that is cleared
  // meanwhile fails no query.
  const bounds = { ttl: SIZES_MS, allowStale: true, ignoreFetchAbort: true } as const
  const sizes = new LRUCache<string, Sizes>({ ...bounds, max: TENANTS_CACHED_MAX, fetchMethod: readSizes })
  const tagged = new LRUCache<string, number, { readonly tenant: string; readonly filter: IndexFilter }>({
    ...bounds,
    max: TAG_FILTERS_CACHED_MAX,
    fetchMethod: (_key, _stale, { context: { tenant, filter } }) => countPoints(deps, tenant, filter),
  })
  return {
    async planOf(tenant, filter) {
      const { areas, total, largestPart, isIndexed: indexed } = await sizes.forceFetch(tenant)
      // One conversation or source has few points, however many its tenant has.
      if (!indexed || filter.actor !== undefined || filter.source !== undefined) return undefined
      const { tags = [] } = filter
      const points =
        tags.length > 0
          ? await tagged.forceFetch(JSON.stringify([tenant, tags]), { context: { tenant, filter: { tags } } })
          : areasOf(filter).reduce((sum, area) => sum + (areas.get(area) ?? 0), 0)
      const share = points / Math.max(1, total)
      // A scan for points with tags reads the granules around each of them, which are most of all if the share is not small.
      const isSmall = points <= exactPointsMax && (tags.length === 0 || share < TAGGED_SHARE_MIN)
      return isSmall ? undefined : { share, largestPart }
    },
    clear() {
      sizes.clear()
      tagged.clear()
    },
  }
}

/** The areas that have the points of a filter. */
export const areasOf = ({ in: area, tags = [] }: IndexFilter): readonly string[] =>
  area !== undefined ? [area] : tags.length > 0 ? ['knowledge'] : SEARCH_AREAS

export async function countPoints(deps: NearestDeps, tenant: string, filter: IndexFilter): Promise<number> {
  const { sql, params } = whereOf(deps.names, tenant, filter)
  const [row] = await rowsOf<{ count: string | number }>(deps, `SELECT count() AS count FROM ${deps.names.points} WHERE ${sql}`, params)
  return Number(row?.count)
}

export async function partsOf(deps: NearestDeps): Promise<Parts> {
  const [row] = await rowsOf<{ total: string | number; largest: string | number }>(
    deps,
    `SELECT sum(rows) AS total, max(rows) AS largest FROM system.parts
WHERE database = currentDatabase() AND table = {name:String} AND active`,
    { name: deps.names.points },
  )
  return { total: Number(row?.total ?? 0), largestPart: Number(row?.largest ?? 0) }
}

async function rowsOf<T>({ client }: NearestDeps, query: string, params: Readonly<Record<string, unknown>>): Promise<T[]> {
  const result = await client.query({ query, query_params: { ...params }, clickhouse_settings: SINGLE_THREAD, format: 'JSONEachRow' })
  return result.json<T>()
}
