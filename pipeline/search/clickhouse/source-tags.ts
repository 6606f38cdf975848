import type { ClickHouseClient } from '@clickhouse/client'
import { type TagFilter, tagLabels } from '../../../schemas/tags.ts'
import { type BatchBounds, boundedBatches } from '../../runtime/bounded-batches.ts'
import { isMissingTable, PARAMETER_BOUNDS, parameterBytes } from '../../runtime/clickhouse-failures.ts'
import { SYNC_INSERT } from '../../runtime/sync-insert.ts'
import type { IndexReader, SourceTags } from '../vector-store.ts'
import type { Names } from './point-tables.ts'

/** Rows of one insert. A source has at most 4 KiB of tags. */
const INSERT_BOUNDS: BatchBounds = { itemsMax: 512, bytesMax: Infinity }

/** Stores the tags of sources, one row each. A source that has no more tags keeps an empty row. */
export async function insertTags(client: ClickHouseClient, { tags: table }: Names, sources: readonly SourceTags[]): Promise<void> {
  for (const batch of boundedBatches(sources, INSERT_BOUNDS, () => 0)) {
    await client.insert({
      table,
      values: batch.map(({ tenant, actor, seq, tags }) => ({ tenant, actor, seq, tags: tagLabels(tags) })),
      format: 'JSONEachRow',
      clickhouse_settings: SYNC_INSERT,
    })
  }
}

/** The condition that selects the points of sources with these tags, beside that of the tenant, and its parameters. */
export function whereTags(
  { tags: table }: Names,
  filter: TagFilter,
): { readonly sql: string; readonly params: Readonly<Record<string, unknown>> } {
  const params = Object.fromEntries(filter.map((labels, index) => [`tags${index}`, labels]))
  const conditions = Object.keys(params).map((name) => `hasAny(tags, {${name}:Array(String)})`)
  const sources = `SELECT actor FROM ${table} FINAL WHERE ${['tenant = {tenant:String}', ...conditions].join(' AND ')}`
  // An actor of another kind may have the id of a source, and only sources have knowledge.
  return { sql: `area = 'knowledge' AND actor IN (${sources})`, params }
}

/** Reads the tags of sources. A collection of an earlier version has none. */
export const tagsReader =
  (client: ClickHouseClient, { tags: table }: Names): IndexReader['tagsOf'] =>
  async (tenant, actors) => {
    const found = new Map(actors.map((actor): [string, string[][]] => [actor, [[]]]))
    for (const some of boundedBatches(found.keys(), PARAMETER_BOUNDS, parameterBytes)) {
      const rows = await client
        .query({
          query: `SELECT actor, tags FROM ${table} FINAL WHERE tenant = {tenant:String} AND actor IN {actors:Array(String)}`,
          query_params: { tenant, actors: some },
          format: 'JSONCompactEachRow',
        })
        .then((result) => result.json<[string, string[]]>())
        .catch((error: unknown) => {
          if (isMissingTable(error)) return []
          throw error
        })
      for (const [actor, labels] of rows) found.set(actor, [labels])
    }
    return found
  }
