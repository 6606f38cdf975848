CREATE TABLE IF NOT EXISTS progress (
  reader LowCardinality(String) COMMENT 'Who reads the log',
  projected_seq UInt64 COMMENT 'All records up to this LOG sequence are in the tables',
  log_last_seq UInt64 COMMENT 'The last LOG sequence when this was written',
  complete_to DateTime64(3, 'UTC') COMMENT 'All that was decided up to this time is in the tables',
  at DateTime64(3, 'UTC') COMMENT 'When this was written',
  positions String COMMENT 'Ring of positions by which a lost tail of the log is noticed, as JSON'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (reader)
COMMENT 'How far the tables are, and where the projector goes on';

CREATE OR REPLACE VIEW freshness (
  projected_seq UInt64 COMMENT 'All records up to this LOG sequence are in the tables',
  log_last_seq UInt64 COMMENT 'The last LOG sequence when this was written',
  complete_to DateTime64(3, 'UTC') COMMENT 'All that was decided up to this time is in the tables',
  at DateTime64(3, 'UTC') COMMENT 'When this was written'
) AS (
  SELECT projected_seq, log_last_seq, complete_to, at FROM progress FINAL WHERE reader = 'projector'
)
COMMENT 'How far the tables are';

CREATE TABLE IF NOT EXISTS events_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  history Bool COMMENT 'True for something past that was imported: counted, never shown to the machine',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  seq UInt64 COMMENT 'LOG sequence of the record',
  idx UInt16 COMMENT '0 for the input, 1, 2, 3… for what the machine emitted',
  n UInt64 COMMENT 'Number of the record in its actor: 1, 2, 3…',
  outcome LowCardinality(String) COMMENT 'committed or rejected',
  type LowCardinality(String) COMMENT 'Type of the event, such as message.received',
  id String COMMENT 'Id of the input as its producer gave it, or of the emitted event',
  time DateTime64(3, 'UTC') COMMENT 'When it happened, by its producer; for emitted events the time of the commit',
  committed_at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  source LowCardinality(String) COMMENT 'Who says so',
  correlation_id Nullable(String) COMMENT 'CloudEvents correlationid',
  causation_id Nullable(String) COMMENT 'Id of what caused it; for emitted events the id of the input',
  state_from LowCardinality(String) COMMENT 'State before; empty for an actor that was not started',
  state_to LowCardinality(String) COMMENT 'State after; parallel leaves joined by +',
  data JSON(max_dynamic_paths=256) COMMENT 'The event itself; nulls and empty objects are only in data_raw',
  data_raw String COMMENT 'The event itself, as exact JSON text; for a rejected input its payload, cut to a limit' CODEC(ZSTD(3)),
  data_error Nullable(String) COMMENT 'Why data is empty, where ClickHouse cannot hold the event as JSON'
)
ENGINE = ReplacingMergeTree()
PARTITION BY toYYYYMM(committed_at)
ORDER BY (seq, idx)
COMMENT 'One row per input and per emitted event of each record, in the order of the log';

CREATE OR REPLACE VIEW events (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  history Bool COMMENT 'True for something past that was imported: counted, never shown to the machine',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  seq UInt64 COMMENT 'LOG sequence of the record',
  idx UInt16 COMMENT '0 for the input, 1, 2, 3… for what the machine emitted',
  n UInt64 COMMENT 'Number of the record in its actor: 1, 2, 3…',
  outcome LowCardinality(String) COMMENT 'committed or rejected',
  type LowCardinality(String) COMMENT 'Type of the event, such as message.received',
  id String COMMENT 'Id of the input as its producer gave it, or of the emitted event',
  time DateTime64(3, 'UTC') COMMENT 'When it happened, by its producer; for emitted events the time of the commit',
  committed_at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  source LowCardinality(String) COMMENT 'Who says so',
  correlation_id Nullable(String) COMMENT 'CloudEvents correlationid',
  causation_id Nullable(String) COMMENT 'Id of what caused it; for emitted events the id of the input',
  state_from LowCardinality(String) COMMENT 'State before; empty for an actor that was not started',
  state_to LowCardinality(String) COMMENT 'State after; parallel leaves joined by +',
  data JSON(max_dynamic_paths=256) COMMENT 'The event itself; nulls and empty objects are only in data_raw',
  data_raw String COMMENT 'The event itself, as exact JSON text; for a rejected input its payload, cut to a limit',
  data_error Nullable(String) COMMENT 'Why data is empty, where ClickHouse cannot hold the event as JSON'
) AS (
  SELECT tenant, kind, actor, case_no, history, machine, seq, idx, n, outcome, type, id, time, committed_at, source, correlation_id, causation_id, state_from, state_to, data, data_raw, data_error FROM events_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'One row per input and per emitted event of each record, in the order of the log';

CREATE TABLE IF NOT EXISTS messages_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  history Bool COMMENT 'True for something past that was imported: counted, never shown to the machine',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  seq UInt64 COMMENT 'LOG sequence of the record',
  idx UInt16 COMMENT '0 for the input, 1, 2, 3… for what the machine emitted',
  id String COMMENT 'Id of the event',
  role LowCardinality(String) COMMENT 'user, assistant, agent or system; what a machine says is assistant',
  text String COMMENT 'What was said' CODEC(ZSTD(3)),
  lang LowCardinality(Nullable(String)) COMMENT 'Language as its sender says, else as detected; NULL where unknown',
  time DateTime64(3, 'UTC') COMMENT 'When it was said',
  committed_at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  chars UInt32 COMMENT 'Length of the text in Unicode code points'
)
ENGINE = ReplacingMergeTree()
PARTITION BY toYYYYMM(committed_at)
ORDER BY (seq, idx)
COMMENT 'Everything said in conversations, by whomever';

