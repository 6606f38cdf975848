import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const count = z.coerce.number()
const figure = z.number().nullable()
const name = z.string().nullable()
/** A time as ClickHouse writes it, in UTC. */
const time = z.string().transform((text) => `${text.replace(' ', 'T')}Z`)
/** 1 in the row that sums up the others, else 0. */
const total = z.coerce.number().transform((flag) => flag === 1)

/** Whether something is so; `null` where nobody knows. */
const flag = z
  .number()
  .nullable()
  .transform((value) => (value === null ? null : value === 1))

/** The rows of each answer. The comment at the head of each query explains the columns. */
export const ANSWERS = {
  containment: z.object({
    total,
    day: name,
    cases: count,
    closed: count,
    escalated: count,
    contained: count,
    contained_abandoned: count,
    containment_rate: figure,
  }),
  'first-response': z.object({
    total,
    responder: name,
    cases: count,
    answered: count,
    waiting: count,
    never: count,
    p50_ms: figure,
    p90_ms: figure,
    p95_ms: figure,
    max_ms: figure,
  }),
  'repeat-contact': z.object({ total, first_intent: name, closed: count, repeated: count, pending: count, repeat_rate: figure }),
  escalations: z.object({ total, reason: name, cases: count, share: figure, p50_ms: figure, resolved: count, open: count }),
  cost: z.object({ total, way: name, closed: count, resolved: count, cost: figure, cost_unknown: count, cost_per_resolved: figure }),
  satisfaction: z.object({
    total,
    lang: name,
    cases: count,
    rated: count,
    rated_share: figure,
    average: figure,
    csat: figure,
    r1: count,
    r2: count,
    r3: count,
    r4: count,
    r5: count,
  }),
  'time-in-state': z.object({
    kind: z.string(),
    state: z.string(),
    stays: count,
    p50_ms: figure,
    p95_ms: figure,
    hours: count,
    now: count,
    dropped: count,
    drop_share: figure,
  }),
  backlog: z.object({ hour: time, opened: count, closed: count, escalated: count, open: count, waiting_for_person: count }),
  'intent-funnel': z.object({ total, intent: name, cases: count, answered: count, contained: count, ended: count, resolved: count }),
  quality: z.object({
    total,
    model: name,
    model_version: name,
    prompt_version: name,
    answers: count,
    judged: count,
    average: figure,
    p10: figure,
    low: count,
    p50_ms: figure,
    p95_ms: figure,
    cost: figure,
    cost_per_answer: figure,
  }),
  'knowledge-gaps': z.object({
    total,
    question: name,
    example: name,
    intent: name,
    asked: count,
    unanswered: count,
    last_at: time.nullable(),
  }),
  tasks: z.object({
    total,
    kind: name,
    name,
    tasks: count,
    done: count,
    failed: count,
    expired: count,
    stopped: count,
    running: count,
    failure_rate: figure,
    retried: count,
    queue_p50_ms: figure,
    queue_p95_ms: figure,
    duration_p50_ms: figure,
    duration_p95_ms: figure,
    top_error: name,
  }),
  unanswered: z.object({
    total,
    question: name,
    example: name,
    asked: count,
    wordings: count,
    no_reply: count,
    intent: name,
    last_at: time.nullable(),
    text_key: name,
  }),
  'heat-map': z.object({ total, weekday: figure, hour_of_day: figure, cases: count, escalated: count, messages: count }),
  'label-funnel': z.object({ total, value: name, cases: count, answered: count, contained: count, ended: count, resolved: count }),
  versions: z.object({
    total,
    machine: name,
    last_machine: name,
    crossed: total,
    cases: count,
    closed: count,
    escalated: count,
    abandoned: count,
    containment_rate: figure,
    resolution_rate: figure,
    average: figure,
    p50_ms: figure,
  }),
  'rating-comments': z.object({
    total,
    comments: count,
    rating: figure,
    comment: name,
    given_at: time.nullable(),
    kind: name,
    actor: name,
    outcome: name,
    intent: name,
    lang: name,
  }),
  'late-tasks': z.object({
    total,
    kind: name,
    name,
    error_code: name,
    tasks: count,
    attempts: figure,
    late_share: figure,
    duration_p50_ms: figure,
    duration_p95_ms: figure,
    example: name,
  }),
  'model-cost': z.object({
    total,
    model: name,
    tier: name,
    answers: count,
    fallbacks: count,
    complexity: figure,
    tokens_in: count.nullable(),
    tokens_out: count.nullable(),
    cost: figure,
    cost_unknown: count,
  }),
  kpi: z.object({ figure: z.string(), value: figure, aim: z.number(), met: flag, counted: count }),
  'evaluator-agreement': z.object({
    one: z.string(),
    other: z.string(),
    answers: count,
    mean_difference: figure,
    agree_share: figure,
    correlation: figure,
  }),
  'prompt-versions': z.object({
    total,
    prompt_version: name,
    turns: count,
    judged: count,
    average: figure,
    average_low: figure,
    average_high: figure,
    cost_per_turn: figure,
    cost_low: figure,
    cost_high: figure,
    handed: count,
    handed_share: figure,
    handed_low: figure,
    handed_high: figure,
  }),
  'cache-freshness': z.object({ total, age: name, answers: count, stale: count, late: count, max_stale_ms: figure }),
  alerts: z.object({
    total,
    series: name,
    alerts: count,
    open: count,
    acknowledged: count,
    escalated: count,
    acknowledged_p50_ms: figure,
    cleared_p50_ms: figure,
  }),
  strategies: z.object({
    total,
    strategy: name,
    arm: name,
    chosen: count,
    rewarded: count,
    by_feedback: count,
    reward: figure,
    reward_low: figure,
    reward_high: figure,
    texts: count,
    failed: count,
    cost_per_text: figure,
  }),
  'wait-for-a-person': z.object({
    total,
    team: name,
    cases: count,
    assigned: count,
    waiting: count,
    offers: count,
    without_offer: count,
    p50_ms: figure,
    p90_ms: figure,
    p95_ms: figure,
    max_ms: figure,
  }),
  agents: z.object({
    total,
    agent: name,
    offers: count,
    accepted: count,
    declined: count,
    lapsed: count,
    withdrawn: count,
    answer_p50_ms: figure,
    handle_p50_ms: figure,
    resolved: count,
    returned: count,
    transferred: count,
    lost: count,
    open: count,
  }),
  sla: z.object({ total, team: name, promise: name, cases: count, missed: count, nobody: count, share: figure }),
  trends: z.object({
    total,
    about: z.string(),
    kind: name,
    type: name,
    hour: time.nullable(),
    weeks: figure,
    events: figure,
    usual: figure,
    rise: figure,
    expected: figure,
    mean: figure,
    band_low: figure,
    band_high: figure,
    surprise: figure,
    error_to_naive: figure,
    covered: figure,
  }),
} as const

