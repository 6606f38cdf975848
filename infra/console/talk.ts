import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import type { Address } from '../../schemas/subjects.ts'
import { isoTime, queryRows } from './console-query.ts'

const PAGE_MAX = 200
/** Characters of a text in a page of the talk; the rest is read when somebody asks for it. */
const TEXT_CHARS_MAX = 4_000
/** Scores, citations and tasks in one answer. */
const ROWS_MAX = 2_000

export const talkQuery = z.strictObject({
  /** Messages before or after this LOG sequence. Default: the newest ones. */
  before: z.coerce.number().int().min(1).optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(100),
})
export type TalkQuery = z.output<typeof talkQuery>

export const messageQuery = z.strictObject({ seq: z.coerce.number().int().min(1), idx: z.coerce.number().int().min(0) })

const messageSchema = z.object({
  seq: z.coerce.number(),
  idx: z.coerce.number(),
  /** Number of its record in the actor. */
  n: z.coerce.number(),
  id: z.string(),
  role: z.string(),
  agent: z.string().nullable(),
  lang: z.string().nullable(),
  time: z.string(),
  text: z.string(),
  /** Length of the whole text; more than `text` has where it is cut. */
  chars: z.coerce.number(),
})
const turnSchema = z.object({
  answeredSeq: z.coerce.number(),
  answeredIdx: z.coerce.number(),
  latencyMs: z.coerce.number().nullable(),
  intent: z.string().nullable(),
  confidence: z.number().nullable(),
  act: z.string().nullable(),
  because: z.array(z.string()),
  lookups: z.array(z.string()),
  hits: z.number().nullable(),
  model: z.string().nullable(),
  tier: z.string().nullable(),
  tierReason: z.string().nullable(),
  cached: z.string().nullable(),
  prompt: z.string().nullable(),
  quality: z.number().nullable(),
  evaluator: z.string().nullable(),
})
const sourceSchema = z.object({
  seq: z.coerce.number(),
  idx: z.coerce.number(),
  source: z.string(),
  chunk: z.string().nullable(),
  score: z.number().nullable(),
})
const scoreSchema = z.object({
  answer: z.string(),
  evaluator: z.string(),
  dimension: z.string(),
  score: z.number(),
  reasons: z.array(z.string()),
  comment: z.string().nullable(),
})

/** A part of a conversation as people saw it, oldest first, and what is known of its answers. */
export interface Talk {
  readonly messages: readonly z.output<typeof messageSchema>[]
  /** Whether there are more messages in the direction that was asked for. */
  readonly more: boolean
  readonly turns: readonly z.output<typeof turnSchema>[]
  readonly sources: readonly z.output<typeof sourceSchema>[]
  readonly scores: readonly AnswerScore[]
}

const OF_ACTOR = 'tenant = {tenant:String} AND kind = {kind:String} AND actor = {id:String}'

