import type { ClickHouseClient } from '@clickhouse/client'
import { BM25, idf, type TermStatistics } from '../bm25.ts'
import type { Names } from './tables.ts'
import type { Where } from './where.ts'

/** Postings that one question looks at. Its rarest terms go first; by the others texts are scored and not looked for. */
const POSTINGS_MAX = 100_000

export interface KeywordDeps {
  readonly client: ClickHouseClient
  readonly names: Names
}

/** In how many texts of a tenant each of these terms is. */
export async function textsWith({ client, names }: KeywordDeps, tenant: string, areas: readonly string[], terms: readonly string[]): Promise<Map<string, number>> {
  const result = await client.query({
    query: `SELECT term, count() AS texts FROM ${names.postings}
WHERE tenant = {tenant:String} AND area IN {areas:Array(String)} AND term IN {terms:Array(String)} GROUP BY term`,
    query_params: { tenant, areas, terms }, format: 'JSONCompactEachRow',
  })
  const found = new Map((await result.json<[string, string | number]>()).map(([term, texts]) => [term, Number(texts)]))
  return new Map(terms.map((term) => [term, found.get(term) ?? 0]))
}

/** The ids of the points with the highest BM25 scores, best first. */
export async function bestByTerms(
  { client, names }: KeywordDeps, where: Where, areas: readonly string[], statistics: TermStatistics, limit: number,
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
    query_params: { ...where.params, areas, terms, weights, averageLength: Math.max(1, statistics.averageLength), limit }, format: 'JSONCompactEachRow',
  })
  return (await result.json<[string]>()).map(([id]) => id)
}
