import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client'
import { z } from 'zod'
import { ForeignCodeError } from '../../schemas/errors.ts'
import { ANSWER_REVIEWED } from '../../schemas/events.ts'
import { REVIEWER } from '../../schemas/quality.ts'
import type { Address } from '../../schemas/subjects.ts'

/** The columns of recorded answers, which a condition may name. One row per answer of an assistant. */
export const ANSWER_COLUMNS = {
  tenant: 'Tenant',
  kind: 'Kind of the actor',
  actor: 'Id of the actor',
  answer: 'Id of the message.sent; of an imported answer, the id of its message',
  seq: 'LOG sequence of its record',
  idx: 'Place in its record: 0 for an imported answer, 1, 2, 3… for an emitted one',
  answered_at: 'When it was given',
  history: 'Whether it was imported',
  asked_id: 'Id of the question; the newest where it answers several',
  query: 'Text of the question',
  response: 'Text of the answer',
  lang: 'Language of the answer; empty where unknown',
  intent: 'Intent of the question; NULL where unknown',
  model: 'Model that wrote it; NULL where the kind does not say',
  source_names: 'Names of the sources that it cites, best first',
  quality: 'Newest overall score, of the task or of a judge; NULL without one',
  evaluator: 'Who gave it, such as rules@1; NULL without one',
  relevance: 'Score of the same evaluation',
  completeness: 'Score of the same evaluation',
  coherence: 'Score of the same evaluation',
  groundedness: 'Score of the same evaluation; NULL where no passage was known',
  reasons: 'What lowered the scores',
  rating: 'Newest rating of the customer for this answer, in the scale of the kind; NULL without one',
  thumbs: 'Newest thumbs: up, down, or empty; of a colleague before those of the customer',
  comment: 'Newest comment on this answer, of a colleague before that of the customer; empty without one',
  correction: 'Newest correction: what it should have been, of a colleague before that of the customer; empty without one',
} as const

const nullable = z.number().nullable()
const text = z.string()
const answerRowSchema = z.object({
  tenant: text,
  kind: text,
  actor: text,
  answer: text,
  seq: z.coerce.number(),
  idx: z.number(),
  answered_at: text,
  query: text,
  response: text,
  lang: text,
  model: text.nullable(),
  source_names: z.array(text),
  quality: nullable,
  evaluator: text.nullable(),
  relevance: nullable,
  completeness: nullable,
  coherence: nullable,
  groundedness: nullable,
  reasons: z.array(text),
  rating: nullable,
  thumbs: text,
  comment: text,
  correction: text,
  /** What it cites, as JSON. */
  cited: text,
})
/** A recorded answer with its question, its scores and what customers and colleagues said of it. */
export type AnswerRow = z.output<typeof answerRowSchema>

export interface AnswerScope {
  readonly tenant?: string | undefined
  /** Only answers of this actor of the tenant. */
  readonly actor?: Pick<Address, 'kind' | 'id'> | undefined
  /** When it was given; default: at any time. */
  readonly from?: Date | undefined
  /** Exclusive. */
  readonly to?: Date | undefined
  /** Only answers with these ids: only their texts are read. */
  readonly answers?: readonly string[] | undefined
}

