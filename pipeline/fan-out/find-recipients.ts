import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Fact, RecipientsPage, RecipientsQuery, RecipientsWhere } from '../../schemas/recipients.ts'
import { projectedSeq } from '../projector/progress-mark.ts'
import { withinMs } from '../runtime/time-limit.ts'

const idsSchema = z.array(z.object({ actor: z.string() }))
const countSchema = z.tuple([z.object({ total: z.coerce.number() })])
/** Time of the two queries of a page. */
const ANSWER_MS_MAX = 20_000

/** The next running actors that a query means, by their ids; `undefined` while the tables lack records up to its `logSeq`. */
export async function findRecipients(clickhouse: ClickHouseClient, query: RecipientsQuery): Promise<RecipientsPage | undefined> {
  if ((await projectedSeq(clickhouse)) < query.logSeq) return undefined
  const { sql, params } = conditionOf(query)
  return withinMs(
    ANSWER_MS_MAX,
    async (signal) => {
      const ask = async (text: string, more: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
        const result = await clickhouse.query({
          query: text,
          query_params: { ...params, ...more },
          format: 'JSONEachRow',
          abort_signal: signal,
        })
        return result.json()
      }
      const page = `SELECT actor FROM actors WHERE ${sql} AND actor > {after:String} ORDER BY actor LIMIT {limit:UInt32}`
      const ids = idsSchema.parse(await ask(page, { after: query.after, limit: query.limit })).map(({ actor }) => actor)
      if (!query.counted) return { ids }
      const [{ total }] = countSchema.parse(await ask(`SELECT count() AS total FROM actors WHERE ${sql}`))
      return { ids, total }
    },
    () => new ColloquyError('tables_unavailable', `ClickHouse did not find the recipients within ${ANSWER_MS_MAX / 1_000} s`),
  )
}

interface Condition {
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
}

/** The condition as SQL with parameters: no text of a query becomes a part of it. */
function conditionOf({ tenant, kind, where, until }: RecipientsQuery): Condition {
  const params: Record<string, unknown> = { tenant, kind, until }
  const parameter = (type: 'String' | 'Float64' | 'Bool', value: Fact): string => {
    const name = `p${Object.keys(params).length}`
    params[name] = value
    return `{${name}:${type}}`
  }
  const factIs = (column: string, field: string, value: Fact): string => {
    const [json, type] = [`${column}, ${parameter('String', field)}`, `JSONType(${column}, ${parameter('String', field)})`]
    if (typeof value === 'string') return `(${type} = 'String' AND JSONExtractString(${json}) = ${parameter('String', value)})`
    if (typeof value === 'boolean') return `(${type} = 'Bool' AND JSONExtractBool(${json}) = ${parameter('Bool', value)})`
    return `(${type} IN ('Int64', 'UInt64', 'Double') AND JSONExtractFloat(${json}) = ${parameter('Float64', value)})`
  }
  const isIn = (state: string): string =>
    `arrayExists(leaf -> leaf = ${parameter('String', state)} OR startsWith(leaf, ${parameter('String', `${state}.`)}),`
    + ` splitByChar('+', state))`
  const any = (alternatives: readonly string[]): string => `(${alternatives.join(' OR ')})`
  const factsAre = (column: string, facts: RecipientsWhere['label'] = {}): string[] =>
    Object.entries(facts).map(([field, values]) => any([values].flat().map((value) => factIs(column, field, value))))
  const sql = [
    'tenant = {tenant:String}',
    'kind = {kind:String}',
    "status = 'active'",
    "first_at <= parseDateTime64BestEffort({until:String}, 3, 'UTC')",
    ...(where.state === undefined ? [] : [any([where.state].flat().map(isIn))]),
    ...factsAre('label_raw', where.label),
    ...factsAre('context_facts', where.context),
  ].join(' AND ')
  return { sql, params }
}
