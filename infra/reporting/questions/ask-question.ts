import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { ANSWERS, loadQuestion, type Answer, type QuestionName } from './questions.ts'

/** What a question is about: one tenant, from the first moment up to and without the second. */
export interface Scope {
  readonly tenant: string
  readonly from: Date
  readonly to: Date
}

/** A time as ClickHouse reads it as a parameter. */
const moment = (time: Date): string => time.toISOString().slice(0, 23).replace('T', ' ')

/** What every query of the questions takes as parameters. */
export const parametersOf = ({ tenant, from, to }: Scope): { tenant: string; from: string; to: string } =>
  ({ tenant, from: moment(from), to: moment(to) })

/** Asks the tables one of the questions. It only reads: the user `analyst` may. */
export async function askQuestion<Name extends QuestionName>(
  clickhouse: ClickHouseClient, name: Name, scope: Scope,
): Promise<Answer<Name>> {
  const { sql } = await loadQuestion(name)
  const result = await clickhouse.query({ query: sql, query_params: parametersOf(scope), format: 'JSONEachRow' })
  const rows = z.array(ANSWERS[name]).safeParse(await result.json())
  if (!rows.success) {
    throw new ColloquyError('bad_answer', `the tables answer "${name}" otherwise than its query says: ${rows.error.issues[0]?.path.join('.')}; "colloquy rebuild" makes them anew`, { cause: rows.error })
  }
  return rows.data
}

export interface Freshness {
  /** All records up to this LOG sequence are in the tables. */
  readonly seq: number
  /** All that was decided up to this time is. */
  readonly completeTo: Date
}

const freshnessSchema = z.array(z.object({ seq: z.coerce.number(), at: z.string() }))

/** How far the tables are; `undefined` where nothing was ever written to them. */
export async function readFreshness(clickhouse: ClickHouseClient): Promise<Freshness | undefined> {
  const result = await clickhouse.query({ query: 'SELECT projected_seq AS seq, complete_to AS at FROM freshness', format: 'JSONEachRow' })
  const [row] = freshnessSchema.parse(await result.json())
  return row === undefined ? undefined : { seq: row.seq, completeTo: new Date(`${row.at.replace(' ', 'T')}Z`) }
}
