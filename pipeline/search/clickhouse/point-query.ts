import type { ClickHouseSettings } from '@clickhouse/client'
import type { IndexFilter } from '../vector-store.ts'
import type { Names } from './point-tables.ts'
import { whereTags } from './source-tags.ts'

/** Settings for queries that read little: one thread without compilation is cheaper, and leaves the others to concurrent queries. */
export const SINGLE_THREAD: ClickHouseSettings = { max_threads: 1, compile_expressions: 0, compile_aggregate_expressions: 0 }

/** An SQL condition and its parameters. The SQL contains no input: all values are parameters. */
export interface Where {
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
}

const CONDITIONS: Readonly<Record<keyof Omit<IndexFilter, 'tags'>, string>> = {
  in: 'area = {in:String}',
  kind: 'kind = {kind:String}',
  actor: 'actor = {actor:String}',
  source: 'source = {source:String}',
  lang: 'lang = {lang:String}',
  since: "at >= parseDateTime64BestEffort({since:String}, 3, 'UTC')",
  until: "at < parseDateTime64BestEffort({until:String}, 3, 'UTC')",
}

/** The condition that selects the points of a tenant that match a filter. */
export function whereOf(collection: Names, tenant: string, { tags = [], ...filter }: IndexFilter): Where {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined)
  const names = Object.keys(CONDITIONS).filter((name): name is keyof typeof CONDITIONS => entries.some(([other]) => other === name))
  const tagged = tags.length === 0 ? undefined : whereTags(collection, tags)
  return {
    sql: ['tenant = {tenant:String}', ...names.map((name) => CONDITIONS[name]), ...(tagged === undefined ? [] : [tagged.sql])].join(
      ' AND ',
    ),
    params: { tenant, ...Object.fromEntries(entries), ...tagged?.params },
  }
}
