import type { ClickHouseClient } from '@clickhouse/client'
import { isMissingTable } from '../../runtime/clickhouse-failures.ts'
import type { ScanRange, StoredPoint } from '../vector-store.ts'
import { SINGLE_THREAD } from './point-query.ts'
import type { Names } from './point-tables.ts'

/** The columns of a point without its terms and its vector. */
type Row = readonly [
  id: string,
  tenant: string,
  area: StoredPoint['in'],
  kind: string,
  actor: string,
  source: string,
  seq: number,
  chunk: number,
  lang: string | null,
  at: string,
  text: string,
]

const HIT_TYPE =
  'Tuple(in String, kind String, actor String, source String, seq UInt64, chunk UInt32, lang Nullable(String), at String, text String)'

/**
 * Streams the points of a range. The properties come from the column `hit`, which searches return, and the keys from the columns that
 * searches filter by; a point where both differ gets the sequence -1, which no record has.
 */
export async function* scanPoints(client: ClickHouseClient, { points }: Names, range: ScanRange): AsyncGenerator<readonly StoredPoint[]> {
  const { from, to, tenant } = range
  try {
    const result = await client.query({
      query: `WITH JSONExtract(hit, '${HIT_TYPE}') AS stored
SELECT id, tenant, area, kind, actor, source,
  if((area, kind, actor, source, seq) = (stored.in, stored.kind, stored.actor, stored.source, stored.seq), toInt64(seq), -1),
  stored.chunk, stored.lang, stored.at, stored.text
FROM ${points} WHERE seq BETWEEN {from:UInt64} AND {to:UInt64} ${tenant === undefined ? '' : 'AND tenant = {tenant:String}'}`,
      query_params: { from, to, tenant },
      clickhouse_settings: { ...SINGLE_THREAD, output_format_json_quote_64bit_integers: 0 },
      format: 'JSONCompactEachRow',
    })
    for await (const rows of result.stream<Row>()) {
      yield rows.map((row): StoredPoint => {
        const [id, ownTenant, area, kind, actor, source, seq, chunk, lang, at, text] = row.json()
        return { id, tenant: ownTenant, in: area, kind, actor, source, seq, chunk, lang, at, text }
      })
    }
  } catch (error) {
    if (!isMissingTable(error)) throw error
  }
}
