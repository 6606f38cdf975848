import { col, type Column, TEXT, TEXT_OR_NULL, TIME, TIME_OR_NULL } from './table-columns.ts'
import { TABLES } from './tables.ts'

/** A view over other tables. */
export interface View {
  readonly comment: string
  readonly columns: Readonly<Record<string, Column>>
  readonly select: string
}

const { left_seq, next, cause, left_at, ms, ...interval } = TABLES.state_intervals.columns
const INTERVAL_COLUMNS = ['tenant', 'kind', 'actor', 'case_no', 'history', 'machine', 'region', 'state', 'entered_seq', 'entered_at']

const events = TABLES.events.columns
const { tenant, kind, actor, machine, seq, idx, committed_at } = TABLES.events.columns
/** The columns that a row of an event begins with, in views of some types of events. */
const OF_EVENT = { tenant, kind, actor, machine, seq, idx, committed_at }
const EVENT_COLUMNS = Object.keys(OF_EVENT).join(', ')
const textOf = (field: string): string => `JSONExtractString(data_raw, '${field}')`
/** What a visitor did with an item of a list. */
const followed = (action: string): string => `SELECT ${EVENT_COLUMNS}, '${action}' AS action, ${textOf('list')} AS list,
    ${textOf('strategy')} AS strategy, ${textOf('item')} AS item, toUInt16(JSONExtractUInt(data_raw, 'rank')) AS rank,
    CAST(NULL AS Nullable(Float64)) AS score, CAST(NULL AS Nullable(String)) AS why, CAST(NULL AS Nullable(UInt64)) AS index_seq
  FROM events WHERE type = 'recommendation.${action}' AND idx > 0`

