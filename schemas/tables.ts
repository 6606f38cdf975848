import {
  byActorAnd,
  col,
  id,
  longText,
  MONEY_OR_NULL,
  monotonic,
  rangeOf,
  type ReadModel,
  SHARED_PATH_SETTINGS,
  type Table,
  TEXT,
  TEXT_OR_NULL,
  TIME,
  TIME_OR_NULL,
} from './table-columns.ts'

export type { Column, ReadModel, SkipIndex, Table } from './table-columns.ts'

/** Settings for statements that write or parse JSON columns: a text that looks like a time stays a text, so that a path has one type. */
export const TEXTS_STAY_TEXTS = { input_format_try_infer_dates: 0, input_format_try_infer_datetimes: 0 } as const

/** UTF-16 units of a text of the context that the tables show. Longer ones are often serialised state. */
export const CONTEXT_TEXT_CHARS_MAX = 256

const address = {
  tenant: col(TEXT, 'Tenant: the first token of the subject'),
  kind: col(TEXT, 'Kind of actor: the second token of the subject'),
  actor: id('Id of the actor: the third token of the subject'),
}
const context = {
  ...address,
  case_no: col('UInt32', 'Number of the case in its actor: 1, 2, 3…; a reopening starts the next one'),
  history: col('Bool', 'True for imported history: counted, but not shown to the machine'),
  machine: col(TEXT, 'kind@version of the machine that decided; empty where the kind is unknown'),
}
const position = {
  seq: monotonic('UInt64', 'LOG sequence of the record'),
  idx: col('UInt16', '0 for the input, 1, 2, 3… for the emitted events'),
}
const { history: _history, ...actorContext } = context

