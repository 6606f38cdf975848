/**
 * The tables of the contract, as data: what each column means stands beside its name, and goes into ClickHouse as its comment.
 * `<name>_rows` holds the rows, duplicates and superseded versions included, until ClickHouse merges them away; the view
 * `<name>` gives current, duplicate-free rows at any time.
 */
export interface Column {
  readonly type: string
  readonly comment: string
  readonly codec?: string
}

export interface Table {
  readonly comment: string
  readonly columns: Readonly<Record<string, Column>>
  readonly orderBy: readonly string[]
  /** Column by whose month rows are kept together; a time of ours, which never changes for a row, never a producer's. */
  readonly partitionBy: string
  /** Of rows with the same key the one with the highest value here counts; without it they are equal. */
  readonly version?: string
}

const col = (type: string, comment: string): Column => ({ type, comment })
/** Long text, read seldom. */
const longText = (comment: string): Column => ({ type: 'String', comment, codec: 'ZSTD(3)' })
const TEXT = 'LowCardinality(String)'
const TIME = "DateTime64(3, 'UTC')"

const address = {
  tenant: col(TEXT, 'Tenant: the first token of the subject'),
  kind: col(TEXT, 'Kind of actor: the second token of the subject'),
  actor: col('String', 'Id of the actor: the third token of the subject'),
}
const context = {
  ...address,
  case_no: col('UInt32', 'Which case of the actor: 1 from the start, one more with each reopening'),
  history: col('Bool', 'True for something past that was imported: counted, never shown to the machine'),
  machine: col(TEXT, 'kind@version of the machine that decided; empty where the kind is unknown'),
}
const position = {
  seq: col('UInt64', 'LOG sequence of the record'),
  idx: col('UInt16', '0 for the input, 1, 2, 3… for what the machine emitted'),
}
const { history: _history, ...standing } = context

export const TABLES = {
  events: {
    comment: 'One row per input and per emitted event of each record, in the order of the log',
    orderBy: ['seq', 'idx'],
    partitionBy: 'committed_at',
    columns: {
      ...context,
      ...position,
      n: col('UInt64', 'Number of the record in its actor: 1, 2, 3…'),
      outcome: col(TEXT, 'committed or rejected'),
      type: col(TEXT, 'Type of the event, such as message.received'),
      id: col('String', 'Id of the input as its producer gave it, or of the emitted event'),
      time: col(TIME, 'When it happened, by its producer; for emitted events the time of the commit'),
      committed_at: col(TIME, 'When it was decided'),
      source: col(TEXT, 'Who says so'),
      correlation_id: col('Nullable(String)', 'CloudEvents correlationid'),
      causation_id: col('Nullable(String)', 'Id of what caused it; for emitted events the id of the input'),
      state_from: col(TEXT, 'State before; empty for an actor that was not started'),
      state_to: col(TEXT, 'State after; parallel leaves joined by +'),
      data: col('JSON(max_dynamic_paths=256)', 'The event itself; nulls and empty objects are only in data_raw'),
      data_raw: longText('The event itself, as exact JSON text; for a rejected input its payload, cut to a limit'),
      data_error: col('Nullable(String)', 'Why data is empty, where ClickHouse cannot hold the event as JSON'),
    },
  },
  messages: {
    comment: 'Everything said in conversations, by whomever',
    orderBy: ['seq', 'idx'],
    partitionBy: 'committed_at',
    columns: {
      ...context,
      ...position,
      id: col('String', 'Id of the event'),
      role: col(TEXT, 'user, assistant, agent or system; what a machine says is assistant'),
      text: longText('What was said'),
      lang: col('LowCardinality(Nullable(String))', 'Language as its sender says, else as detected; NULL where unknown'),
      time: col(TIME, 'When it was said'),
      committed_at: col(TIME, 'When it was decided'),
      chars: col('UInt32', 'Length of the text in Unicode code points'),
    },
  },
  actors: {
    comment: 'Every actor as it stands',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    columns: {
      ...standing,
      state: col(TEXT, 'Active states; parallel leaves joined by +; empty where the machine was not started'),
      status: col(TEXT, 'none (not started), active, done or error'),
      n: col('UInt64', 'Records of the actor, rejections included'),
      first_at: col(TIME, 'When its first record was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      label: col('JSON(max_dynamic_paths=256)', 'Facts that the kind shows, such as intent'),
    },
  },
  conversations: {
    comment: 'Every conversation as it stands: an actor in which something was said',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    columns: {
      ...standing,
      state: col(TEXT, 'Active states; parallel leaves joined by +'),
      messages: col('UInt64', 'Things said in all'),
      user_msgs: col('UInt64', 'Things said by users'),
      bot_msgs: col('UInt64', 'Things said by the machine or another assistant'),
      agent_msgs: col('UInt64', 'Things said by people of the company'),
      first_at: col(TIME, 'When the first record of the actor was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      intent: col('LowCardinality(Nullable(String))', 'What the customer wants, by the kind; NULL where unknown'),
      quality: col('Nullable(Float64)', 'Quality of the last answer, 0 to 1; NULL where it was not judged'),
    },
  },
  tasks: {
    comment: 'Every task that a machine started, and how it came out',
    orderBy: ['tenant', 'kind', 'actor', 'run'],
    partitionBy: 'started_at',
    version: 'last_seq',
    columns: {
      ...standing,
      run: col('String', 'Id of the run; the idempotency key that the task was given'),
      name: col(TEXT, 'Name of the task'),
      status: col(TEXT, 'running, done, failed, expired (its deadline passed) or stopped (the machine wanted it no longer)'),
      attempts: col('Nullable(UInt32)', 'Attempts begun; NULL while unknown'),
      queue_ms: col('Nullable(Float64)', 'From the commit that started it to its first attempt'),
      started_at: col(TIME, 'When the record that started it was decided'),
      duration_ms: col('Nullable(Float64)', 'From the first attempt to the outcome'),
      error_code: col('LowCardinality(Nullable(String))', 'Code of the failure'),
      error: col('Nullable(String)', 'Message of the failure'),
      last_seq: col('UInt64', 'LOG sequence of the record that says so'),
    },
  },
  dead_letters: {
    comment: 'Every input that was rejected and every task that failed for good',
    orderBy: ['seq'],
    partitionBy: 'at',
    columns: {
      ...address,
      seq: col('UInt64', 'LOG sequence of the record'),
      inbox_seq: col('UInt64', 'INBOX sequence of the input: the position that its producer was told'),
      at: col(TIME, 'When it was decided'),
      reason: col(TEXT, 'Why, in one word'),
      subject: col('String', 'Where it was published'),
      error: col('String', 'Why, with the field'),
      payload: longText('The message as text, cut to a limit; the DEAD stream has it untouched'),
      resolved: col('Bool', 'True once it was sent again or dropped'),
    },
  },
} as const satisfies Readonly<Record<string, Table>>

export type TableName = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

/** A row of a table: every column has a value. */
export type Row<Name extends TableName> = { readonly [Name_ in keyof (typeof TABLES)[Name]['columns']]: unknown }

/** How far the tables are; one row per projector, newest by `at`. `freshness` shows it to analysts. */
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
