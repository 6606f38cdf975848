import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { trendRows } from '../trends/trend-rows.ts'
import type { Period } from './periods.ts'
import { type Answer, ANSWERS, loadQuestion, type QuestionName } from './questions.ts'

/** What a question is about. */
export interface Scope extends Period {
  readonly tenant: string
  /** Default: all kinds. */
  readonly kind?: string | undefined
  /** The time zone of its days and hours, as ClickHouse spells it. Default: UTC. */
  readonly tz?: string
  /** Path in the label by which the label funnel splits cases. Default: `LABEL_DEFAULT`. */
  readonly label?: string | undefined
  /** Type of the events whose trends are asked for. Default: all types. */
  readonly type?: string | undefined
}

export const UTC = 'UTC'
export const LABEL_DEFAULT = 'topic'

/** A time as a parameter for ClickHouse, in UTC. */
const moment = (time: Date): string => time.toISOString().slice(0, 23).replace('T', ' ')

/**
 * The parameters of every query. Those without a day or an hour leave `tz` unused; only the label funnel has a `path`, and only trends
 * have a `type`.
 */
export const parametersOf = ({
  tenant,
  kind = '',
  tz = UTC,
  label = LABEL_DEFAULT,
  type = '',
  from,
  to,
}: Scope): Readonly<Record<'tenant' | 'kind' | 'tz' | 'path' | 'type' | 'from' | 'to', string>> => ({
  tenant,
  kind,
  tz,
  path: label,
  type,
  from: moment(from),
  to: moment(to),
})

/**
 * Runs the query of a question. The rights of the user `analyst` are enough.
 *
 * @param secondsMax how long ClickHouse may take; default: as long as its user may
 */
export async function askQuestion<Name extends QuestionName>(
  clickhouse: ClickHouseClient,
  name: Name,
  scope: Scope,
  secondsMax?: number,
): Promise<Answer<Name>> {
  const { sql } = await loadQuestion(name)
  const clickhouse_settings = secondsMax === undefined ? {} : { max_execution_time: secondsMax }
  const result = await clickhouse.query({ query: sql, query_params: parametersOf(scope), format: 'JSONEachRow', clickhouse_settings })
  const rows = z.array(ANSWERS[name]).safeParse(name === 'trends' ? trendRows(await result.json(), scope.tz ?? UTC) : await result.json())
  if (!rows.success) {
    const where = rows.error.issues[0]?.path.join('.')
    throw new ColloquyError(
      'bad_answer',
      `the answer to "${name}" has an unexpected value at ${where}; "colloquy rebuild" repairs tables`,
      { cause: rows.error },
    )
  }
  return rows.data
}

/** Whether history that was imported with `--count` is part of the answers for a scope. */
export async function countsHistory(
  clickhouse: ClickHouseClient,
  { label: _label, tz: _tz, type: _type, ...scope }: Scope,
): Promise<boolean> {
  const query = `SELECT 1 FROM cases
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String}) AND history AND counted
      AND opened_at < {to:DateTime64(3, 'UTC')} AND (isNull(closed_at) OR closed_at >= {from:DateTime64(3, 'UTC')})
    LIMIT 1`
  const result = await clickhouse.query({ query, query_params: parametersOf(scope), format: 'JSONEachRow' })
  return (await result.json()).length > 0
}

export interface Freshness {
  /** All records up to this LOG sequence are in the tables. */
  readonly seq: number
  /** All decisions up to this time are in the tables. */
  readonly completeTo: Date
}

const freshnessSchema = z.array(z.object({ seq: z.coerce.number(), at: z.string() }))

/** The progress of the tables; `undefined` before the first write. */
export async function readFreshness(clickhouse: ClickHouseClient): Promise<Freshness | undefined> {
  const result = await clickhouse.query({ query: 'SELECT projected_seq AS seq, complete_to AS at FROM freshness', format: 'JSONEachRow' })
  const [row] = freshnessSchema.parse(await result.json())
  return row === undefined ? undefined : { seq: row.seq, completeTo: new Date(`${row.at.replace(' ', 'T')}Z`) }
}
