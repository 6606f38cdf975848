import type { ClickHouseClient } from '@clickhouse/client'
import { createStatements, rowsTable } from '../../schemas/ddl.ts'
import type { TableName } from '../../schemas/tables.ts'

/** Rows per customer-service case: the averages of the real conversations in the tests. */
const TURNS_PER_CASE = 5
const EVENTS_PER_TURN = 4
const EVENTS_PER_CASE = TURNS_PER_CASE * EVENTS_PER_TURN + 2
const TASKS_PER_TURN = 2
const STATE_INTERVALS_PER_TURN = 3
/** One of the rules for all dimensions together, and one for each. */
const SCORES_PER_TURN = 6
export const DAYS = 90

export interface Filling {
  readonly tenant: string
  readonly cases: number
  /** The end of the period that the rows cover. */
  readonly now: Date
}

/** Which records of a case ask and answer. */
const ASKED = Array.from({ length: TURNS_PER_CASE }, (_, turn) => Math.floor((turn * EVENTS_PER_CASE) / TURNS_PER_CASE))
const ANSWERED = ASKED.map((place) => place + 3)

export const casesIn = (eventRows: number): number => Math.max(1, Math.round(eventRows / EVENTS_PER_CASE))

/**
 * Creates all tables in the client's database and fills them with customer-service rows of the last `DAYS` days. ClickHouse generates the
 * rows itself; their content depends only on the row number.
 */
export async function fillTables(clickhouse: ClickHouseClient, { tenant, cases, now }: Filling): Promise<void> {
  for (const query of createStatements()) await clickhouse.command({ query })
  const start = Math.floor(now.getTime() / 1_000) - DAYS * 86_400
  for (const { table, count, columns } of sources) {
    const names = Object.keys(columns).join(', ')
    await clickhouse.command({
      query: `INSERT INTO ${rowsTable(table)} (tenant, kind, machine, actor, case_no, ${names})
        SELECT {tenant:String}, 'support', 'support@1', actor_id, case_number, ${Object.values(columns).join(', ')}
        FROM (SELECT number AS i, ${SHARED} FROM numbers({count:UInt64}))`,
      query_params: { tenant, count: count(cases), cases, perCase: Math.round(count(cases) / cases), begin: start },
      clickhouse_settings: {
        max_insert_threads: '2',
        min_insert_block_size_rows: '1000000',
        http_headers_progress_interval_ms: '10000',
        send_progress_in_http_headers: 1,
      },
    })
  }
  await clickhouse.command({
    query: `INSERT INTO progress (reader, projected_seq, log_last_seq, complete_to, at, positions)
      SELECT 'projector', {seq:UInt64}, {seq:UInt64}, toDateTime64({begin:UInt32} + ${DAYS * 86_400}, 3, 'UTC'), now64(3), '[]'`,
    query_params: { seq: cases * EVENTS_PER_CASE, begin: start },
  })
}

/**
 * Expressions that all tables share. For row i they give its case, the opening time of the case, and the number of the row within the
 * case. One case in ten is the second case of its actor.
 */
const SHARED = `
  intDiv(number, {perCase:UInt64}) AS c, number % {perCase:UInt64} AS place, concat('c', toString(c - again)) AS actor_id,
  c % 10 = 9 AS again, 1 + again AS case_number,
  toDateTime64({begin:UInt32}, 3, 'UTC') + toIntervalMillisecond(intDiv(c * ${DAYS * 86_400_000}, {cases:UInt64})) AS opened,
  sipHash64(c, 1) % 100 AS fate, fate < 93 AS is_closed, fate >= 75 AND fate < 90 AS is_escalated,
  opened + toIntervalSecond(60 * ${TURNS_PER_CASE}) AS served`

const INTENTS = "['product', 'order', 'shipping', 'returns', 'technical', 'account', 'payment', 'other']"
const intentOf = (number: string): string => `${INTENTS}[sipHash64(${number}, 2) % 8 + 1]`
const seqAt = (perCase: number): string => `c * ${EVENTS_PER_CASE} + intDiv(place * ${EVENTS_PER_CASE}, ${perCase})`
const TEXTS = `['Where is my order HB-', '我的快递到哪里了，单号 ', 'How do I return the kettle of order ', 'Is there a guarantee on ', '可以开发票吗？订单 ']`
const TEXT = `concat(${TEXTS}[sipHash64(i, 3) % 5 + 1], toString(sipHash64(i, 4) % 4000))`

interface Source {
  readonly table: TableName
  readonly count: (cases: number) => number
  /** ClickHouse expressions by column. */
  readonly columns: Readonly<Record<string, string>>
}

const TURN_AT = 'opened + toIntervalSecond(60 * place)'
const JUDGED_AT = `opened + toIntervalSecond(60 * intDiv(place, ${SCORES_PER_TURN}) + 1)`
const CLOSED_AT = 'served + toIntervalSecond(if(is_escalated, 7200, 1800))'
/** The last stay of most cases ends in silence: a timer closes the case. */
const IS_SILENT = `is_closed AND NOT is_escalated AND place = ${(TURNS_PER_CASE - 1) * STATE_INTERVALS_PER_TURN}`
const ENTERED_AT = 'opened + toIntervalSecond(20 * place)'
const LATENCY_MS = 'toUInt64(200 + sipHash64(i, 5) % 3000)'

