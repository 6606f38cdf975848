/**
 * A column of a table.
 *
 * This file declares the tables of the contract as data. The text beside a column's name becomes its comment in ClickHouse. `<name>_rows`
 * holds all versions of rows, duplicates included, until ClickHouse merges them; the view `<name>` always returns current rows without
 * duplicates.
 */
export interface Column {
  readonly type: string
  readonly comment: string
  readonly codec?: string
}

/** Lets ClickHouse skip granules. Allowed only on columns with the same value in every version of a row. */
export interface SkipIndex {
  readonly of: string
  readonly type: string
  /** Granules (8,192 rows each) per entry of the index. */
  readonly granularity: number
}

export interface Table {
  readonly comment: string
  readonly columns: Readonly<Record<string, Column>>
  /** The key of a row, and the order of rows on disk. */
  readonly orderBy: readonly string[]
  /**
   * The column by whose month rows are partitioned. It must never change for a row, so it is a time by Colloquy's clock, never by a
   * producer's.
   */
  readonly partitionBy: string
  /** Of rows with the same key, the one with the highest value in this column is current. Default: they are equal. */
  readonly version?: string
  readonly indexes?: readonly SkipIndex[]
  readonly settings?: Readonly<Record<string, string>>
}

/** A table whose rows are each a function of one record. */
export interface ReadModel extends Table {
  /** The column with the LOG sequence of that record. */
  readonly seq: string
}

const col = (type: string, comment: string): Column => ({ type, comment })
/** A column whose values rise, or nearly so, in the order of the rows. */
const monotonic = (type: string, comment: string): Column => ({ type, comment, codec: 'Delta, LZ4' })
/** A column of ids, which resemble their neighbours. */
const id = (comment: string): Column => ({ type: 'String', comment, codec: 'ZSTD(1)' })
/** A column of long texts, which are rarely read. */
const longText = (comment: string): Column => ({ type: 'String', comment, codec: 'ZSTD(3)' })
const TEXT = 'LowCardinality(String)'
export const TEXT_OR_NULL = 'LowCardinality(Nullable(String))'
const TIME = "DateTime64(3, 'UTC')"
export const TIME_OR_NULL = `Nullable(${TIME})`
const MONEY_OR_NULL = 'Nullable(Decimal(18, 6))'

/**
 * For tables with a JSON column: the storage format of the paths beyond `max_dynamic_paths`. This format merges at the same cost for any
 * number of paths; ClickHouse's default takes seconds and gigabytes for a few hundred thousand. A server that does not know it refuses the
 * table.
 */
const SHARED_PATH_SETTINGS = { object_shared_data_serialization_version: "'map_with_buckets'" }

/** Settings for statements that write or parse JSON columns: a text that looks like a time stays a text, so that a path has one type. */
export const TEXTS_STAY_TEXTS = { input_format_try_infer_dates: 0, input_format_try_infer_datetimes: 0 } as const

/** Indexes for queries about one actor or a range of time. Its rows are close together, since times rise with the log. */
const byActorAnd = (time: string): readonly SkipIndex[] =>
  [{ of: 'actor', type: 'bloom_filter', granularity: 1 }, { of: time, type: 'minmax', granularity: 1 }]

const address = {
  tenant: col(TEXT, 'Tenant: the first token of the subject'),
  kind: col(TEXT, 'Kind of actor: the second token of the subject'),
  actor: id('Id of the actor: the third token of the subject'),
}
const context = {
  ...address,
  case_no: col('UInt32', 'Which case of the actor: 1 from the start, one more with each reopening'),
  history: col('Bool', 'True for something past that was imported: counted, never shown to the machine'),
  machine: col(TEXT, 'kind@version of the machine that decided; empty where the kind is unknown'),
}
const position = {
  seq: monotonic('UInt64', 'LOG sequence of the record'),
  idx: col('UInt16', '0 for the input, 1, 2, 3… for what the machine emitted'),
}
const { history: _history, ...actorContext } = context

