import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { DESK_LIMITS, PRIORITIES } from '../../schemas/desk-events.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { CASE_MARK_CHARS, type WaitingCases, waitingCases, type WaitingCasesQuery } from '../../schemas/waiting-cases.ts'
import { withinMs } from '../runtime/time-limit.ts'

const ANSWER_MS_MAX = 5_000

const rowsSchema = z.array(
  z.object({ kind: z.string(), id: z.string(), priority: z.string(), since: z.coerce.number(), heardAt: z.coerce.number() }),
)

/**
 * Who asked the desk and has not ended says so to the desk itself; `cases` tells since when each waits, and which were closed or got a
 * person elsewhere. A case of a kind that emits no `escalated` is not in `cases`, and counts by what it said.
 */
const SQL = `WITH
  asking AS (
    SELECT
      splitByChar('/', source)[3] AS case_kind,
      splitByChar('/', source)[4] AS case_actor,
      argMax(type, seq) AS last_type,
      argMax(data_raw, seq) AS data,
      max(committed_at) AS heard_at
    FROM events
    WHERE tenant = {tenant:String} AND kind = {kind:String} AND actor = {team:String} AND idx = 0 AND outcome = 'committed'
      AND type IN ('case.waiting', 'case.ended') AND committed_at >= parseDateTime64BestEffort({since:String}, 3, 'UTC')
    GROUP BY source
    HAVING last_type = 'case.waiting'
      AND lower(substring(hex(SHA256(concat(case_kind, '/', case_actor))), 1, ${CASE_MARK_CHARS})) NOT IN {without:Array(String)}
  ),
  known AS (
    SELECT kind, actor, argMax(isNull(outcome), case_no) AS is_open, argMax(escalated_at, case_no) AS escalated_at, 1 AS is_known
    FROM cases
    WHERE tenant = {tenant:String} AND (kind, actor) IN (SELECT case_kind, case_actor FROM asking)
    GROUP BY kind, actor
  )
SELECT
  case_kind AS kind,
  case_actor AS id,
  if(JSONExtractString(data, 'priority') = '', 'normal', JSONExtractString(data, 'priority')) AS priority,
  toUnixTimestamp64Milli(coalesce(known.escalated_at, parseDateTime64BestEffort(JSONExtractString(data, 'since'), 3, 'UTC'))) AS since,
  toUnixTimestamp64Milli(heard_at) AS heardAt
FROM asking LEFT JOIN known ON known.kind = case_kind AND known.actor = case_actor
WHERE is_known = 0 OR is_open
ORDER BY indexOf({priorities:Array(String)}, priority) DESC, since, kind, id
LIMIT ${DESK_LIMITS.outsideMax}`

/** The cases that are next at a desk, of those that asked it in vain. */
export function findWaitingCases(clickhouse: ClickHouseClient, query: WaitingCasesQuery): Promise<WaitingCases> {
  return withinMs(
    ANSWER_MS_MAX,
    async (signal) => {
      const result = await clickhouse.query({
        query: SQL,
        query_params: { ...query, priorities: PRIORITIES },
        format: 'JSONEachRow',
        abort_signal: signal,
        clickhouse_settings: { max_execution_time: ANSWER_MS_MAX / 1_000 },
      })
      return waitingCases.parse(rowsSchema.parse(await result.json()))
    },
    () => new ColloquyError('tables_unavailable', `ClickHouse did not find the waiting cases within ${ANSWER_MS_MAX / 1_000} s`),
  )
}