const sources: readonly Source[] = [
  {
    table: 'cases',
    count: (cases) => cases,
    columns: {
      history: 'false',
      committed_at: 'opened',
      opened_at: 'opened',
      customer: "if(c % 3 = 0, NULL, concat('k', toString(sipHash64(c, 6) % intDiv({cases:UInt64} + 2, 2))))",
      channel: "'web'",
      lang: "if(fate % 2 = 0, 'en', 'zh')",
      first_intent: intentOf('c'),
      outcome: `if(NOT is_closed, NULL,
        if(is_escalated, 'escalated_resolved', ['resolved', 'answered', 'answered', 'abandoned'][fate % 4 + 1]))`,
      drop_state: "if(is_closed AND NOT is_escalated, 'open.listening', NULL)",
      escalation_reason: "if(is_escalated, ['customer_asked', 'low_confidence', 'negative_feedback', 'task_failed'][fate % 4 + 1], NULL)",
      first_responder: "'assistant'",
      first_response_at: 'opened + toIntervalMillisecond(200 + sipHash64(c, 7) % 3000)',
      escalated_at: 'if(is_escalated, opened + toIntervalSecond(200), NULL)',
      closed_at: `if(is_closed, ${CLOSED_AT}, NULL)`,
      records: '18',
      rejected: '0',
      messages: `${2 * TURNS_PER_CASE}`,
      user_msgs: `${TURNS_PER_CASE}`,
      bot_msgs: `${TURNS_PER_CASE}`,
      agent_msgs: 'if(is_escalated, 2, 0)',
      turns: `${TURNS_PER_CASE}`,
      turns_answered: `${TURNS_PER_CASE}`,
      escalations: 'is_escalated',
      tasks: `${TURNS_PER_CASE * TASKS_PER_TURN}`,
      tasks_failed: '0',
      cost: 'toDecimal64(0.0001 * (c % 300), 6)',
      rating: 'if(fate % 5 = 0, 1 + c % 5, NULL)',
      last_at: `if(is_closed, ${CLOSED_AT}, served)`,
      last_seq: `(c + 1) * ${EVENTS_PER_CASE}`,
    },
  },
  {
    table: 'turns',
    count: (cases) => cases * TURNS_PER_CASE,
    columns: {
      history: 'false',
      turn: 'place + 1',
      committed_at: TURN_AT,
      asked_id: 'toString(i)',
      asked_seq: seqAt(TURNS_PER_CASE),
      asked_at: TURN_AT,
      answered_seq: `${seqAt(TURNS_PER_CASE)} + 3`,
      answered_idx: '1',
      answered_at: `${TURN_AT} + toIntervalMillisecond(${LATENCY_MS})`,
      responder: "'assistant'",
      latency_ms: LATENCY_MS,
      intent: intentOf('i'),
      intent_confidence: '0.8',
      act: "['new_topic', 'continuation', 'confirm'][i % 3 + 1]",
      intents: `[(${intentOf('i')}, 0.8)]`,
      because: '[]',
      understanding_version: "'main@1-0123456789ab acts@1 tenant@0'",
      hits: 'if(sipHash64(i, 8) % 50 = 0, 0, 3)',
      model: "if(sipHash64(i, 8) % 50 = 0, NULL, ['large', 'small'][c % 2 + 1])",
      model_version: "'2026-10'",
      tier: "['small', 'large'][c % 2 + 1]",
      complexity: '(sipHash64(i, 12) % 1000) / 1000',
      tier_reason: "'complexity'",
      prompt_version: "['p1', 'p2', 'p3'][c % 3 + 1]",
      kb_version: "'k1'",
      tokens_in: '800',
      tokens_out: '90',
      cost: 'toDecimal64(0.0001 * (i % 60), 6)',
      quality: '0.5 + (sipHash64(i, 9) % 500) / 1000',
      evaluator: "'judge'",
      last_seq: `${seqAt(TURNS_PER_CASE)} + 3`,
    },
  },
  {
    table: 'tasks',
    count: (cases) => cases * TURNS_PER_CASE * TASKS_PER_TURN,
    columns: {
      run: 'hex(sipHash128(i))',
      name: "if(place % 2 = 0, 'lookup', 'answer')",
      status: "['failed', 'expired', 'done'][least(3, sipHash64(i, 10) % 100 + 1)]",
      attempts: '1',
      queue_ms: 'sipHash64(i, 11) % 200',
      started_at: 'opened + toIntervalSecond(30 * place)',
      duration_ms: 'sipHash64(i, 12) % 2500',
      error_code: "if(sipHash64(i, 10) % 100 < 2, 'http_500', NULL)",
      last_seq: `${seqAt(TURNS_PER_CASE * TASKS_PER_TURN)} + 1`,
    },
  },
  {
    table: 'state_intervals',
    count: (cases) => cases * TURNS_PER_CASE * STATE_INTERVALS_PER_TURN,
    columns: {
      history: 'false',
      left_seq: seqAt(TURNS_PER_CASE * STATE_INTERVALS_PER_TURN),
      region: "''",
      state: "['open.listening', 'open.answering.lookingUp', 'open.answering.composing'][place % 3 + 1]",
      next: "'open.listening'",
      cause: `if(${IS_SILENT}, 'timer:close', 'message.received')`,
      entered_seq: seqAt(TURNS_PER_CASE * STATE_INTERVALS_PER_TURN),
      entered_at: ENTERED_AT,
      left_at: `if(${IS_SILENT}, ${CLOSED_AT}, ${ENTERED_AT} + toIntervalMillisecond(sipHash64(i, 13) % 19000))`,
      ms: `if(${IS_SILENT}, dateDiff('millisecond', ${ENTERED_AT}, ${CLOSED_AT}), sipHash64(i, 13) % 19000)`,
    },
  },
  {
    table: 'messages',
    count: (cases) => cases * TURNS_PER_CASE * 2,
    columns: {
      history: 'false',
      // Where the turns have their question and their answer.
      seq: `c * ${EVENTS_PER_CASE} + intDiv(intDiv(place, 2) * ${EVENTS_PER_CASE}, ${TURNS_PER_CASE}) + if(place % 2 = 0, 0, 3)`,
      idx: 'place % 2',
      id: 'toString(i)',
      role: "if(place % 2 = 0, 'user', 'assistant')",
      text: TEXT,
      lang: "'en'",
      time: 'opened + toIntervalSecond(30 * place)',
      committed_at: 'opened + toIntervalSecond(30 * place)',
      chars: '30',
    },
  },
  {
    table: 'citations',
    count: (cases) => cases * TURNS_PER_CASE,
    columns: {
      history: 'false',
      seq: `${seqAt(TURNS_PER_CASE)} + 3`,
      idx: '1',
      turn: 'place + 1',
      rank: '1',
      source: "concat('kb-', toString(i % 300))",
      chunk: 'NULL',
      score: '0.7',
      committed_at: TURN_AT,
    },
  },
  {
    table: 'scores',
    count: (cases) => cases * TURNS_PER_CASE * SCORES_PER_TURN,
    columns: {
      history: 'false',
      committed_at: JUDGED_AT,
      // The id of its message.
      answer: `toString(intDiv(i, ${SCORES_PER_TURN}) * 2 + 1)`,
      // The last is the judgement of another evaluator.
      evaluator: `if(i % ${SCORES_PER_TURN} = 5, 'model', 'rules')`,
      version: "'1'",
      dimension: `['overall', 'relevance', 'completeness', 'coherence', 'groundedness', 'overall'][i % ${SCORES_PER_TURN} + 1]`,
      score: 'sipHash64(i, 17) % 1000 / 1000',
      provenance: "'gate'",
      reasons: 'emptyArrayString()',
      suggestions: 'emptyArrayString()',
      judged_at: JUDGED_AT,
      last_seq: 'i',
    },
  },
  {
    table: 'actors',
    count: (cases) => cases,
    columns: {
      state: "if(is_closed, 'closed', 'open.listening')",
      status: "'active'",
      n: '18',
      first_at: 'opened',
      last_at: 'served',
      last_seq: `(c + 1) * ${EVENTS_PER_CASE}`,
      label: `'{"intent":"order"}'`,
      open_states: `[('', if(is_closed, 'closed', 'open.listening'), toNullable(toUInt64(0)),
        if(is_closed, ${CLOSED_AT}, served))]`,
    },
  },
  {
    table: 'conversations',
    count: (cases) => cases,
    columns: {
      history: 'false',
      state: "if(is_closed, 'closed', 'open.listening')",
      messages: `${2 * TURNS_PER_CASE}`,
      user_msgs: `${TURNS_PER_CASE}`,
      bot_msgs: `${TURNS_PER_CASE}`,
      agent_msgs: '0',
      first_at: 'opened',
      last_at: 'served',
      last_seq: `(c + 1) * ${EVENTS_PER_CASE}`,
      intent: intentOf('c'),
      quality: '0.8',
    },
  },
  {
    table: 'events',
    count: (cases) => cases * EVENTS_PER_CASE,
    columns: {
      history: 'false',
      seq: 'i',
      idx: `place IN (${ANSWERED.join()})`,
      n: 'place + 1',
      outcome: "'committed'",
      type: `multiIf(place IN (${ASKED.join()}), 'message.received', place IN (${ANSWERED.join()}), 'message.sent', 'task.done')`,
      id: 'toString(i)',
      time: 'opened + toIntervalSecond(14 * place)',
      committed_at: 'opened + toIntervalSecond(14 * place)',
      source: "'web'",
      state_from: "'open.listening'",
      state_to: "'open.answering.lookingUp'",
      data: `concat('{"role":"user","text":"', ${TEXT}, '"}')`,
      data_raw: `concat('{"role":"user","text":"', ${TEXT}, '"}')`,
    },
  },
]