CREATE OR REPLACE VIEW messages (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  history Bool COMMENT 'True for something past that was imported: counted, never shown to the machine',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  seq UInt64 COMMENT 'LOG sequence of the record',
  idx UInt16 COMMENT '0 for the input, 1, 2, 3… for what the machine emitted',
  id String COMMENT 'Id of the event',
  role LowCardinality(String) COMMENT 'user, assistant, agent or system; what a machine says is assistant',
  text String COMMENT 'What was said',
  lang LowCardinality(Nullable(String)) COMMENT 'Language as its sender says, else as detected; NULL where unknown',
  time DateTime64(3, 'UTC') COMMENT 'When it was said',
  committed_at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  chars UInt32 COMMENT 'Length of the text in Unicode code points'
) AS (
  SELECT tenant, kind, actor, case_no, history, machine, seq, idx, id, role, text, lang, time, committed_at, chars FROM messages_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'Everything said in conversations, by whomever';

CREATE TABLE IF NOT EXISTS actors_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  state LowCardinality(String) COMMENT 'Active states; parallel leaves joined by +; empty where the machine was not started',
  status LowCardinality(String) COMMENT 'none (not started), active, done or error',
  n UInt64 COMMENT 'Records of the actor, rejections included',
  first_at DateTime64(3, 'UTC') COMMENT 'When its first record was decided',
  last_at DateTime64(3, 'UTC') COMMENT 'When its last record was decided',
  last_seq UInt64 COMMENT 'LOG sequence of its last record',
  label JSON(max_dynamic_paths=256) COMMENT 'Facts that the kind shows, such as intent'
)
ENGINE = ReplacingMergeTree(last_seq)
PARTITION BY toYYYYMM(first_at)
ORDER BY (tenant, kind, actor)
COMMENT 'Every actor as it stands';

CREATE OR REPLACE VIEW actors (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  state LowCardinality(String) COMMENT 'Active states; parallel leaves joined by +; empty where the machine was not started',
  status LowCardinality(String) COMMENT 'none (not started), active, done or error',
  n UInt64 COMMENT 'Records of the actor, rejections included',
  first_at DateTime64(3, 'UTC') COMMENT 'When its first record was decided',
  last_at DateTime64(3, 'UTC') COMMENT 'When its last record was decided',
  last_seq UInt64 COMMENT 'LOG sequence of its last record',
  label JSON(max_dynamic_paths=256) COMMENT 'Facts that the kind shows, such as intent'
) AS (
  SELECT tenant, kind, actor, case_no, machine, state, status, n, first_at, last_at, last_seq, label FROM actors_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'Every actor as it stands';

CREATE TABLE IF NOT EXISTS conversations_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  state LowCardinality(String) COMMENT 'Active states; parallel leaves joined by +',
  messages UInt64 COMMENT 'Things said in all',
  user_msgs UInt64 COMMENT 'Things said by users',
  bot_msgs UInt64 COMMENT 'Things said by the machine or another assistant',
  agent_msgs UInt64 COMMENT 'Things said by people of the company',
  first_at DateTime64(3, 'UTC') COMMENT 'When the first record of the actor was decided',
  last_at DateTime64(3, 'UTC') COMMENT 'When its last record was decided',
  last_seq UInt64 COMMENT 'LOG sequence of its last record',
  intent LowCardinality(Nullable(String)) COMMENT 'What the customer wants, by the kind; NULL where unknown',
  quality Nullable(Float64) COMMENT 'Quality of the last answer, 0 to 1; NULL where it was not judged'
)
ENGINE = ReplacingMergeTree(last_seq)
PARTITION BY toYYYYMM(first_at)
ORDER BY (tenant, kind, actor)
COMMENT 'Every conversation as it stands: an actor in which something was said';