/** Facts come from the events, so that an answer without a row in another table has them too. */
const ANSWERS = `
  SELECT t.tenant AS tenant, t.kind AS kind, t.actor AS actor, r.id AS answer, r.seq AS seq, r.idx AS idx,
    assumeNotNull(t.answered_at) AS answered_at, t.history AS history, t.asked_id AS asked_id, q.text AS query, r.text AS response,
    ifNull(r.lang, '') AS lang, t.intent AS intent, t.model AS model,
    JSONExtractRaw(e.raw, 'sources') AS cited,
    arrayMap(one -> JSONExtractString(one, 'source'), JSONExtractArrayRaw(e.raw, 'sources')) AS source_names,
    if(j.raw = '', e.raw, j.raw) AS evaluation,
    if(j.raw = '', t.quality, JSONExtract(j.raw, 'overall', 'Nullable(Float64)')) AS quality,
    if(j.raw = '', t.evaluator, concat(JSONExtractString(j.raw, 'evaluator'), '@', JSONExtractString(j.raw, 'version'))) AS evaluator,
    JSONExtract(evaluation, 'scores', 'relevance', 'Nullable(Float64)') AS relevance,
    JSONExtract(evaluation, 'scores', 'completeness', 'Nullable(Float64)') AS completeness,
    JSONExtract(evaluation, 'scores', 'coherence', 'Nullable(Float64)') AS coherence,
    JSONExtract(evaluation, 'scores', 'groundedness', 'Nullable(Float64)') AS groundedness,
    JSONExtract(evaluation, 'reasons', 'Array(String)') AS reasons,
    f.rating AS rating, f.thumbs AS thumbs, f.comment AS comment, f.correction AS correction
  FROM (
    SELECT * FROM turns WHERE responder = 'assistant' AND answered_seq IS NOT NULL AND {scope}
    ORDER BY turn DESC LIMIT 1 BY tenant, kind, actor, answered_seq, answered_idx
  ) AS t
  INNER JOIN (SELECT seq, idx, id, text, lang FROM messages WHERE role = 'assistant' AND {tenant} AND {named}) AS r
    ON r.seq = t.answered_seq AND r.idx = t.answered_idx
  INNER JOIN (SELECT seq, text FROM messages WHERE role = 'user' AND idx = 0 AND {tenant} AND {asking}) AS q ON q.seq = t.asked_seq
  INNER JOIN (SELECT seq, idx, data_raw AS raw FROM events WHERE type IN ('message.sent', 'message.received') AND {tenant} AND {sent}) AS e
    ON e.seq = r.seq AND e.idx = r.idx
  LEFT JOIN (
    SELECT tenant, kind, actor, JSONExtractString(data_raw, 'answer') AS answer, argMax(data_raw, seq) AS raw
    FROM events WHERE type = 'answer.judged' AND idx = 0 AND outcome = 'committed' AND {tenant} AND {since}
    GROUP BY tenant, kind, actor, answer
  ) AS j ON j.tenant = t.tenant AND j.kind = t.kind AND j.actor = t.actor AND j.answer = r.id
  LEFT JOIN (
    SELECT tenant, kind, actor, JSONExtractString(data_raw, 'answer') AS answer,
      argMaxIf(JSONExtract(data_raw, 'rating', 'Nullable(Float64)'), seq,
        type = 'feedback.given' AND JSONHas(data_raw, 'rating')) AS rating,
      argMaxIf(JSONExtractString(data_raw, 'thumbs'), (type = '${ANSWER_REVIEWED}', seq), JSONHas(data_raw, 'thumbs')) AS thumbs,
      argMaxIf(JSONExtractString(data_raw, 'comment'), (type = '${ANSWER_REVIEWED}', seq), JSONHas(data_raw, 'comment')) AS comment,
      argMaxIf(JSONExtractString(data_raw, 'correction'), (type = '${ANSWER_REVIEWED}', seq), JSONHas(data_raw, 'correction')) AS correction
    FROM events
    WHERE type IN ('feedback.given', '${ANSWER_REVIEWED}') AND idx = 0 AND outcome = 'committed' AND {tenant} AND {since}
      AND JSONExtractString(data_raw, 'answer') != ''
    GROUP BY tenant, kind, actor, answer
  ) AS f ON f.tenant = t.tenant AND f.kind = t.kind AND f.actor = t.actor AND f.answer = r.id`

/** The order of answers to review: corrected ones and those with thumbs down first, then the lowest score. */
export const WORST_FIRST = "correction = '' AND thumbs != 'down', quality IS NULL, quality, seq DESC, idx"

/** An answer is good from this score on. */
export const GOOD_FROM = 0.7

/** Conditions for `AnswersWanted.where`: which answers a person should look at. */
export const WHERE = {
  /** A low score, thumbs down, or a correction. */
  review: (below: number) => `quality < ${below} OR thumbs = 'down' OR correction != ''`,
  /** One evaluator, the customer or a colleague finds it good, and another does not. The scope must have a tenant. */
  disagreeing: () => `(kind, actor, answer) IN (
    SELECT kind, actor, answer FROM scores WHERE tenant = {of:String} AND dimension IN ('overall', 'thumbs')
    GROUP BY kind, actor, answer HAVING min(score) < ${GOOD_FROM} AND max(score) >= ${GOOD_FROM})`,
  /** A person has judged it. */
  judged: () => "thumbs != '' OR correction != ''",
} as const

/** Which answers a person should look at, as `WHERE` says it, by what `scores` knows of each. */
const HAVING: Readonly<Record<keyof typeof WHERE, string>> = {
  review: 'quality < {below:Float64} OR is_bad',
  disagreeing: `minIf(score, dimension != 'correction') < ${GOOD_FROM} AND maxIf(score, dimension != 'correction') >= ${GOOD_FROM}`,
  judged: "countIf(dimension != 'overall') > 0",
}

export interface AnswersToLookAt {
  readonly tenant: string
  readonly show: keyof typeof WHERE
  readonly below: number
  readonly from: Date
  readonly order: 'worst' | 'oldest'
  readonly limit: number
  readonly secondsMax: number
}

/**
 * The ids of answers that a person should look at, from their scores alone: over many answers, texts are read of the few that are shown.
 * An answer whose question is not known is among them.
 */