/** Reads a page of a conversation. */
export async function readTalk(client: () => ClickHouseClient, address: Address, query: TalkQuery): Promise<Talk> {
  const { before = 0, after = 0, limit } = query
  const isForward = query.after !== undefined
  const order = isForward ? 'ASC' : 'DESC'
  const params = { ...address, before, after, limit: limit + 1 }
  const found = await queryRows(
    client,
    messageSchema.omit({ n: true }),
    `SELECT seq, idx, id, role, agent, lang, ${isoTime('time')} AS time, substringUTF8(text, 1, ${TEXT_CHARS_MAX}) AS text, chars
    FROM messages
    WHERE ${OF_ACTOR} AND ({before:UInt64} = 0 OR seq < {before:UInt64}) AND seq > {after:UInt64}
    ORDER BY seq ${order}, idx ${order} LIMIT {limit:UInt32}`,
    params,
  )
  const page = wholeRecords(found, limit)
  if (!isForward) page.reverse()
  const seqs = [...new Set(page.map(({ seq }) => seq))]
  const ids = page.map(({ id }) => id)
  const about = { ...address, seqs }
  const [places, turns, sources, scores] = await Promise.all([
    queryRows(
      client,
      z.object({ seq: z.coerce.number(), n: z.coerce.number() }),
      `SELECT seq, n FROM events WHERE seq IN {seqs:Array(UInt64)} AND idx = 0 LIMIT ${PAGE_MAX}`,
      about,
    ),
    queryRows(
      client,
      turnSchema,
      `SELECT answered_seq AS answeredSeq, answered_idx AS answeredIdx, latency_ms AS latencyMs, intent, intent_confidence AS confidence,
        act, because, lookups, hits, model, tier, tier_reason AS tierReason, cached_level AS cached, prompt_version AS prompt, quality,
        evaluator
      FROM turns WHERE ${OF_ACTOR} AND answered_seq IN {seqs:Array(UInt64)} LIMIT ${ROWS_MAX}`,
      about,
    ),
    queryRows(
      client,
      sourceSchema,
      `SELECT seq, idx, source, chunk, score FROM citations WHERE seq IN {seqs:Array(UInt64)} AND ${OF_ACTOR}
      ORDER BY seq, idx, rank LIMIT ${ROWS_MAX}`,
      about,
    ),
    readScores(client, address, ids),
  ])
  const numbers = new Map(places.map(({ seq, n }) => [seq, n]))
  const messages = page.map((message) => ({ ...message, n: numbers.get(message.seq) ?? 0 }))
  return { messages, more: page.length < found.length, turns, sources, scores }
}

/** A score of an answer in one dimension. */
export type AnswerScore = z.output<typeof scoreSchema>

/** Reads what evaluators and people gave to some answers of an actor. */
export const readScores = (client: () => ClickHouseClient, address: Address, ids: readonly string[]): Promise<AnswerScore[]> =>
  queryRows(
    client,
    scoreSchema,
    `SELECT answer, concat(evaluator, if(version = '', '', '@'), version) AS evaluator, dimension, score, reasons, comment
    FROM scores WHERE ${OF_ACTOR} AND answer IN {ids:Array(String)} ORDER BY answer, evaluator, dimension LIMIT ${ROWS_MAX}`,
    { ...address, ids },
  )

/** At most `limit` rows, and no record in part: the next page begins at a record. One record with more messages than that is cut. */
function wholeRecords<Row extends { readonly seq: number }>(rows: readonly Row[], limit: number): Row[] {
  if (rows.length <= limit) return [...rows]
  const next = rows[limit]?.seq
  const whole = rows.slice(0, limit).filter(({ seq }) => seq !== next)
  return whole.length > 0 ? whole : rows.slice(0, limit)
}

/** Reads one whole text; `undefined` where the tables do not have it. */
export async function readText(
  client: () => ClickHouseClient,
  address: Address,
  place: z.output<typeof messageQuery>,
): Promise<string | undefined> {
  const [found] = await queryRows(
    client,
    z.object({ text: z.string() }),
    `SELECT text FROM messages WHERE seq = {seq:UInt64} AND idx = {idx:UInt16} AND ${OF_ACTOR} LIMIT 1`,
    { ...address, ...place },
  )
  return found?.text
}

const taskSchema = z.object({
  run: z.string(),
  name: z.string(),
  status: z.string(),
  attempts: z.number().nullable(),
  startedAt: z.string(),
  durationMs: z.number().nullable(),
  error: z.string().nullable(),
})
export type ListedTask = z.output<typeof taskSchema>

const TASKS_MAX = 100

/** The newest tasks of an actor, newest first. */
export const readTasks = (client: () => ClickHouseClient, address: Address): Promise<ListedTask[]> =>
  queryRows(
    client,
    taskSchema,
    `SELECT run, name, status, attempts, ${isoTime('started_at')} AS startedAt, duration_ms AS durationMs,
      if(isNull(error_code), error, concat(error_code, ': ', ifNull(error, ''))) AS error
    FROM tasks WHERE ${OF_ACTOR} ORDER BY last_seq DESC LIMIT ${TASKS_MAX}`,
    { ...address },
  )