/** Columns with a time, in UTC. */
export const TIME_COLUMNS: readonly string[] = ['hour', 'last_at', 'given_at']

/** The columns that name a row of an answer, besides `total`. Rows with the same names in two periods are compared. */
export const ROW_NAMES = {
  containment: ['day'],
  'first-response': ['responder'],
  'repeat-contact': ['first_intent'],
  escalations: ['reason'],
  cost: ['way'],
  satisfaction: ['lang'],
  'time-in-state': ['kind', 'state'],
  backlog: ['hour'],
  'intent-funnel': ['intent'],
  quality: ['model', 'model_version', 'prompt_version'],
  'knowledge-gaps': ['question'],
  tasks: ['kind', 'name'],
  unanswered: ['question'],
  'heat-map': ['weekday', 'hour_of_day'],
  'label-funnel': ['value'],
  versions: ['machine', 'last_machine'],
  'rating-comments': ['kind', 'actor', 'given_at'],
  'late-tasks': ['kind', 'name', 'error_code'],
  'model-cost': ['model', 'tier'],
  kpi: ['figure'],
  'evaluator-agreement': ['one', 'other'],
  'prompt-versions': ['prompt_version'],
  'cache-freshness': ['age'],
  alerts: ['series'],
  strategies: ['strategy', 'arm'],
  'wait-for-a-person': ['team'],
  agents: ['agent'],
  sla: ['team', 'promise'],
  trends: ['about', 'kind', 'type', 'hour'],
} as const satisfies { readonly [Name in keyof typeof ANSWERS]: readonly (keyof z.output<(typeof ANSWERS)[Name]> & string)[] }

export type QuestionName = keyof typeof ANSWERS
export const QUESTION_NAMES = Object.keys(ANSWERS) as QuestionName[]
export type Answer<Name extends QuestionName> = z.output<(typeof ANSWERS)[Name]>[]

/** A question, as its file has it: a title, a definition, the definition that is usual in the field, notes, and the query. */
export interface Question {
  readonly name: QuestionName
  readonly title: string
  /** What the figures count. */
  readonly definition: string
  /** What is usually counted under this name, and the difference. */
  readonly usual: string
  /** Explains the columns and rows. */
  readonly notes: string
  readonly sql: string
}

/** Queries are files, so that a user can copy them into any tool. */
export async function loadQuestion(name: QuestionName): Promise<Question> {
  const sql = await readFile(new URL(`${name}.sql`, import.meta.url), 'utf8')
  const { head, query } = splitHead(sql)
  const [title = '', definition = '', usual = '', ...notes] = head.split(/\n{2,}/)
  return { name, title, definition, usual: usual.replace(USUAL, ''), notes: notes.join('\n\n'), sql: query }
}

/** The third paragraph of a head begins so. */
const USUAL = /^Usual: /

/** Splits off the comment at the start of a file, without its dashes. */
function splitHead(text: string): { head: string; query: string } {
  const lines = text.trimEnd().split('\n')
  const end = lines.findIndex((line) => !line.startsWith('--'))
  const head = lines.slice(0, end).map((line) => line.replace(/^-- ?/, ''))
  return { head: head.join('\n'), query: lines.slice(end).join('\n') }
}
