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
/** A field that an event may lack, or has as null. */
const textOrNull = (field: string): string => `nullIf(${textOf(field)}, '')`
const numberOrNull = (field: string, type: 'Float64' | 'UInt64'): string => `JSONExtract(data_raw, '${field}', 'Nullable(${type})')`
/** What became of a choice of a strategy. */
const choice = (
  action: string,
  type: string,
  fields: Readonly<Record<'choice' | 'arm' | 'prompt' | 'reward' | 'reason', string>>,
): string =>
  `SELECT ${EVENT_COLUMNS}, '${action}' AS action, ${fields.choice} AS choice,
    CAST(${fields.arm} AS Nullable(String)) AS arm, CAST(${fields.prompt} AS Nullable(String)) AS prompt,
    CAST(${fields.reward} AS Nullable(Float64)) AS reward, CAST(${fields.reason} AS Nullable(String)) AS reason
  FROM events${action === 'dropped' ? " ARRAY JOIN JSONExtract(data_raw, 'choices', 'Array(String)') AS one" : ''}
  WHERE type = '${type}' AND idx > 0`

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
  assignments: {
    comment: 'Every case of a desk that was offered to an agent or taken by one, and what became of it: one row for each time',
    over: '`events`',
    columns: {
      tenant: events.tenant,
      kind: events.kind,
      actor: { ...events.actor, comment: 'Id of the desk: the name of the team' },
      case_kind: col(TEXT, 'Kind of the case'),
      case_actor: col('String', 'Id of the case: its row in conversations has this actor'),
      agent: col('String', 'Name of the agent'),
      began_at: col(TIME, 'When it was offered, or taken without an offer'),
      offered_at: col(TIME_OR_NULL, 'When it was offered; NULL where the agent took it without an offer, or it was handed to him'),
      accepted_at: col(TIME_OR_NULL, 'From when on the agent had it; NULL where he did not take it'),
      released_at: col(TIME_OR_NULL, 'Until when he had it; NULL where he still has it, or never had'),
      waited_ms: col('Nullable(UInt64)', 'From the escalation until the agent had it, also where others had it before'),
      handle_ms: col('Nullable(UInt64)', 'How long he had it'),
      outcome: col(
        TEXT_OR_NULL,
        'declined, lapsed or withdrawn where he did not take it; returned, transferred, away, offline or resolved where he had it; NULL '
          + 'while it is open',
      ),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
    },
    select: `SELECT tenant, kind, actor, splitByChar('/', ref)[1] AS case_kind, splitByChar('/', ref)[2] AS case_actor, agent,
    min(at) AS began_at,
    minOrNullIf(at, type = 'case.offered') AS offered_at,
    minOrNullIf(at, type = 'case.assigned') AS accepted_at,
    minOrNullIf(at, type = 'case.released') AS released_at,
    anyOrNullIf(JSONExtractUInt(data, 'waitedMs'), type = 'case.assigned') AS waited_ms,
    anyOrNullIf(JSONExtractUInt(data, 'handledMs'), type = 'case.released') AS handle_ms,
    anyOrNullIf(JSONExtractString(data, 'why'), type IN ('case.released', 'offer.ended')) AS outcome,
    max(last) AS last_seq
  FROM (
    SELECT tenant, kind, actor, type, committed_at AS at, seq AS last, data_raw AS data,
      ${textOf('case')} AS ref, ${textOf('agent')} AS agent,
      sum(type = 'case.offered' OR (type = 'case.assigned' AND JSONType(data_raw, 'offeredAt') = 'Null'))
        OVER (PARTITION BY tenant, kind, actor, ref, agent ORDER BY seq, idx) AS turn
    FROM events
    WHERE idx > 0 AND type IN ('case.offered', 'offer.ended', 'case.assigned', 'case.released') AND JSONHas(data_raw, 'case')
  )
  GROUP BY tenant, kind, actor, ref, agent, turn`,
  },
  document_versions: {
    comment: 'Every version of a document, and what became of it',
    over: '`events`',
    columns: {
      tenant: events.tenant,
      kind: events.kind,
      actor: { ...events.actor, comment: 'Id of the document' },
      version: col('UInt64', 'Number of the version, from 1'),
      template: col('String', 'Id of the template'),
      template_version: col('UInt64', 'Version of the template'),
      title: col('String', 'Title of the document'),
      formats: col('Array(String)', 'Formats of its files, in the order of their names'),
      bytes: col('UInt64', 'Bytes of all its files'),
      lines_added: col('UInt64', 'Lines of the Markdown that the version before does not have'),
      lines_removed: col('UInt64', 'Lines that only the version before has'),
      made_at: col(TIME, 'When it was made'),
      approved_at: col(TIME_OR_NULL, 'When it was last approved; NULL where it never was'),
      approved_by: col('Nullable(String)', 'Who approved it last'),
      declined_at: col(TIME_OR_NULL, 'When it was last declined; NULL where it never was'),
      declined_by: col('Nullable(String)', 'Who declined it last'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
    },
    select: `SELECT tenant, kind, actor, JSONExtractUInt(data_raw, 'version') AS version,
    anyIf(JSONExtractString(data_raw, 'template'), type = 'document.rendered') AS template,
    anyIf(JSONExtractUInt(data_raw, 'templateVersion'), type = 'document.rendered') AS template_version,
    anyIf(JSONExtractString(data_raw, 'title'), type = 'document.rendered') AS title,
    arraySort(anyIf(JSONExtractKeys(data_raw, 'files'), type = 'document.rendered')) AS formats,
    anyIf(arraySum(file -> JSONExtractUInt(file.2, 'bytes'), JSONExtractKeysAndValuesRaw(data_raw, 'files')),
      type = 'document.rendered') AS bytes,
    anyIf(JSONExtractUInt(data_raw, 'lines', 'added'), type = 'document.rendered') AS lines_added,
    anyIf(JSONExtractUInt(data_raw, 'lines', 'removed'), type = 'document.rendered') AS lines_removed,
    minIf(committed_at, type = 'document.rendered') AS made_at,
    maxOrNullIf(committed_at, type = 'document.approved') AS approved_at,
    argMaxOrNullIf(JSONExtractString(data_raw, 'by'), seq, type = 'document.approved') AS approved_by,
    maxOrNullIf(committed_at, type = 'document.declined') AS declined_at,
    argMaxOrNullIf(JSONExtractString(data_raw, 'by'), seq, type = 'document.declined') AS declined_by,
    max(seq) AS last_seq
  FROM events
  WHERE idx > 0 AND type IN ('document.rendered', 'document.approved', 'document.declined')
  GROUP BY tenant, kind, actor, version
  HAVING countIf(type = 'document.rendered') > 0`,
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
  texts: {
    comment: 'Every text that a writer has written or could not write, with how',
    over: '`events`',
    columns: {
      ...OF_EVENT,
      purpose: col('String', 'Id of the strategy'),
      text: col('Nullable(String)', 'NULL where it failed'),
      made: col(TEXT_OR_NULL, 'model, or facts where no language model is set up; NULL where it failed'),
      code: col(TEXT_OR_NULL, 'Why it failed; NULL where it did not'),
      brief: col('String', 'What was to be written'),
      lang: col(TEXT, 'en or zh'),
      choice: col('Nullable(String)', 'Id of the choice of the strategy; NULL where it did not answer'),
      arm: col('String', 'Id of the arm'),
      tone: col('Nullable(String)', 'The tone that the arm asks for'),
      length: col('Nullable(UInt64)', 'The words that the arm asks for at most; in Chinese, characters'),
      prompt_version: col('Nullable(String)', '<name>@<version>; NULL where no model was asked'),
      request_hash: col('Nullable(String)', 'SHA-256 of what the model was sent'),
      model: col(TEXT_OR_NULL, 'The model that wrote it'),
      tier: col(TEXT_OR_NULL, 'Its tier'),
      quality: col('Nullable(Float64)', 'Quality as evaluated, 0 to 1'),
      tokens_in: col('Nullable(UInt64)', 'Of all models and attempts; NULL where one did not tell'),
      tokens_out: col('Nullable(UInt64)', 'The same'),
      cost: col('Nullable(Float64)', 'In the currency of the installation; NULL where a part of it is unknown'),
    },
    select: `SELECT ${EVENT_COLUMNS}, ${textOf('purpose')} AS purpose, ${textOrNull('text')} AS text, ${textOrNull('made')} AS made,
    ${textOrNull('code')} AS code, ${textOf('brief')} AS brief, ${textOf('lang')} AS lang, ${textOrNull('choice')} AS choice,
    ${textOf('arm')} AS arm, ${textOrNull('tone')} AS tone, ${numberOrNull('length', 'UInt64')} AS length,
    ${textOrNull('promptVersion')} AS prompt_version, ${textOrNull('requestHash')} AS request_hash, ${textOrNull('model')} AS model,
    ${textOrNull('tier')} AS tier, ${numberOrNull('quality', 'Float64')} AS quality, ${numberOrNull('tokensIn', 'UInt64')} AS tokens_in,
    ${numberOrNull('tokensOut', 'UInt64')} AS tokens_out, ${numberOrNull('cost', 'Float64')} AS cost
  FROM events WHERE type IN ('text.written', 'text.failed') AND idx > 0`,
  },
  choices: {
    comment: 'Every choice of a strategy, and what became of it: one row for each event',
    over: '`events`',
    columns: {
      ...OF_EVENT,
      actor: { ...events.actor, comment: 'Id of the strategy: the purpose' },
      action: col(TEXT, 'made, rewarded or dropped'),
      choice: col('String', 'Id of the choice'),
      arm: col('Nullable(String)', 'Id of the arm; NULL where it was dropped'),
      prompt: col('Nullable(String)', '<name>@<version> of the arm, 0 for the built-in text; only where it was made'),
      reward: col('Nullable(Float64)', '0 to 1; only where it was rewarded'),
      reason: col('Nullable(String)', 'By what it was rewarded (feedback, quality, …), or why it was dropped; NULL where it was made'),
    },
    select: [
      choice('made', 'choice.made', {
        choice: textOf('choice'),
        arm: "JSONExtractString(data_raw, 'arm', 'id')",
        prompt: "concat(JSONExtractString(data_raw, 'arm', 'prompt'), '@', toString(JSONExtractUInt(data_raw, 'arm', 'version')))",
        reward: 'NULL',
        reason: 'NULL',
      }),
      choice('rewarded', 'choice.rewarded', {
        choice: textOf('choice'),
        arm: textOf('arm'),
        prompt: 'NULL',
        reward: "JSONExtractFloat(data_raw, 'reward')",
        reason: textOf('by'),
      }),
      choice('dropped', 'choices.dropped', { choice: 'one', arm: 'NULL', prompt: 'NULL', reward: 'NULL', reason: textOf('reason') }),
    ].join('\n  UNION ALL\n  '),
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
