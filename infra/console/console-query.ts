import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { HttpProblem, tablesUnavailable } from '../../pipeline/http/problems.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'

/** The data of its pages. They are for the console alone, and change with it. */
export const DATA = '/console/data/'

/** A query of the console that takes longer is given up: its page says so and can be asked again. */
export const QUERY_SECONDS_MAX = 10
const QUERY_SETTINGS = { max_execution_time: QUERY_SECONDS_MAX, max_threads: 2 }

/** Values of the parameters of a query, by name. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>

/**
 * Reads rows for the console, in at most `QUERY_SECONDS_MAX`. The query itself bounds their number.
 *
 * @param client throws while ClickHouse is waited for
 * @throws HttpProblem `tables_unavailable`, `table_damaged`
 */
export async function queryRows<Schema extends z.ZodType>(
  client: () => ClickHouseClient,
  schema: Schema,
  query: string,
  params: QueryParams = {},
): Promise<z.output<Schema>[]> {
  try {
    const result = await client().query({ query, query_params: { ...params }, format: 'JSONEachRow', clickhouse_settings: QUERY_SETTINGS })
    return z.array(schema).parse(await result.json())
  } catch (cause) {
    throw tablesUnavailable(cause)
  }
}

/** Reads the query of an address. @throws HttpProblem 400 `bad_query`, naming the field */
export function readQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const result = schema.safeParse(query, IN_WORDS)
  if (!result.success) throw new HttpProblem('bad_query', zodProblem(result.error, ''))
  return result.data
}

/** A column of a time as RFC 3339 in UTC. */
export const isoTime = (column: string): string => `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')`

/** A time as a parameter of the type `DateTime64(3, 'UTC')`. */
export const timeParam = (iso: string): string => new Date(iso).toISOString().slice(0, 23).replace('T', ' ')

const AGE_MS_MIN = 2_000
/** Max share of the time that such a reading takes. */
const SHARE_MAX = 0.2

/** Shares one reading among all who ask: during it, and for some time after it, which grows with what it took. */
export function sharedReading<Value>(read: () => Promise<Value>, now: () => number): () => Promise<Value> {
  let current: Promise<Value> | undefined
  let freshUntil = 0
  return () => {
    if (current !== undefined && now() < freshUntil) return current
    const startedAt = now()
    freshUntil = Infinity
    current = read().finally(() => {
      freshUntil = now() + Math.max(AGE_MS_MIN, (now() - startedAt) / SHARE_MAX)
    })
    return current
  }
}
