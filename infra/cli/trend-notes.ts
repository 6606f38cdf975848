import type { ClickHouseClient } from '@clickhouse/client'
import type { Scope } from '../reporting/questions/ask-question.ts'
import type { Answer, QuestionName } from '../reporting/questions/questions.ts'
import { absentType } from '../reporting/questions/resolve-scope.ts'

/** What a reader of trends must know who finds no forecast: that no event is of the type, or that there are too few weeks yet. */
export async function trendNotes(clickhouse: ClickHouseClient, scope: Scope, rows: Answer<QuestionName>): Promise<string[]> {
  const absent = await absentType(clickhouse, scope)
  if (absent !== undefined) return [absent]
  const weeks = rows.flatMap((row) => ('weeks' in row && row.total ? (row.weeks ?? []) : []))[0] ?? 0
  if (weeks >= WEEKS_TO_JUDGE) return []
  const whole = `${weeks} whole ${weeks === 1 ? 'week' : 'weeks'} since the first event of the period`
  return weeks >= WEEKS_TO_FORECAST
    ? [`there are ${whole}: unusual hours, and how good the forecast is, need ${WEEKS_TO_JUDGE}`]
    : [`there is no forecast yet: it needs ${WEEKS_TO_FORECAST} weeks of counts, and there are ${whole}`]
}

const WEEKS_TO_FORECAST = 2
const WEEKS_TO_JUDGE = 3
