import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { tablesUnavailable } from '../../pipeline/http/problems.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type AnswerRow, answerRows, answersToLookAt, type AnswersWanted, GOOD_FROM, WHERE, WORST_FIRST } from '../reporting/answer-rows.ts'
import type { DatasetLine } from '../reporting/dataset-lines.ts'
import { askQuestion } from '../reporting/questions/ask-question.ts'
import type { Answer } from '../reporting/questions/questions.ts'
import { QUERY_SECONDS_MAX } from './console-query.ts'
import { type AnswerScore, readScores } from './talk.ts'

/** Answers in the list, and lines of a dataset. */
const LIST_MAX = 100
const LINES_MAX = 1_000
/** Further answers that are looked at: some were given before the period, or have no question. */
const SPARE = 200
const PREVIEW_CHARS = 240
/** Characters of a question, an answer and a passage, as many as one that is evaluated may have. */
const TEXT_CHARS_MAX = 32_000
const PASSAGE_CHARS_MAX = 8_000
const DAYS_MAX = 3_660
const DAY_MS = 86_400_000

/** Which answers are meant. */
export const answersQuery = z.strictObject({
  tenant: z.string().min(1).max(128),
  show: z.enum(['review', 'disagreeing', 'judged']).default('review'),
  /** With `review`: scores that are low. */
  below: z.coerce.number().min(0).max(1).default(GOOD_FROM),
  /** Those of the last days. */
  days: z.coerce.number().int().min(1).max(DAYS_MAX).default(30),
})
export type AnswersQuery = z.output<typeof answersQuery>

/** Where an answer is in LOG. */
export const placeQuery = z.strictObject({ seq: z.coerce.number().int().min(1), idx: z.coerce.number().int().min(0) })

type Facts = Pick<AnswerRow, 'tenant' | 'kind' | 'actor' | 'answer' | 'seq' | 'idx' | 'quality' | 'reasons' | 'thumbs' | 'correction'>
/** An answer in the list. Its texts are cut. */
export interface ListedAnswer extends Facts {
  readonly at: string
  readonly query: string
  readonly response: string
}
export interface AnswerList {
  readonly answers: readonly ListedAnswer[]
  /** Whether there are more than these. */
  readonly more: boolean
}

/** An answer with all that is known of how good it is. */
export interface ShownAnswer extends ListedAnswer {
  readonly lang: string
  readonly model: string | null
  readonly comment: string
  /** Names of what it cites, best first. */
  readonly sources: readonly string[]
  /** Those of the sources that LOG has, best first. */
  readonly passages: readonly string[]
  readonly scores: readonly AnswerScore[]
}

/** How good the answers of a tenant were, by model, and how far those who judge agree. */
export interface QualityFigures {
  readonly quality: Answer<'quality'>
  readonly agreement: Answer<'evaluator-agreement'>
}

export interface QualityDeps {
  /** Throws while ClickHouse is waited for. */
  readonly client: () => ClickHouseClient
  readonly lineOf: (row: AnswerRow) => Promise<DatasetLine>
  readonly now: () => number
}

/** Lists answers, those to look at first. @throws HttpProblem `tables_unavailable`, `table_damaged` */
export async function listAnswers(deps: QualityDeps, query: AnswersQuery): Promise<AnswerList> {
  const wanted = await wantedOf(deps, query, 'worst', LIST_MAX)
  const answers: ListedAnswer[] = []
  for await (const row of rowsOf(deps, { ...wanted, orderBy: WORST_FIRST, limit: LIST_MAX + 1 })) answers.push(listed(row, PREVIEW_CHARS))
  return { answers: answers.slice(0, LIST_MAX), more: answers.length > LIST_MAX }
}

/** Reads one answer of an actor; `undefined` where the tables do not have it. @throws HttpProblem as `listAnswers` */
export async function readAnswer(
  deps: QualityDeps,
  { tenant, kind, id }: Address,
  { seq, idx }: z.output<typeof placeQuery>,
): Promise<ShownAnswer | undefined> {
  const wanted = { tenant, actor: { kind, id }, where: `seq = ${seq} AND idx = ${idx}`, limit: 1 }
  for await (const row of rowsOf(deps, wanted)) {
    const { lang, model, comment, source_names: sources } = row
    const [{ context }, scores] = await Promise.all([deps.lineOf(row), readScores(deps.client, { tenant, kind, id }, [row.answer])])
    const passages = context.map((passage) => passage.slice(0, PASSAGE_CHARS_MAX))
    return { ...listed(row, TEXT_CHARS_MAX), lang, model, comment, sources, passages, scores }
  }
  return undefined
}

/** The lines of a dataset, as `colloquy dataset from-log` writes them, at most `LINES_MAX`. @throws HttpProblem as `listAnswers` */
export async function* datasetText(deps: QualityDeps, query: AnswersQuery): AsyncGenerator<string> {
  const wanted = await wantedOf(deps, query, 'oldest', LINES_MAX)
  for await (const row of rowsOf(deps, { ...wanted, limit: LINES_MAX })) yield `${JSON.stringify(await deps.lineOf(row))}\n`
}

/** @throws HttpProblem as `listAnswers` */
export async function readQualityFigures({ client, now }: QualityDeps, { tenant, days }: AnswersQuery): Promise<QualityFigures> {
  const scope = { tenant, from: new Date(now() - days * DAY_MS), to: new Date(now()) }
  try {
    const [quality, agreement] = await Promise.all([
      askQuestion(client(), 'quality', scope, QUERY_SECONDS_MAX),
      askQuestion(client(), 'evaluator-agreement', scope, QUERY_SECONDS_MAX),
    ])
    return { quality: quality.slice(0, LIST_MAX), agreement: agreement.slice(0, LIST_MAX) }
  } catch (cause) {
    throw tablesUnavailable(cause)
  }
}

/** @throws HttpProblem as `listAnswers` */
async function wantedOf(
  { client, now }: QualityDeps,
  { tenant, show, below, days }: AnswersQuery,
  order: 'worst' | 'oldest',
  limit: number,
) {
  const from = new Date(now() - days * DAY_MS)
  const scope = { tenant, show, below, from, order, limit: limit + SPARE, secondsMax: QUERY_SECONDS_MAX }
  try {
    return { tenant, from, where: show === 'disagreeing' ? undefined : WHERE[show](below), answers: await answersToLookAt(client(), scope) }
  } catch (cause) {
    throw tablesUnavailable(cause)
  }
}

async function* rowsOf({ client }: QualityDeps, wanted: AnswersWanted): AsyncGenerator<AnswerRow> {
  try {
    yield* answerRows(client(), { ...wanted, secondsMax: QUERY_SECONDS_MAX })
  } catch (cause) {
    throw tablesUnavailable(cause)
  }
}

const listed = (row: AnswerRow, charsMax: number): ListedAnswer => {
  const { tenant, kind, actor, answer, seq, idx, quality, reasons, thumbs, correction } = row
  const facts = { tenant, kind, actor, answer, seq, idx, quality, reasons, thumbs, correction }
  // ClickHouse writes a time in UTC as "2026-11-30 08:00:00.000".
  const at = `${row.answered_at.replace(' ', 'T')}Z`
  return { ...facts, at, query: row.query.slice(0, charsMax), response: row.response.slice(0, charsMax) }
}
