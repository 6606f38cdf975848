import { hash } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { tablesUnavailable } from '../../pipeline/http/problems.ts'
import { chunkDocument } from '../../pipeline/ingest/chunking/chunk-document.ts'
import { createKnowledgeClient, type Uploaded } from '../../pipeline/ingest/knowledge-client.ts'
import type { Sender } from '../../pipeline/producer/input-sender.ts'
import { KNOWLEDGE_LIMITS, SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { TextVectors } from '../app/text-vectors.ts'
import { askQuestion, type Scope } from '../reporting/questions/ask-question.ts'
import { groupByMeaning } from '../reporting/questions/group-by-meaning.ts'
import type { Answer } from '../reporting/questions/questions.ts'
import { isoTime, QUERY_SECONDS_MAX, queryRows } from './console-query.ts'

const SOURCES_MAX = 200
/** Questions that are compared with each other: 100 of them take some milliseconds. */
const GAPS_MAX = 100
const DAYS_MAX = 3_660
const DAY_MS = 86_400_000
const ARTICLE_CHARS_MAX = 16_000
const DRAFT_CHARS_MAX = 8_000
/** Characters of a question that the question `unanswered` compares. */
const QUESTION_CHARS = 500
/** Times that a question was asked, among which a reply is looked for. */
const ASKED_MAX = 1_000
const ID_CHARS = 16

const tenant = z.string().min(1).max(128)
export const sourcesQuery = z.strictObject({ tenant, text: z.string().max(256).default('') })
export const gapsQuery = z.strictObject({ tenant, days: z.coerce.number().int().min(1).max(DAYS_MAX).default(30) })
/** The example of a gap. */
export const draftQuery = z.strictObject({
  tenant,
  question: z
    .string()
    .min(1)
    .max(2 * QUESTION_CHARS),
})
export const articleBody = z.strictObject({
  tenant,
  title: z.string().trim().min(1).max(KNOWLEDGE_LIMITS.titleCharsMax),
  text: z.string().trim().min(1).max(ARTICLE_CHARS_MAX),
})
export type Article = z.output<typeof articleBody>

const sourceSchema = z.object({ source: z.string(), title: z.string(), lang: z.string(), chunks: z.coerce.number(), lastAt: z.string() })
/** A source of knowledge; `title` and `lang` are empty where it has none. */
export type ListedSource = z.output<typeof sourceSchema>

/** The sources of a tenant that have text, those that changed last first. */
export const readSources = (client: () => ClickHouseClient, query: z.output<typeof sourcesQuery>): Promise<ListedSource[]> =>
  queryRows(
    client,
    sourceSchema,
    `SELECT JSONExtractString(label_raw, 'source') AS source, JSONExtractString(label_raw, 'title') AS title,
      JSONExtractString(label_raw, 'lang') AS lang, JSONExtractUInt(label_raw, 'chunks') AS chunks, ${isoTime('last_at')} AS lastAt
    FROM actors
    WHERE tenant = {tenant:String} AND kind = '${SOURCE_KIND}' AND chunks > 0
      AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(source, ' ', title), {text:String}) > 0)
    ORDER BY last_seq DESC LIMIT ${SOURCES_MAX}`,
    query,
  )

/** Questions that mean the same and have no answer. */
export interface Gap {
  readonly example: string
  readonly asked: number
  /** Wordings that are joined here. */
  readonly wordings: number
  readonly lastAt: string | null
}
export interface Gaps {
  readonly gaps: readonly Gap[]
  /** False: the search index does not answer, and they are grouped by their words. */
  readonly byMeaning: boolean
}

export interface GapDeps {
  readonly client: () => ClickHouseClient
  readonly vectorsOf: (tenant: string, keys: readonly string[]) => Promise<TextVectors>
  /** Called with why questions are not grouped by their meaning. */
  readonly onFailure: (error: unknown) => void
  readonly now: () => number
}

/** What was asked and not found, the most frequent first. @throws HttpProblem `tables_unavailable`, `table_damaged` */
export async function readGaps(
  { client, vectorsOf, onFailure, now }: GapDeps,
  { tenant: of, days }: z.output<typeof gapsQuery>,
): Promise<Gaps> {
  const scope = { tenant: of, from: new Date(now() - days * DAY_MS), to: new Date(now()) }
  const all = await readUnanswered(client, scope)
  const rows = all.filter(({ total }) => !total).slice(0, GAPS_MAX)
  const vectors = await vectorsOf(
    of,
    rows.flatMap(({ text_key: key }) => key ?? []),
  ).catch(onFailure)
  const groups = vectors ? groupByMeaning(rows, vectors) : rows
  const gaps = groups.map(({ question, example, asked, wordings, last_at: lastAt }) => {
    return { example: example ?? question ?? '', asked, wordings, lastAt }
  })
  return { gaps, byMeaning: vectors !== undefined }
}

async function readUnanswered(client: () => ClickHouseClient, scope: Scope): Promise<Answer<'unanswered'>> {
  try {
    return await askQuestion(client(), 'unanswered', scope, QUERY_SECONDS_MAX)
  } catch (cause) {
    throw tablesUnavailable(cause)
  }
}

/**
 * What a person of the desk replied when this was asked last, in these words: the draft of an article. Empty where nobody replied.
 *
 * @throws HttpProblem as `readGaps`
 */
export async function readDraft(client: () => ClickHouseClient, query: z.output<typeof draftQuery>): Promise<{ readonly text: string }> {
  const [found] = await queryRows(
    client,
    z.object({ text: z.string() }),
    `SELECT substringUTF8(reply.text, 1, ${DRAFT_CHARS_MAX}) AS text
    FROM (SELECT kind, actor, seq, idx, text FROM messages WHERE tenant = {tenant:String} AND role = 'agent') AS reply
    INNER JOIN (
      SELECT kind, actor, seq FROM messages
      WHERE tenant = {tenant:String} AND role = 'user' AND substringUTF8(text, 1, ${QUESTION_CHARS}) = {question:String}
      ORDER BY seq DESC LIMIT ${ASKED_MAX}
    ) AS asked ON reply.kind = asked.kind AND reply.actor = asked.actor
    WHERE reply.seq > asked.seq ORDER BY asked.seq DESC, reply.seq, reply.idx LIMIT 1`,
    query,
  )
  return { text: found?.text ?? '' }
}

/**
 * Puts an article into the knowledge of its tenant, as `colloquy learn` does. Its title names its source, so that an article of the same
 * title is replaced.
 */
export async function learnArticle(nc: NatsConnection, sender: Sender, { tenant: of, title, text }: Article): Promise<Uploaded> {
  const knowledge = await createKnowledgeClient({ nc, sender, tenant: of })
  const source = `article-${hash('sha256', title).slice(0, ID_CHARS)}`
  return knowledge.upload({ source, ...chunkDocument('markdown', text, title) })
}
