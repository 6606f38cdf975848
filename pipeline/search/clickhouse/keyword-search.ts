import type { ClickHouseClient } from '@clickhouse/client'
import { BM25, idf, type TermStatistics } from '../bm25.ts'
import { SINGLE_THREAD, type Where } from './point-query.ts'
import type { Names } from './point-tables.ts'

/** Max postings that one query reads, rarest terms first. Terms beyond it add to scores but find no texts. */
const POSTINGS_MAX = 100_000

export interface KeywordDeps {
  readonly client: ClickHouseClient
  readonly names: Names
}

/** Statistics of the texts of a tenant for these terms, from counts that the writes keep. */
export async function statisticsOf(
  { client, names }: KeywordDeps,
  tenant: string,
  areas: readonly string[],
  terms: readonly string[],
): Promise<TermStatistics> {
  const result = await client.query({
    query: `SELECT term, sum(texts) AS texts, sum(length) AS length FROM ${names.terms}
WHERE tenant = {tenant:String} AND area IN {areas:Array(String)} AND term IN {terms:Array(String)} GROUP BY term`,
    query_params: { tenant, areas, terms: ['', ...terms] },
    clickhouse_settings: SINGLE_THREAD,
    format: 'JSONCompactEachRow',
  })
  const rows = await result.json<[string, string | number, string | number]>()
  const counts = new Map(rows.map(([term, texts, length]) => [term, { texts: Number(texts), length: Number(length) }]))
  const all = counts.get('') ?? { texts: 0, length: 0 }
  return {
    texts: all.texts,
    averageLength: all.length / Math.max(1, all.texts),
    textsWith: new Map(terms.map((term) => [term, Math.max(0, counts.get(term)?.texts ?? 0)])),
  }
}

/** The ids of the points with the highest BM25 scores, best first. */
export async function bestByTerms(
  { client, names }: KeywordDeps,
  where: Where,
  areas: readonly string[],
  statistics: TermStatistics,
  limit: number,
): Promise<string[]> {
  const terms: string[] = []
  const weights: number[] = []
  let postings = 0
  for (const [term, count] of [...statistics.textsWith].sort(([, a], [, b]) => a - b)) {
    if (count === 0) continue
    postings += count
    if (terms.length > 0 && postings > POSTINGS_MAX) break
    terms.push(term)
    weights.push(idf(statistics.texts, count))
  }
  if (terms.length === 0) return []
  const result = await client.query({
    query: `SELECT id FROM ${names.postings}
WHERE ${where.sql} AND area IN {areas:Array(String)} AND term IN {terms:Array(String)}
GROUP BY id
ORDER BY sum(transform(term, {terms:Array(String)}, {weights:Array(Float64)}, 0.) * count * ${BM25.k1 + 1}
  / (count + ${BM25.k1} * (${1 - BM25.b} + ${BM25.b} * length / {averageLength:Float64}))) DESC, id
LIMIT {limit:UInt32}`,
    query_params: { ...where.params, areas, terms, weights, averageLength: Math.max(1, statistics.averageLength), limit },
    clickhouse_settings: SINGLE_THREAD,
    format: 'JSONCompactEachRow',
  })
  return (await result.json<[string]>()).map(([id]) => id)
}