/** The views of the contract, besides the one of each table. */
export const VIEWS = {
  states: {
    comment: 'Every interval in a state, completed or current',
    over: '`state_intervals` and `actors`',
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
  alerts: {
    comment: 'Every alert of a trigger, from when it was raised until it was cleared',
    over: '`events`',
    columns: {
      tenant: events.tenant,
      kind: events.kind,
      actor: { ...events.actor, comment: 'Id of the trigger' },
      alert: col('String', 'Id of the alert: <trigger>-<number>'),
      series: col('String', 'Id of the series'),
      priority: col(TEXT, 'low, normal, high or critical'),
      title: col('String', 'For people: the title of the trigger, or its condition'),
      value: col('Nullable(Float64)', 'The latest reading when the condition was met; NULL where there was none'),
      raised_at: col(TIME, 'When it was raised'),
      steps: col('UInt64', 'Steps of the escalation chain that were done after the first one'),
      acknowledged_at: col(TIME_OR_NULL, 'When somebody had seen it; NULL where nobody has'),
      acknowledged_by: col('Nullable(String)', 'Who had seen it'),
      cleared_at: col(TIME_OR_NULL, 'When it ended; NULL while it is open'),
      cleared_reason: col(TEXT_OR_NULL, 'condition, changed or removed; NULL while it is open'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
    },
    select: `SELECT tenant, kind, actor, JSONExtractString(data_raw, 'alert') AS alert,
    anyIf(JSONExtractString(data_raw, 'series'), type = 'alert.raised') AS series,
    anyIf(JSONExtractString(data_raw, 'priority'), type = 'alert.raised') AS priority,
    anyIf(JSONExtractString(data_raw, 'title'), type = 'alert.raised') AS title,
    anyOrNullIf(JSONExtractFloat(data_raw, 'value'), type = 'alert.raised' AND JSONType(data_raw, 'value') != 'Null') AS value,
    minIf(committed_at, type = 'alert.raised') AS raised_at,
    countIf(type = 'alert.escalated') AS steps,
    minOrNullIf(committed_at, type = 'alert.acknowledged') AS acknowledged_at,
    anyOrNullIf(JSONExtractString(data_raw, 'by'), type = 'alert.acknowledged') AS acknowledged_by,
    minOrNullIf(committed_at, type = 'alert.cleared') AS cleared_at,
    anyOrNullIf(JSONExtractString(data_raw, 'reason'), type = 'alert.cleared') AS cleared_reason,
    max(seq) AS last_seq
  FROM events
  WHERE idx > 0 AND type IN ('alert.raised', 'alert.escalated', 'alert.acknowledged', 'alert.cleared')
  GROUP BY tenant, kind, actor, alert
  HAVING countIf(type = 'alert.raised') > 0`,
  },
  recommendations: {
    comment: 'Every item of every list of recommendations as it was shown, and what the visitor did with it: one row for each action',
    over: '`events`',
    columns: {
      ...OF_EVENT,
      action: col(
        TEXT,
        'shown, clicked or bought; a click or a purchase counts for the newest list with the item, or for the one it names',
      ),
      list: col('String', 'Id of the list'),
      strategy: col(TEXT, 'How the list was made, such as fused'),
      item: col('String', 'Id of the item'),
      rank: col('UInt16', 'Position in the list: 1 is the first'),
      score: col('Nullable(Float64)', 'Score of the item, in the scale of the strategy; only where it was shown'),
      why: col('Nullable(String)', 'Why it was shown: topic, together, similar or popular; only where it was shown'),
      index_seq: col('Nullable(UInt64)', 'LOG sequence up to which the index had read; only where it was shown'),
    },
    select: `SELECT ${EVENT_COLUMNS}, 'shown' AS action, ${textOf('list')} AS list, ${textOf('strategy')} AS strategy,
    JSONExtractString(one, 'item') AS item, toUInt16(place) AS rank, CAST(JSONExtractFloat(one, 'score') AS Nullable(Float64)) AS score,
    CAST(JSONExtractString(one, 'why', 'by') AS Nullable(String)) AS why,
    CAST(JSONExtractUInt(data_raw, 'indexSeq') AS Nullable(UInt64)) AS index_seq
  FROM events ARRAY JOIN JSONExtractArrayRaw(data_raw, 'items') AS one, arrayEnumerate(JSONExtractArrayRaw(data_raw, 'items')) AS place
  WHERE type = 'recommendations.given' AND idx > 0 AND JSONHas(data_raw, 'list')
  UNION ALL
  ${followed('clicked')}
  UNION ALL
  ${followed('bought')}`,
  },
  item_pairs: {
    comment: 'Every pair of items that a visitor had to do with: the new one with each of before. Sums of weights say what goes together',
    over: '`events`',
    columns: {
      ...OF_EVENT,
      place: col('UInt16', 'Position among the pairs of the event: 1 is the item before'),
      item: col('String', 'The item that is new to the visitor'),
      other: col('String', 'An item of before'),
      weight: col('Float64', 'Higher for items that are nearer in time'),
    },
    select: `SELECT ${EVENT_COLUMNS}, toUInt16(place) AS place, ${textOf('item')} AS item, JSONExtractString(pair, 1) AS other,
    JSONExtractFloat(pair, 2) AS weight
  FROM events ARRAY JOIN JSONExtractArrayRaw(data_raw, 'others') AS pair, arrayEnumerate(JSONExtractArrayRaw(data_raw, 'others')) AS place
  WHERE type = 'items.paired' AND idx > 0`,
  },
  posts: {
    comment: 'Every post of social analysis, with what its text says',
    over: '`events`',
    columns: {
      ...OF_EVENT,
      actor: { ...events.actor, comment: 'Id of the post' },
      published_at: col(TIME, 'When it was published'),
      author: col('String', 'Id of the account'),
      platform: col(TEXT, 'Name of the platform; empty where it is not known'),
      language: col(TEXT, 'Code of the language, such as zh or en; empty where the text is too short to tell'),
      sentiment: col(TEXT, 'positive, neutral or negative'),
      score: col('Float64', 'From -1 (negative) to 1 (positive)'),
      topic: col('String', 'Id of its topic; empty for a text without words'),
      keywords: col('Array(String)', 'The words that say most of it, the best first'),
      excerpt: col('String', 'The start of its text'),
    },
    select: `SELECT ${EVENT_COLUMNS}, parseDateTime64BestEffort(${textOf('publishedAt')}, 3, 'UTC') AS published_at,
    ${textOf('author')} AS author, ${textOf('platform')} AS platform, ${textOf('language')} AS language,
    ${textOf('sentiment')} AS sentiment,
    JSONExtractFloat(data_raw, 'score') AS score, ${textOf('topic')} AS topic,
    JSONExtract(data_raw, 'keywords', 'Array(String)') AS keywords, ${textOf('excerpt')} AS excerpt
  FROM events WHERE type = 'post.analysed' AND idx > 0`,
  },
} as const satisfies Readonly<Record<string, View & { readonly over: string }>>