/**
 * The tables of the contract. `<name>_rows` holds all versions of rows, duplicates included, until ClickHouse merges them; the view
 * `<name>` always returns current rows without duplicates.
 */
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
      id: id('Id of the input, as its producer gave it, or of the emitted event'),
      time: monotonic(TIME, "When it happened, by the producer's clock; for emitted events, the time of the commit"),
      committed_at: monotonic(TIME, 'When it was decided'),
      source: col(TEXT, 'The producer; colloquy for emitted events'),
      correlation_id: col('Nullable(String)', 'CloudEvents correlationid'),
      causation_id: col('Nullable(String)', 'Id of the event that caused it; for emitted events, the id of the input'),
      state_from: col(TEXT, 'State before; empty where the machine had not been started'),
      state_to: col(TEXT, 'State after; parallel leaf states joined by +'),
      data: col('JSON(max_dynamic_paths=256)', 'Data of the event; nulls and empty objects are only in data_raw'),
      data_raw: longText('Data of the event as exact JSON text; for a rejected input its payload, cut to a limit'),
      data_error: col(
        'Nullable(String)',
        'Why data is empty: ClickHouse cannot store JSON in which two fields have one path, as in {"a.b":1,"a":{"b":2}}',
      ),
      attributes: col(
        'Map(String, String)',
        'Attributes of the envelope without a column here: subject, dataschema, extensions; texts as they are, other values as JSON',
      ),
    },
  },
  messages: {
    comment: 'Every message of every conversation',
    orderBy: ['seq', 'idx'],
    partitionBy: 'committed_at',
    seq: 'seq',
    indexes: byActorAnd('committed_at'),
    columns: {
      ...context,
      ...position,
      id: id('Id of the event'),
      role: col(TEXT, 'user, assistant, agent or system; messages of the machine are assistant'),
      text: longText('Text of the message'),
      lang: col(TEXT_OR_NULL, 'Language, as the sender states it or else as detected; NULL where unknown'),
      agent: col(TEXT_OR_NULL, 'Person of the company who wrote it, as the sender states; NULL where none is stated'),
      time: monotonic(TIME, 'When it was sent. A turn that was imported late has its place by time'),
      committed_at: monotonic(TIME, 'When it was decided'),
      chars: col('UInt32', 'Length of the text in Unicode code points'),
    },
  },
  actors: {
    comment: 'Current state of every actor',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    seq: 'last_seq',
    settings: SHARED_PATH_SETTINGS,
    columns: {
      ...actorContext,
      state: col(TEXT, 'Active leaf states; parallel ones joined by +; empty where the machine has not been started'),
      status: col(TEXT, 'none (not started), active, done, error, or stopped (by its parent)'),
      n: col('UInt64', 'Number of records of the actor, including rejections'),
      parent_kind: col(TEXT_OR_NULL, 'Kind of the actor that started it as its child; NULL where none did'),
      parent: col(TEXT_OR_NULL, 'Id of that actor, which has the same tenant; NULL where none did'),
      child: col(TEXT_OR_NULL, 'Its name in that actor: the id of the invoke, or the one that spawnChild gave; NULL where none did'),
      first_at: col(TIME, 'When its first record was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      label: col('JSON(max_dynamic_paths=256)', 'Facts from the kind, such as intent; nulls are only in label_raw'),
      label_raw: {
        ...longText('Facts from the kind as exact JSON text, for formats and clients without JSON columns'),
        // For rows of a Colloquy without this column, until they are rebuilt.
        default: 'toJSONString(label)',
      },
      context_facts: longText(
        `Facts from the context of the machine as JSON text: its texts of up to ${CONTEXT_TEXT_CHARS_MAX} characters, numbers and `
          + 'booleans, without lists and objects',
      ),
      open_states: col(
        `Array(Tuple(region String, state String, entered_seq Nullable(UInt64), entered_at ${TIME}))`,
        'Each active leaf state, sorted by state, as in the view states: region, state, and the record that entered it with its time',
      ),
    },
  },
  conversations: {
    comment: 'Current state of every conversation, which is an actor with at least one message',
    orderBy: ['tenant', 'kind', 'actor'],
    partitionBy: 'first_at',
    version: 'last_seq',
    seq: 'last_seq',
    columns: {
      ...actorContext,
      history: col('Bool', 'True while its current case consists of imported history only'),
      state: col(TEXT, 'Active leaf states; parallel ones joined by +'),
      messages: col('UInt64', 'Number of messages'),
      user_msgs: col('UInt64', 'Messages from users'),
      bot_msgs: col('UInt64', 'Messages from the machine or another assistant'),
      agent_msgs: col('UInt64', 'Messages from people of the company'),
      first_at: col(TIME, 'When the first record of the actor was decided'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
      intent: col(TEXT_OR_NULL, 'Intent from the label; NULL where unknown'),
      quality: col(
        'Nullable(Float64)',
        'Quality of the last answer, 0 to 1: from the label, or else from the last message.sent that states one; NULL where none '
          + 'was evaluated. Later judgements are in turns and scores',
      ),
    },
  },
  cases: {
    comment:
      'Current state of every case that has a message, an escalation, a rating or an outcome. A history message '
      + 'in a live case changes only the counts, and so does a live message in a case of history. Texts are cut to 256 characters.',
    orderBy: ['tenant', 'kind', 'committed_at', 'actor', 'case_no'],
    partitionBy: 'committed_at',
    version: 'last_seq',
    seq: 'last_seq',
    // The last two let a question about what ended in a month read that month. All but history has its last record no earlier than its end.
    indexes: [...byActorAnd('opened_at'), rangeOf('last_at'), rangeOf('history')],
    columns: {
      ...context,
      history: col('Bool', 'True for a case that imported history opened; the next live message opens another case'),
      committed_at: monotonic(TIME, 'When the record that opened the case was decided'),
      opened_at: monotonic(
        TIME,
        "When the input that opened the case arrived in INBOX; for history, when it happened, by the producer's clock",
      ),
      customer: col(
        'Nullable(String)',
        'Last known customer: from message.received (including history), or else from the label; kept from earlier cases of the actor',
      ),
      channel: col(
        TEXT_OR_NULL,
        'Channel of the first user message: as stated there, or else from the label at that time, or else the source of the '
          + 'message; NULL before it',
      ),
      lang: col(
        TEXT_OR_NULL,
        'Language of the first user message with a known language: as the sender states it, or else from the label at that time, '
          + 'or else as detected',
      ),
      first_intent: col(TEXT_OR_NULL, 'First intent that the label had at or after the first user message; NULL for history'),
      outcome: col(TEXT_OR_NULL, 'Outcome of the last case.closed; NULL while the case is open'),
      drop_state: col(
        TEXT_OR_NULL,
        'State in which the customer dropped out: the state before the record that closed the case; NULL unless a timer closed '
          + 'the case or its outcome is abandoned, and NULL for the outcomes resolved, escalated_resolved and answered',
      ),
      escalation_reason: col(TEXT_OR_NULL, 'Reason of the first escalated'),
      first_responder: col(TEXT_OR_NULL, 'assistant or agent: author of the first reply to a user'),
      first_response_at: col(
        TIME_OR_NULL,
        'Time of that reply: when the machine sent it, when it arrived in INBOX (other authors), or when it happened (history)',
      ),
      escalated_at: col(TIME_OR_NULL, 'When the first escalated was decided'),
      team: col(TEXT_OR_NULL, 'Team whose desk had the case last, by case.queued, case.assigned or case.overdue; NULL where none had it'),
      agent: col(
        TEXT_OR_NULL,
        'Person who had the case last: from case.assigned or case.taken, or else as the last message of a person names him; NULL where '
          + 'nothing names one',
      ),
      human_first_at: col(
        TIME_OR_NULL,
        'Time of the first message of a person of the company: when it arrived in INBOX, or when it happened (history); messages that an '
          + 'earlier version of Colloquy recorded do not count',
      ),
      wait_for_human_ms: col(
        'Nullable(UInt64)',
        'Milliseconds from escalated_at to human_first_at; 0 where a person wrote before; NULL where either is missing',
      ),
      sla: col(
        TEXT_OR_NULL,
        'missed: the desk said that a promise of time was missed (case.overdue); kept: a desk had the case, and it ended without; NULL '
          + 'otherwise',
      ),
      closed_at: col(TIME_OR_NULL, 'When the last case.closed was decided; for counted history, the time of its last message'),
      records: col('UInt32', 'Records of the case, including rejections'),
      rejected: col('UInt32', 'Rejected inputs of the case'),
      messages: col('UInt32', 'Messages: its rows in messages'),
      user_msgs: col('UInt32', 'Messages from users'),
      bot_msgs: col('UInt32', 'Messages from the machine or another assistant'),
      agent_msgs: col('UInt32', 'Messages from people of the company'),
      turns: col('UInt32', 'Questions: its rows in turns'),
      turns_answered: col('UInt32', 'Questions that have an answer'),
      escalations: col('UInt32', 'Number of events escalated'),
      tasks: col('UInt32', 'Tasks started'),
      tasks_failed: col('UInt32', 'Tasks that failed or expired'),
      tokens_in: col('Nullable(UInt64)', 'Sum of tokensIn of message.sent; NULL where none states it'),
      tokens_out: col('Nullable(UInt64)', 'Sum of tokensOut of message.sent; NULL where none states it'),
      cost: col(MONEY_OR_NULL, 'Sum of cost of message.sent, each rounded to 0.000001; NULL where none states it'),
      rating: col(
        'Nullable(Float64)',
        'Rating by the customer: from the last feedback.given, or from the label if a later record changed the rating in the label; for '
          + 'history, from the import',
      ),
      tags: col('Array(String)', 'Tags of an imported conversation, as its file states them'),
      counted: col('Bool', 'True for history that counts in the questions: imported with --count'),
      last_at: col(TIME, 'When its last record was decided'),
      last_seq: col('UInt64', 'LOG sequence of its last record'),
    },
  },
  turns: {
    comment:
      'Every message of a user, with its answer. A reply with replyTo answers that message; a reply without one, such as an '
      + "agent's or an imported one, answers all open messages. History and live messages do not answer each other. Tokens "
      + 'and cost of an answer are in the row of the newest message that it answers. If more than 16 messages are open, '
      + 'the oldest stay without an answer.',
    orderBy: ['tenant', 'kind', 'committed_at', 'actor', 'turn'],
    partitionBy: 'committed_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: byActorAnd('asked_at'),
    columns: {
      ...context,
      machine: col(TEXT, 'kind@version of the machine that decided the answer or, before there is one, the question'),
      turn: col('UInt32', 'Number of the question in its actor: 1, 2, 3…'),
      committed_at: monotonic(TIME, 'When the question was decided'),
      asked_id: id('Id of the question in messages and events'),
      asked_seq: col(
        'Nullable(UInt64)',
        'LOG sequence of the question, whose idx is 0; NULL only where an earlier version of Colloquy recorded it',
      ),
      asked_at: monotonic(TIME, "When the question arrived in INBOX; for history, when it was asked, by the producer's clock"),
      lang: col(
        TEXT_OR_NULL,
        'Language of the question, as its sender states it or else from the label; NULL where neither states it (messages has the '
          + 'detected language)',
      ),
      answered_seq: col('Nullable(UInt64)', 'LOG sequence of the answer; NULL before it'),
      answered_idx: col('Nullable(UInt16)', "idx of the answer: 0 where it is an input, such as an agent's message"),
      answered_at: col(
        TIME_OR_NULL,
        'When the machine sent the answer; when it arrived in INBOX (other authors); when it happened (history)',
      ),
      responder: col(TEXT_OR_NULL, 'assistant or agent: author of the answer'),
      latency_ms: col('Nullable(UInt64)', 'Milliseconds from asked_at to answered_at; 0 where the clocks disagree'),
      intent: col(TEXT_OR_NULL, 'Intent of the question: from the answer, or else from the label at the time of the question'),
      intent_confidence: col('Nullable(Float64)', 'From 0 to 1: intentConfidence of the answer, or else confidence of that label'),
      act: col(TEXT_OR_NULL, 'Dialogue act of the question, such as new_topic or confirm, as its answer states it'),
      intents: col('Array(Tuple(name String, confidence Float64))', 'Intents of the question, best first, as its answer states them'),
      because: col('Array(String)', 'Words of the question that spoke for its intents or its act'),
      understanding_version: col(TEXT_OR_NULL, 'What understood the question: the trained set, the acts and the settings of the tenant'),
      lookups: col('Array(String)', 'What was looked up for the question, as its answer states it; empty where it was the question itself'),
      hits: col('Nullable(UInt32)', 'Number of sources found for the question; 0 where none was relevant, NULL where none were searched'),
      model: col(TEXT_OR_NULL, 'Model that wrote the answer'),
      model_version: col(TEXT_OR_NULL, 'Version of the model'),
      tier: col(TEXT_OR_NULL, 'Tier of the model: small, medium or large, as the answer states it'),
      complexity: col('Nullable(Float64)', 'Complexity of the question, 0 to 1, by which the tier was chosen'),
      tier_reason: col(TEXT_OR_NULL, 'Why this tier: complexity, given (by the task), budget or fallback (another model failed)'),
      cached_seq: col(
        'Nullable(UInt64)',
        'For an answer that was made for an earlier question: LOG sequence of the record that started the task which made it; else NULL',
      ),
      cached_level: col(TEXT_OR_NULL, 'Where that answer was found: memory, shared, or joined (it was being made)'),
      cached_knowledge_seq: col(
        'Nullable(UInt64)',
        "LOG sequence of the last record of the tenant's knowledge when the passages of that answer were found; 0 where there was none",
      ),
      prompt_version: col(TEXT_OR_NULL, "Version of the model's instructions"),
      kb_version: col(TEXT_OR_NULL, 'Version of the knowledge that was searched'),
      tokens_in: col('Nullable(UInt64)', 'Tokens that the model read'),
      tokens_out: col('Nullable(UInt64)', 'Tokens that the model wrote'),
      cost: col(MONEY_OR_NULL, 'Cost of the answer, in the currency of the installation'),
      quality: col('Nullable(Float64)', 'Quality of the answer, 0 to 1: the overall score of its newest judgement by a program'),
      evaluator: col(TEXT_OR_NULL, 'Person or program that evaluated the answer so, such as rules@1'),
      last_seq: col('UInt64', 'LOG sequence of the record of that judgement or of the answer or, before there is one, of the question'),
    },
  },
  state_intervals: {
    comment: 'Every completed interval in a state; the view states adds the current ones',
    orderBy: ['left_seq', 'state'],
    partitionBy: 'left_at',
    seq: 'left_seq',
    indexes: byActorAnd('left_at'),
    columns: {
      ...context,
      case_no: col('UInt32', 'Number of the case before the record that exited the state'),
      machine: col(TEXT, 'kind@version of the machine that exited the state'),
      left_seq: monotonic('UInt64', 'LOG sequence of the record that exited the state'),
      region: col(
        TEXT,
        "The parallel region: the shortest prefix of the state's path, in whole names, that no other active state shares; empty "
          + 'without parallel states',
      ),
      state: col(TEXT, 'The leaf state, dotted'),
      next: col(
        TEXT,
        'The active leaf states in the same region afterwards, joined by +; all active leaf states where the region no longer exists',
      ),
      cause: col(
        TEXT,
        'Cause of the exit: type of the input, timer:<delay or event>, task:<name>:done or task:<name>:error (failed or expired), '
          + 'child:<id>:done or child:<id>:error',
      ),
      entered_seq: col(
        'Nullable(UInt64)',
        'LOG sequence of the record that entered the state; NULL where an earlier version of Colloquy recorded it',
      ),
      entered_at: col(TIME, 'When the record that entered the state was decided'),
      left_at: monotonic(TIME, 'When the record that exited the state was decided'),
      ms: col('UInt64', 'Milliseconds from entered_at to left_at; 0 where the clock was set back between them'),
    },
  },
  citations: {
    comment: 'Every source cited by a reply: sources of message.sent',
    orderBy: ['seq', 'idx', 'rank'],
    partitionBy: 'committed_at',
    seq: 'seq',
    indexes: byActorAnd('committed_at'),
    columns: {
      ...context,
      ...position,
      turn: col('Nullable(UInt32)', 'The turn that the reply answers, the newest where there are several; NULL where there is none'),
      rank: col('UInt16', 'Position among the sources of the reply: 1 is the first'),
      source: col('String', 'Name of the source'),
      chunk: col('Nullable(String)', 'The passage within the source'),
      score: col('Nullable(Float64)', 'Relevance, in the scale of the kind'),
      committed_at: monotonic(TIME, 'When the reply was decided'),
    },
  },
  scores: {
    comment:
      'Every score of an answer or a translation, by who judged it and in which dimension. A later judgement of the same evaluator, '
      + 'version and dimension replaces the earlier one.',
    orderBy: ['tenant', 'kind', 'committed_at', 'actor', 'answer', 'evaluator', 'version', 'dimension'],
    partitionBy: 'committed_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: [...byActorAnd('judged_at'), { of: 'answer', type: 'bloom_filter', granularity: 1 }],
    columns: {
      ...context,
      case_no: col('UInt32', 'Number of the case in its actor: that of the answer; for customers and reviewers, that of their judgement'),
      history: col('Bool', 'False: history has no scores'),
      machine: col(TEXT, 'kind@version of the machine that decided the answer; for customers and reviewers, of the one that was there'),
      committed_at: monotonic(
        TIME,
        'When the answer was decided; for customers and reviewers, whose judgements do not say it, when the first record of the actor '
          + 'was decided',
      ),
      answer: id('Id of the answer in messages and events, of a translation in events; of customers and reviewers, as they state ' + 'it'),
      evaluator: col(
        TEXT,
        'rules, model, translation or another program; customer for what customers said, reviewer for what colleagues said; empty '
          + 'where the event names none',
      ),
      version: col(TEXT, 'Version of the evaluator; empty where it states none; 1 for customers; of a reviewer the name of the person'),
      dimension: col(
        TEXT,
        'relevance, completeness, coherence, groundedness, and overall for all of them; for customers rating, thumbs and correction; for '
          + 'reviewers thumbs and correction',
      ),
      score: col('Float64', 'From 0 to 1; for a rating the number as given, for thumbs 1 (up) or 0 (down), for a correction 0'),
      provenance: col(
        TEXT,
        'gate: by the task that answered, in message.sent or message.translated; judge: by the role judge, in answer.judged; '
          + 'customer: in feedback.given; '
          + 'reviewer: in answer.reviewed',
      ),
      reasons: col('Array(String)', 'Why the score is low, such as number_not_in_sources; in the row overall only'),
      suggestions: col('Array(String)', 'What would make the answer better; in the row overall of a judge only'),
      comment: {
        ...longText('Comment of the customer or reviewer; in the row correction, what the answer should have been; NULL without one'),
        type: 'Nullable(String)',
      },
      turn: col('Nullable(UInt32)', 'The turn that the answer answers, the newest where there are several; NULL where unknown'),
      answered_seq: col('Nullable(UInt64)', 'LOG sequence of the answer; NULL for customers and reviewers'),
      answered_idx: col('Nullable(UInt16)', 'idx of the answer; NULL for customers and reviewers'),
      judged_at: monotonic(TIME, 'When the judgement was decided; for a gate, with the answer'),
      tokens_in: col('Nullable(UInt64)', 'Tokens that the judgement read; in the row overall of a judge only'),
      tokens_out: col('Nullable(UInt64)', 'Tokens that the judgement wrote; in the row overall of a judge only'),
      cost: col(MONEY_OR_NULL, 'Cost of the judgement, in the currency of the installation; in the row overall of a judge only'),
      last_seq: col('UInt64', 'LOG sequence of the record of the judgement'),
    },
  },
  tasks: {
    comment: 'Every task that a machine started, with its outcome',
    orderBy: ['tenant', 'kind', 'started_at', 'actor', 'run'],
    partitionBy: 'started_at',
    version: 'last_seq',
    seq: 'last_seq',
    indexes: byActorAnd('started_at'),
    columns: {
      ...actorContext,
      run: id('Id of the run; also the idempotency key given to the task'),
      name: col(TEXT, 'Name of the task'),
      status: col(TEXT, 'running, done, failed, expired (its deadline passed) or stopped (the machine no longer needed it)'),
      attempts: col('Nullable(UInt32)', 'Attempts started; NULL where unknown'),
      queue_ms: col('Nullable(Float64)', 'Milliseconds from the record that started the task to the first attempt'),
      started_at: monotonic(TIME, 'When the record that started the task was decided'),
      duration_ms: col('Nullable(Float64)', 'Milliseconds from the first attempt to the outcome'),
      error_code: col(TEXT_OR_NULL, 'Code of the failure'),
      error: col('Nullable(String)', 'Message of the failure'),
      attempt_error_code: col(
        TEXT_OR_NULL,
        'For a task that is done after failed attempts: code of the last failed attempt; NULL where unknown',
      ),
      attempt_error: col('Nullable(String)', 'Message of that attempt'),
      last_seq: col('UInt64', 'LOG sequence of the record that set the status'),
    },
  },
  dead_letters: {
    comment: 'Every rejected input and every task that failed for good. Dead letters of stages, such as hook_failed, are in DEAD alone',
    orderBy: ['seq'],
    partitionBy: 'at',
    version: 'last_seq',
    seq: 'last_seq',
    columns: {
      ...address,
      seq: col('UInt64', 'LOG sequence of the record'),
      inbox_seq: col('UInt64', 'INBOX sequence of the input: its position'),
      at: col(TIME, 'When it was decided'),
      reason: col(TEXT, 'The reason as one word'),
      subject: col('String', 'The subject it was published to'),
      error: col('String', 'The problem, and the field that has it'),
      payload: longText('The message as text, cut to a limit; the stream DEAD has all of it'),
      resolved: col('Bool', 'True after it was redriven or dropped'),
      last_seq: col('UInt64', 'LOG sequence of the record that set resolved'),
    },
  },
} as const satisfies Readonly<Record<string, ReadModel>>

export type TableName = keyof typeof TABLES
export const TABLE_NAMES = Object.keys(TABLES) as TableName[]

/** A row of a table: every column has a value. */
export type Row<Name extends TableName> = { readonly [Name_ in keyof (typeof TABLES)[Name]['columns']]: unknown }

/**
 * The progress of the projector; one row per reader, the newest by `version`, which no clock can move. `freshness` shows it to analysts.
 */
export const PROGRESS: Table = {
  comment: 'Progress of the projector, and the position where it resumes',
  orderBy: ['reader'],
  partitionBy: '',
  version: 'version',
  columns: {
    reader: col(TEXT, 'Name of the reader of the log'),
    projected_seq: col('UInt64', 'The tables contain all records up to this LOG sequence'),
    log_last_seq: col('UInt64', 'The last LOG sequence when this was written'),
    complete_to: col(TIME, 'The tables contain everything decided up to this time'),
    at: col(TIME, 'When this was written'),
    version: col('UInt64', 'Orders the marks: higher after each start of the reader, and with each mark of a run; never a time'),
    positions: col('String', 'History of positions as JSON, from which the reader detects a truncated log'),
  },
}