export async function answersToLookAt(clickhouse: ClickHouseClient, wanted: AnswersToLookAt): Promise<string[]> {
  const { tenant, show, below, from, order, limit, secondsMax } = wanted
  const newest = (of: string): string => `argMaxOrNullIf(score, last_seq, dimension = 'overall' AND provenance = '${of}')`
  const result = await clickhouse.query({
    query: `SELECT answer, ifNull(${newest('judge')}, ${newest('gate')}) AS quality,
        ifNull(argMaxOrNullIf(score, (provenance = '${REVIEWER}', last_seq), dimension = 'thumbs') = 0, false)
          OR countIf(dimension = 'correction') > 0 AS is_bad
      FROM scores
      WHERE tenant = {of:String} AND dimension IN ('overall', 'thumbs', 'correction') AND answer != ''
        AND judged_at >= fromUnixTimestamp64Milli({fromMs:Int64})
      GROUP BY kind, actor, answer HAVING ${HAVING[show]}
      ORDER BY ${order === 'worst' ? 'is_bad DESC, quality IS NULL, quality, max(last_seq) DESC' : 'min(judged_at), min(last_seq)'}
      LIMIT {limit:UInt32}`,
    query_params: { of: tenant, below, fromMs: from.getTime(), limit },
    format: 'JSONEachRow',
    clickhouse_settings: { max_execution_time: secondsMax },
  })
  return z
    .array(z.object({ answer: text }))
    .parse(await result.json())
    .map(({ answer }) => answer)
}

const ERROR_CHARS_MAX = 1_000

export interface AnswersWanted extends AnswerScope {
  /** A condition over `ANSWER_COLUMNS` in ClickHouse SQL, with the rights of the connection. Default: all. */
  readonly where?: string | undefined
  /** Default: as in LOG. */
  readonly orderBy?: typeof WORST_FIRST
  readonly limit: number
  /** How long ClickHouse may take. Default: as long as its user may. */
  readonly secondsMax?: number
}

/**
 * Reads recorded answers.
 *
 * @param clickhouse a connection of the user `analyst`: the condition is part of the query
 * @throws ColloquyError with ClickHouse's code and words where it refuses the condition
 */
export async function* answerRows(clickhouse: ClickHouseClient, wanted: AnswersWanted): AsyncGenerator<AnswerRow> {
  const { tenant, actor, from, to, answers: ids, where = 'true', orderBy = 'seq, idx', limit, secondsMax } = wanted
  const ofActor = actor === undefined ? '' : ' AND kind = {ofKind:String} AND actor = {ofActor:String}'
  const ofTenant = tenant === undefined ? 'true' : `tenant = {of:String}${ofActor}`
  const scope = [
    ofTenant,
    ...(from === undefined ? [] : ['answered_at >= fromUnixTimestamp64Milli({fromMs:Int64})']),
    ...(to === undefined ? [] : ['answered_at < fromUnixTimestamp64Milli({toMs:Int64})']),
  ].join(' AND ')
  const named = 'id IN {ids:Array(String)}'
  const answered = `(SELECT seq FROM messages WHERE ${ofTenant} AND ${named})`
  const asked = `(SELECT assumeNotNull(asked_seq) FROM turns WHERE ${scope} AND asked_seq IS NOT NULL AND answered_seq IN ${answered})`
  const only = (condition: string): string => (ids === undefined ? 'true' : condition)
  const answers = ANSWERS.replaceAll('{scope}', `${scope} AND ${only(`answered_seq IN ${answered}`)}`)
    .replaceAll('{tenant}', ofTenant)
    // What is said of an answer comes after it.
    .replaceAll('{since}', from === undefined ? 'true' : 'committed_at >= fromUnixTimestamp64Milli({fromMs:Int64})')
    .replace('{named}', only(named))
    .replace('{asking}', only(`seq IN ${asked}`))
    .replace('{sent}', only(`seq IN ${answered}`))
  try {
    const result = await clickhouse.query({
      // A comment at the end of the condition ends with its line.
      query: `SELECT * FROM (${answers}\n) WHERE (\n${where}\n) ORDER BY ${orderBy} LIMIT {limit:UInt32}`,
      query_params: {
        ...{ of: tenant ?? '', ofKind: actor?.kind ?? '', ofActor: actor?.id ?? '', ids: ids ?? [], limit },
        ...{ fromMs: from?.getTime() ?? 0, toMs: to?.getTime() ?? 0 },
      },
      format: 'JSONEachRow',
      clickhouse_settings: {
        join_use_nulls: 0,
        output_format_json_quote_64bit_integers: 0,
        ...(secondsMax !== undefined && { max_execution_time: secondsMax }),
      },
    })
    for await (const rows of result.stream()) for (const row of rows) yield answerRowSchema.parse(row.json())
  } catch (error) {
    // ClickHouse says in which query, which is not the one that its reader wrote.
    const why = error instanceof ClickHouseError ? error.message.replace(/:? In scope SELECT[^]*$/, '').slice(0, ERROR_CHARS_MAX) : ''
    throw error instanceof ClickHouseError ? new ForeignCodeError(error.code, why, { cause: error }) : error
  }
}
