import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import { withinMs } from '../runtime/time-limit.ts'

/** Conversations of one page. */
export const CONVERSATIONS_MAX = 200
const ANSWER_MS_MAX = 10_000

/** A conversation of a customer, as its newest case has it. */
export const conversationSchema = z.object({
  kind: z.string(),
  id: z.string(),
  cases: z.coerce.number().int().positive().meta({ description: 'Number of its cases' }),
  openedAt: z.string().meta({ description: 'When the first case was opened, UTC' }),
  lastAt: z.string().meta({ description: 'When its last record was decided, UTC' }),
  closedAt: z.string().nullable().meta({ description: 'When the newest case was closed; null while it is open' }),
  outcome: z.string().nullable(),
  channel: z.string().nullable(),
  lang: z.string().nullable(),
  messages: z.coerce.number().int().nonnegative(),
  rating: z.number().nullable().meta({ description: 'Of the newest case' }),
  lastSeq: z.coerce.number().int().positive().meta({ description: 'LOG sequence of its last record' }),
})
export type Conversation = z.output<typeof conversationSchema>

/** Which conversations. */
export interface ConversationsQuery {
  readonly tenant: string
  readonly customer: string
  /** LOG sequence: those whose last record is before it. */
  readonly before: number
  /** At most `CONVERSATIONS_MAX`. */
  readonly limit: number
}

const newest = (column: string): string => `argMax(tuple(${column}), case_no).1`
const time = (column: string): string => `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%SZ', 'UTC')`

const SQL = `SELECT kind, actor AS id, count() AS cases, ${time('min(opened_at)')} AS openedAt, ${time('max(last_at)')} AS lastAt,
  ${newest(time('closed_at'))} AS closedAt, ${newest('outcome')} AS outcome, ${newest('channel')} AS channel, ${newest('lang')} AS lang,
  sum(messages) AS messages, ${newest('rating')} AS rating, max(last_seq) AS lastSeq
FROM cases WHERE tenant = {tenant:String} AND customer = {customer:String}
GROUP BY kind, actor HAVING lastSeq < {before:UInt64} ORDER BY lastSeq DESC LIMIT {limit:UInt32}`

/** The conversations of a customer, the latest first. @throws ColloquyError `tables_unavailable` */
export const customerConversations = (clickhouse: ClickHouseClient, query: ConversationsQuery): Promise<Conversation[]> =>
  withinMs(
    ANSWER_MS_MAX,
    async (signal) => {
      const result = await clickhouse.query({ query: SQL, query_params: { ...query }, format: 'JSONEachRow', abort_signal: signal })
      return z.array(conversationSchema).parse(await result.json())
    },
    () => new ColloquyError('tables_unavailable', `ClickHouse did not find the conversations within ${ANSWER_MS_MAX / 1_000} s`),
  )
