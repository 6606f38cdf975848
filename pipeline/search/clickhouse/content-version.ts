import type { ClickHouseClient } from '@clickhouse/client'
import { ColloquyError } from '../../../schemas/errors.ts'
import { withinMs } from '../../runtime/time-limit.ts'
import { SINGLE_THREAD } from './point-query.ts'
import type { Names } from './point-tables.ts'

/** Engines whose tables are on one server, so that the parts that one query sees are those that the next one reads. */
const LOCAL_ENGINES = ['MergeTree', 'ReplacingMergeTree', 'SummingMergeTree']
/** A slower answer is none: the search is asked instead. Two of them and the longest search are still shorter than others wait for one. */
const ANSWER_MS_MAX = 200

/**
 * Identifies what a collection holds. ClickHouse never changes a part: each insert, deletion and merge makes new parts, whose names are
 * never given again. Equal sets of active parts therefore hold equal rows. A merge gives another version without another content.
 *
 * @returns `undefined` if it cannot be told: there are no rows, the tables have replicas, or ClickHouse does not answer
 */
export async function contentVersionOf(client: ClickHouseClient, { points, postings, terms, tags }: Names): Promise<string | undefined> {
  const query = `SELECT count() AS parts, countIf(engine NOT IN {local:Array(String)}) AS others,
  toString(groupBitXor(sipHash64(path))) AS mix, toString(sum(cityHash64(path))) AS total
FROM system.parts WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}`
  try {
    const row = await withinMs(
      ANSWER_MS_MAX,
      async (abort_signal) => {
        const result = await client.query({
          query,
          query_params: { tables: [points, postings, terms, tags], local: LOCAL_ENGINES },
          clickhouse_settings: SINGLE_THREAD,
          format: 'JSONEachRow',
          abort_signal,
        })
        const [first] = await result.json<Row>()
        return first
      },
      () => new ColloquyError('search_unavailable', `ClickHouse did not tell its parts within ${ANSWER_MS_MAX} ms`),
    )
    return row === undefined || Number(row.parts) === 0 || Number(row.others) > 0 ? undefined : `${row.parts}-${row.mix}-${row.total}`
  } catch {
    // The search that runs instead says what is wrong.
    return undefined
  }
}

interface Row {
  readonly parts: string | number
  readonly others: string | number
  readonly mix: string
  readonly total: string
}