CREATE OR REPLACE VIEW conversations (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  state LowCardinality(String) COMMENT 'Active states; parallel leaves joined by +',
  messages UInt64 COMMENT 'Things said in all',
  user_msgs UInt64 COMMENT 'Things said by users',
  bot_msgs UInt64 COMMENT 'Things said by the machine or another assistant',
  agent_msgs UInt64 COMMENT 'Things said by people of the company',
  first_at DateTime64(3, 'UTC') COMMENT 'When the first record of the actor was decided',
  last_at DateTime64(3, 'UTC') COMMENT 'When its last record was decided',
  last_seq UInt64 COMMENT 'LOG sequence of its last record',
  intent LowCardinality(Nullable(String)) COMMENT 'What the customer wants, by the kind; NULL where unknown',
  quality Nullable(Float64) COMMENT 'Quality of the last answer, 0 to 1; NULL where it was not judged'
) AS (
  SELECT tenant, kind, actor, case_no, machine, state, messages, user_msgs, bot_msgs, agent_msgs, first_at, last_at, last_seq, intent, quality FROM conversations_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'Every conversation as it stands: an actor in which something was said';

CREATE TABLE IF NOT EXISTS tasks_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  run String COMMENT 'Id of the run; the idempotency key that the task was given',
  name LowCardinality(String) COMMENT 'Name of the task',
  status LowCardinality(String) COMMENT 'running, done, failed, expired (its deadline passed) or stopped (the machine wanted it no longer)',
  attempts Nullable(UInt32) COMMENT 'Attempts begun; NULL while unknown',
  queue_ms Nullable(Float64) COMMENT 'From the commit that started it to its first attempt',
  started_at DateTime64(3, 'UTC') COMMENT 'When the record that started it was decided',
  duration_ms Nullable(Float64) COMMENT 'From the first attempt to the outcome',
  error_code LowCardinality(Nullable(String)) COMMENT 'Code of the failure',
  error Nullable(String) COMMENT 'Message of the failure',
  last_seq UInt64 COMMENT 'LOG sequence of the record that says so'
)
ENGINE = ReplacingMergeTree(last_seq)
PARTITION BY toYYYYMM(started_at)
ORDER BY (tenant, kind, actor, run)
COMMENT 'Every task that a machine started, and how it came out';

CREATE OR REPLACE VIEW tasks (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  case_no UInt32 COMMENT 'Which case of the actor: 1 from the start, one more with each reopening',
  machine LowCardinality(String) COMMENT 'kind@version of the machine that decided; empty where the kind is unknown',
  run String COMMENT 'Id of the run; the idempotency key that the task was given',
  name LowCardinality(String) COMMENT 'Name of the task',
  status LowCardinality(String) COMMENT 'running, done, failed, expired (its deadline passed) or stopped (the machine wanted it no longer)',
  attempts Nullable(UInt32) COMMENT 'Attempts begun; NULL while unknown',
  queue_ms Nullable(Float64) COMMENT 'From the commit that started it to its first attempt',
  started_at DateTime64(3, 'UTC') COMMENT 'When the record that started it was decided',
  duration_ms Nullable(Float64) COMMENT 'From the first attempt to the outcome',
  error_code LowCardinality(Nullable(String)) COMMENT 'Code of the failure',
  error Nullable(String) COMMENT 'Message of the failure',
  last_seq UInt64 COMMENT 'LOG sequence of the record that says so'
) AS (
  SELECT tenant, kind, actor, case_no, machine, run, name, status, attempts, queue_ms, started_at, duration_ms, error_code, error, last_seq FROM tasks_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'Every task that a machine started, and how it came out';

CREATE TABLE IF NOT EXISTS dead_letters_rows (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  seq UInt64 COMMENT 'LOG sequence of the record',
  inbox_seq UInt64 COMMENT 'INBOX sequence of the input: the position that its producer was told',
  at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  reason LowCardinality(String) COMMENT 'Why, in one word',
  subject String COMMENT 'Where it was published',
  error String COMMENT 'Why, with the field',
  payload String COMMENT 'The message as text, cut to a limit; the DEAD stream has it untouched' CODEC(ZSTD(3)),
  resolved Bool COMMENT 'True once it was sent again or dropped'
)
ENGINE = ReplacingMergeTree()
PARTITION BY toYYYYMM(at)
ORDER BY (seq)
COMMENT 'Every input that was rejected and every task that failed for good';

CREATE OR REPLACE VIEW dead_letters (
  tenant LowCardinality(String) COMMENT 'Tenant: the first token of the subject',
  kind LowCardinality(String) COMMENT 'Kind of actor: the second token of the subject',
  actor String COMMENT 'Id of the actor: the third token of the subject',
  seq UInt64 COMMENT 'LOG sequence of the record',
  inbox_seq UInt64 COMMENT 'INBOX sequence of the input: the position that its producer was told',
  at DateTime64(3, 'UTC') COMMENT 'When it was decided',
  reason LowCardinality(String) COMMENT 'Why, in one word',
  subject String COMMENT 'Where it was published',
  error String COMMENT 'Why, with the field',
  payload String COMMENT 'The message as text, cut to a limit; the DEAD stream has it untouched',
  resolved Bool COMMENT 'True once it was sent again or dropped'
) AS (
  SELECT tenant, kind, actor, seq, inbox_seq, at, reason, subject, error, payload, resolved FROM dead_letters_rows FINAL
  SETTINGS do_not_merge_across_partitions_select_final = 1
)
COMMENT 'Every input that was rejected and every task that failed for good';