export const TABLES = {
  events: {
    comment: 'One row per input and per emitted event of each record, in the order of the log',
    orderBy: ['seq', 'idx'],
    partitionBy: 'committed_at',
    seq: 'seq',
    settings: SHARED_PATH_SETTINGS,
    indexes: byActorAnd('committed_at'),
    columns: {
      ...context,
      ...position,
      n: col('UInt64', 'Number of the record in its actor: 1, 2, 3…'),
      outcome: col(TEXT, 'committed or rejected'),
      type: col(TEXT, 'Type of the event, such as message.received'),
      id: id('Id of the input as its producer gave it, or of the emitted event'),
      time: monotonic(TIME, 'When it happened, by its producer; for emitted events the time of the commit'),
      committed_at: monotonic(TIME, 'When it was decided'),
      source: col(TEXT, 'Who says so'),
      correlation_id: col('Nullable(String)', 'CloudEvents correlationid'),
      causation_id: col('Nullable(String)', 'Id of what caused it; for emitted events the id of the input'),
      state_from: col(TEXT, 'State before; empty for an actor that was not started'),
      state_to: col(TEXT, 'State after; parallel leaves joined by +'),
      data: col('JSON(max_dynamic_paths=256)', 'The event itself; nulls and empty objects are only in data_raw'),
      data_raw: longText('The event itself, as exact JSON text; for a rejected input its payload, cut to a limit'),
      data_error: col('Nullable(String)', 'Why data is empty, where ClickHouse cannot hold the event as JSON: two of its fields have one path, as in {"a.b":1,"a":{"b":2}}'),
    },
  },
  messages: {
    comment: 'Everything said in conversations, by whomever',
    orderBy: ['seq', 'idx'],
    partitionBy: 'committed_at',
    seq: 'seq',
    indexes: byActorAnd('committed_at'),
    columns: {
      ...context,
      ...position,
      id: id('Id of the event'),
      role: col(TEXT, 'user, assistant, agent or system; what a machine says is assistant'),
      text: longText('What was said'),
      lang: col(TEXT_OR_NULL, 'Language as its sender says, else as detected; NULL where unknown'),
      time: monotonic(TIME, 'When it was said'),
      committed_at: monotonic(TIME, 'When it was decided'),
      chars: col('UInt32', 'Length of the text in Unicode code points'),
    },
  },
  actors: {
    comment: 'Every actor as it stands',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    seq: 'last_seq',
    settings: SHARED_PATH_SETTINGS,
    columns: {
      ...actorContext,
      state: col(TEXT, 'Active states; parallel leaves joined by +; empty where the machine was not started'),
      status: col(TEXT, 'none (not started), active, done or error'),
      n: col('UInt64', 'Records of the actor, rejections included'),
      first_at: col(TIME, 'When its first record was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      label: col('JSON(max_dynamic_paths=256)', 'Facts that the kind shows, such as intent'),
      open_states: col(
        `Array(Tuple(region String, state String, entered_seq Nullable(UInt64), entered_at ${TIME}))`,
        'Each active state, in the order of state, as the view states shows it: region, state, and the record that entered it with its time',
      ),
    },
  },
  conversations: {
    comment: 'Every conversation as it stands: an actor in which something was said',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    seq: 'last_seq',
    columns: {
      ...actorContext,
      history: col('Bool', 'True as long as nothing but imported history was said: the history of its current case'),
      state: col(TEXT, 'Active states; parallel leaves joined by +'),
      messages: col('UInt64', 'Things said in all'),
      user_msgs: col('UInt64', 'Things said by users'),
      bot_msgs: col('UInt64', 'Things said by the machine or another assistant'),
      agent_msgs: col('UInt64', 'Things said by people of the company'),
      first_at: col(TIME, 'When the first record of the actor was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      intent: col(TEXT_OR_NULL, 'What the customer wants: intent of the label; NULL where unknown'),
      quality: col('Nullable(Float64)', 'Quality of the last answer, 0 to 1: quality of the label, else of the last message.sent that has one; NULL where none was judged'),
    },
  },
  cases: {
    comment: 'Every case as it stands, once something was said in it, or it was escalated, rated or closed. What is said as history in a live case, or the other way round, counts and says nothing else about it. Texts are cut to 256 characters.',
    orderBy: ['tenant', 'kind', 'committed_at', 'actor', 'case_no'],
    partitionBy: 'committed_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: byActorAnd('opened_at'),
    columns: {
      ...context,
      history: col('Bool', 'True for a case that was opened by imported history; the first live thing said after it opens another'),
      committed_at: monotonic(TIME, 'When the record that opened it was decided'),
      opened_at: monotonic(TIME, 'When what opened it arrived in INBOX; for history when it happened, by its producer'),
      customer: col('Nullable(String)', 'Who it is, as last known: customer of a message.received, also of history, else of the label; also from an earlier case of the actor'),
      channel: col(TEXT_OR_NULL, 'Where the customer wrote: channel of the first message of a user, else of the label then, else the source of that message; NULL before it'),
      lang: col(TEXT_OR_NULL, 'Language of the first message of a user of which it is known: as its sender says, else lang of the label then, else as detected'),
      first_intent: col(TEXT_OR_NULL, 'What the customer first wanted: the first intent that the label has from the first message of a user on; NULL for history'),
      outcome: col(TEXT_OR_NULL, 'How it ended: outcome of the last case.closed; NULL while it is open'),
      drop_state: col(TEXT_OR_NULL, 'Where the person was left, if a timer closed the case or its outcome is abandoned: the state before the closing record'),
      escalation_reason: col(TEXT_OR_NULL, 'Reason of the first escalated'),
      first_responder: col(TEXT_OR_NULL, 'assistant or agent: who first said something after a user had'),
      first_response_at: col(TIME_OR_NULL, 'When that was: of a machine when it was decided, of others when it arrived in INBOX, of history when it happened'),
      escalated_at: col(TIME_OR_NULL, 'When the first escalated was decided'),
      closed_at: col(TIME_OR_NULL, 'When the last case.closed was decided'),
      records: col('UInt32', 'Records of the case, rejections included'),
      rejected: col('UInt32', 'Inputs of the case that were rejected'),
      messages: col('UInt32', 'Things said: the rows of messages'),
      user_msgs: col('UInt32', 'Things said by users'),
      bot_msgs: col('UInt32', 'Things said by the machine or another assistant'),
      agent_msgs: col('UInt32', 'Things said by people of the company'),
      turns: col('UInt32', 'Questions: the rows of turns'),
      turns_answered: col('UInt32', 'Those of them that have an answer'),
      escalations: col('UInt32', 'Events escalated'),
      tasks: col('UInt32', 'Tasks started'),
      tasks_failed: col('UInt32', 'Tasks that came out as failed or expired'),
      tokens_in: col('Nullable(UInt64)', 'Sum of tokensIn of message.sent; NULL where none has it'),
      tokens_out: col('Nullable(UInt64)', 'Sum of tokensOut of message.sent; NULL where none has it'),
      cost: col(MONEY_OR_NULL, 'Sum of cost of message.sent, each rounded to 0.000001; NULL where none has it'),
      rating: col('Nullable(Float64)', 'What the customer thinks of it: rating of the last feedback.given, or of the label where a record changed it later'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
    },
  },
  turns: {
    comment: 'Every message of a user and the reply to it, if there is one. A reply that names what it answers (replyTo) answers that; any other, as of an agent or in history, all that waits; what is past and what is live do not answer each other. What it took and cost stands with the newest of them. Of more than 16 that wait the oldest stay without an answer.',
    orderBy: ['tenant', 'kind', 'committed_at', 'actor', 'turn'],
    partitionBy: 'committed_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: byActorAnd('asked_at'),
    columns: {
      ...context,
      machine: col(TEXT, 'kind@version of the machine that decided the answer; before it, the question'),
      turn: col('UInt32', 'Number of the question in its actor: 1, 2, 3…'),
      committed_at: monotonic(TIME, 'When the question was decided'),
      asked_id: id('Id of the question: of its row in messages and events'),
      asked_seq: col('Nullable(UInt64)', 'LOG sequence of the question; its idx is 0. NULL only of a question that an earlier version of Colloquy recorded'),
      asked_at: monotonic(TIME, 'When the question arrived in INBOX; for history when it was asked, by its producer'),
      lang: col(TEXT_OR_NULL, 'Language of the question, as its sender says or the label has it; NULL where neither does (messages has the detected one)'),
      answered_seq: col('Nullable(UInt64)', 'LOG sequence of the answer; NULL while there is none'),
      answered_idx: col('Nullable(UInt16)', 'Its idx: 0 for what was told to the actor, such as the message of an agent'),
      answered_at: col(TIME_OR_NULL, 'When it was decided; of what was told to the actor when it arrived in INBOX, of history when it was said'),
      responder: col(TEXT_OR_NULL, 'assistant or agent: who answered'),
      latency_ms: col('Nullable(UInt64)', 'From asked_at to answered_at; 0 where the clocks say less'),
      intent: col(TEXT_OR_NULL, 'What the question wants: intent of the answer, else of the label when the question was decided'),
      intent_confidence: col('Nullable(Float64)', 'intentConfidence of the answer, else confidence of that label; 0 to 1'),
      hits: col('Nullable(UInt32)', 'Sources found for the question; 0 where nothing fit, NULL where nobody looked'),
      model: col(TEXT_OR_NULL, 'Model that wrote the answer'),
      model_version: col(TEXT_OR_NULL, 'Its version'),
      prompt_version: col(TEXT_OR_NULL, 'Version of its instructions'),
      kb_version: col(TEXT_OR_NULL, 'Version of the knowledge that was looked into'),
      tokens_in: col('Nullable(UInt64)', 'Tokens that the model read'),
      tokens_out: col('Nullable(UInt64)', 'Tokens that it wrote'),
      cost: col(MONEY_OR_NULL, 'In the currency of the installation'),
      quality: col('Nullable(Float64)', 'Quality of the answer, 0 to 1'),
      evaluator: col(TEXT_OR_NULL, 'Who or what judged it'),
      last_seq: col('UInt64', 'LOG sequence of the record that says so: of the answer, before it of the question'),
    },
  },
  state_intervals: {
    comment: 'Every stay in a state that is over; the view states adds the open ones',
    orderBy: ['left_seq', 'state'],
    partitionBy: 'left_at',
    seq: 'left_seq',
    indexes: byActorAnd('left_at'),
    columns: {
      ...context,
      case_no: col('UInt32', 'Which case of the actor the stay belongs to: the one before the record that ended it'),
      machine: col(TEXT, 'kind@version of the machine that left it'),
      left_seq: monotonic('UInt64', 'LOG sequence of the record that left it'),
      region: col(TEXT, 'Of states side by side: the shortest beginning of the path of the state, in whole names, that it shared with no other active state; empty where it was alone'),
      state: col(TEXT, 'The state: one leaf, dotted'),
      next: col(TEXT, 'What followed: the active leaves in the same region after it, joined by +; all active leaves where the region is no more'),
      cause: col(TEXT, 'What ended the stay: type of the input, timer:<delay or event>, task:<name>:done or task:<name>:error (failed or expired)'),
      entered_seq: col('Nullable(UInt64)', 'LOG sequence of the record that entered it; NULL where an earlier version of Colloquy did'),
      entered_at: col(TIME, 'When that was decided'),
      left_at: monotonic(TIME, 'When the record that left it was decided'),
      ms: col('UInt64', 'From entered_at to left_at'),
    },
  },
  citations: {
    comment: 'Every source that a reply rests on: sources of message.sent',
    orderBy: ['seq', 'idx', 'rank'],
    partitionBy: 'committed_at',
    seq: 'seq',
    indexes: byActorAnd('committed_at'),
    columns: {
      ...context,
      ...position,
      turn: col('Nullable(UInt32)', 'The turn that has the reply as its answer, the newest where there are several; NULL where there is none'),
      rank: col('UInt16', 'Place among the sources of the reply: 1 is the first'),
      source: col('String', 'The source'),
      chunk: col('Nullable(String)', 'The part of it'),
      score: col('Nullable(Float64)', 'How well it fits, in the measure of the kind'),
      committed_at: monotonic(TIME, 'When the reply was decided'),
    },
  },
  tasks: {
    comment: 'Every task that a machine started, and how it came out',
    orderBy: ['tenant', 'kind', 'started_at', 'actor', 'run'],
    partitionBy: 'started_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: byActorAnd('started_at'),
    columns: {
      ...actorContext,
      run: id('Id of the run; the idempotency key that the task was given'),
      name: col(TEXT, 'Name of the task'),
      status: col(TEXT, 'running, done, failed, expired (its deadline passed) or stopped (the machine wanted it no longer)'),
      attempts: col('Nullable(UInt32)', 'Attempts begun; NULL while unknown'),
      queue_ms: col('Nullable(Float64)', 'From the commit that started it to its first attempt'),
      started_at: monotonic(TIME, 'When the record that started it was decided'),
      duration_ms: col('Nullable(Float64)', 'From the first attempt to the outcome'),
      error_code: col(TEXT_OR_NULL, 'Code of the failure'),
      error: col('Nullable(String)', 'Message of the failure'),
      last_seq: col('UInt64', 'LOG sequence of the record that says so'),
    },
  },
  dead_letters: {
    comment: 'Every input that was rejected and every task that failed for good',
    orderBy: ['seq'],
    partitionBy: 'at',
    version: 'last_seq',
    seq: 'last_seq',
    columns: {
      ...address,
      seq: col('UInt64', 'LOG sequence of the record'),
      inbox_seq: col('UInt64', 'INBOX sequence of the input: the position that its producer was told'),
      at: col(TIME, 'When it was decided'),
      reason: col(TEXT, 'Why, in one word'),
      subject: col('String', 'Where it was published'),
      error: col('String', 'Why, with the field'),
      payload: longText('The message as text, cut to a limit; the DEAD stream has it untouched'),
      resolved: col('Bool', 'True once it was redriven or dropped'),
      last_seq: col('UInt64', 'LOG sequence of the record that says so'),
    },
  },
} as const satisfies Readonly<Record<string, ReadModel>>

export type TableName = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

/** A row of a table: every column has a value. */
export type Row<Name extends TableName> = { readonly [Name_ in keyof (typeof TABLES)[Name]['columns']]: unknown }

/** The progress of the projector; one row per reader, the newest by `at`. `freshness` shows it to analysts. */
export const PROGRESS: Table = {
  comment: 'How far the tables are, and where the projector goes on',
  orderBy: ['reader'],
  partitionBy: '',
  version: 'at',
  columns: {
    reader: col(TEXT, 'Who reads the log'),
    projected_seq: col('UInt64', 'All records up to this LOG sequence are in the tables'),
    log_last_seq: col('UInt64', 'The last LOG sequence when this was written'),
    complete_to: col(TIME, 'All that was decided up to this time is in the tables'),
    at: col(TIME, 'When this was written'),
    positions: col('String', 'Ring of positions by which a lost tail of the log is noticed, as JSON'),
  },
}
