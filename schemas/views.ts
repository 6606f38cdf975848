import { type Column, TEXT_OR_NULL, TIME_OR_NULL } from './table-columns.ts'
import { TABLES } from './tables.ts'

/** A view over other tables. */
export interface View {
  readonly comment: string
  readonly columns: Readonly<Record<string, Column>>
  readonly select: string
}

const { left_seq, next, cause, left_at, ms, ...interval } = TABLES.state_intervals.columns
const INTERVAL_COLUMNS = ['tenant', 'kind', 'actor', 'case_no', 'history', 'machine', 'region', 'state', 'entered_seq', 'entered_at']

/** The views of the contract, besides the one of each table. */
export const VIEWS = {
  states: {
    comment: 'Every interval in a state, completed or current',
    columns: {
      ...interval,
      left_seq: { ...left_seq, type: 'Nullable(UInt64)', comment: `${left_seq.comment}; NULL for a current interval` },
      next: { ...next, type: TEXT_OR_NULL, comment: `${next.comment}; NULL for a current interval` },
      cause: { ...cause, type: TEXT_OR_NULL, comment: `${cause.comment}; NULL for a current interval` },
      left_at: { ...left_at, type: TIME_OR_NULL, comment: `${left_at.comment}; NULL for a current interval` },
      ms: { ...ms, type: 'Nullable(UInt64)', comment: `${ms.comment}; NULL for a current interval` },
    },
    select: `SELECT ${[...INTERVAL_COLUMNS, 'left_seq', 'next', 'cause', 'left_at', 'ms'].join(', ')} FROM state_intervals
  UNION ALL
  SELECT tenant, kind, actor, case_no, false AS history, machine, stay.region AS region, stay.state AS state,
    stay.entered_seq AS entered_seq, stay.entered_at AS entered_at, NULL AS left_seq, NULL AS next, NULL AS cause, NULL AS left_at,
    NULL AS ms
  FROM actors ARRAY JOIN open_states AS stay`,
  },
} as const satisfies Readonly<Record<string, View>>
