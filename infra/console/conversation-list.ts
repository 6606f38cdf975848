import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import { isoTime, queryRows, timeParam } from './console-query.ts'

const text = z.string().max(256)
/** Conversations in one answer; the page asks for the next ones while it is scrolled. */
const PAGE_MAX = 200
/** Names in a list of choices. */
const CHOICES_MAX = 300
const PREVIEW_CHARS = 160

/** Which conversations are listed, newest first. Absent or empty: any. */
export const listQuery = z.strictObject({
  tenant: text.default(''),
  kind: text.default(''),
  /** A dotted path of a state that must be active. */
  state: z.string().max(4_096).default(''),
  intent: text.default(''),
  lang: z.string().max(35).default(''),
  /** The quality of the last answer is known and lower than this, 0 to 1. */
  below: z.coerce.number().min(0).max(1).optional(),
  /** When its last record was decided. */
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  /** What the id contains. */
  id: text.default(''),
  /** Only conversations whose last record is before this LOG sequence: the `seq` of the last one that was got. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(100),
})
export type ListQuery = z.output<typeof listQuery>

/** Which of some conversations the list has, by `<tenant>/<kind>/<id>`. */
export const amongBody = listQuery.omit({ before: true, limit: true }).extend({ keys: z.array(z.string().max(400)).min(1).max(PAGE_MAX) })

const rowSchema = z.object({
  tenant: z.string(),
  kind: z.string(),
  id: z.string(),
  state: z.string(),
  messages: z.coerce.number(),
  intent: z.string().nullable(),
  quality: z.number().nullable(),
  history: z.coerce.boolean(),
  firstAt: z.string(),
  lastAt: z.string(),
  seq: z.coerce.number(),
})
/** A conversation in the list. */
export type ListedConversation = z.output<typeof rowSchema>

export interface ConversationPage {
  readonly conversations: readonly ListedConversation[]
  /** Whether there may be more after these. */
  readonly more: boolean
}

const NO_LIMIT_TO = '2299-12-31T00:00:00Z'

/**
 * Reads a page of the list. Its position is the LOG sequence of a last record, which no two conversations share.
 *
 * @param keys only these, by `<tenant>/<kind>/<id>`; empty: any
 */
export async function readConversations(
  client: () => ClickHouseClient,
  query: ListQuery,
  keys: readonly string[] = [],
): Promise<ConversationPage> {
  const { tenant, kind, state, intent, lang, id, below = 2, before = 0, limit } = query
  const conversations = await queryRows(
    client,
    rowSchema,
    `SELECT tenant, kind, actor AS id, state, messages, intent, quality, history,
      ${isoTime('first_at')} AS firstAt, ${isoTime('last_at')} AS lastAt, last_seq AS seq
    FROM conversations
    WHERE ({tenant:String} = '' OR tenant = {tenant:String})
      AND ({kind:String} = '' OR kind = {kind:String})
      AND ({state:String} = ''
        OR arrayExists(leaf -> leaf = {state:String} OR startsWith(leaf, concat({state:String}, '.')), splitByChar('+', state)))
      AND ({intent:String} = '' OR intent = {intent:String})
      AND ({below:Float64} > 1 OR quality < {below:Float64})
      AND ({before:UInt64} = 0 OR last_seq < {before:UInt64})
      AND last_at >= {from:DateTime64(3, 'UTC')} AND last_at < {to:DateTime64(3, 'UTC')}
      AND (empty({keys:Array(String)}) OR concat(tenant, '/', kind, '/', actor) IN {keys:Array(String)})
      AND ({id:String} = '' OR position(actor, {id:String}) > 0)
      AND ({lang:String} = '' OR (tenant, kind, actor) IN (SELECT tenant, kind, actor FROM cases WHERE lang = {lang:String}))
    ORDER BY seq DESC LIMIT {limit:UInt32}`,
    {
      ...{ tenant, kind, state, intent, lang, id, below, before, limit, keys },
      from: timeParam(query.from ?? '1970-01-01T00:00:00Z'),
      to: timeParam(query.to ?? NO_LIMIT_TO),
    },
  )
  return { conversations, more: conversations.length === limit }
}

const choicesSchema = z.object({
  tenants: z.array(z.string()),
  kinds: z.array(z.string()),
  states: z.array(z.string()),
  intents: z.array(z.string()),
})
/** What a list may be narrowed to. */
export type Choices = z.output<typeof choicesSchema> & {
  readonly langs: readonly string[]
  /** Tenants that have knowledge, with or without conversations. */
  readonly knowing: readonly string[]
}

export async function readChoices(client: () => ClickHouseClient): Promise<Choices> {
  const named = (what: string, as: string): string =>
    `arraySort(groupUniqArray${what.startsWith('Array ') ? 'Array' : ''}(${CHOICES_MAX})(${what.replace('Array ', '')})) AS ${as}`
  const [of] = await queryRows(
    client,
    choicesSchema,
    `SELECT ${named('tenant', 'tenants')}, ${named('kind', 'kinds')}, ${named("Array splitByChar('+', state)", 'states')},
      ${named('intent', 'intents')} FROM conversations`,
  )
  const langs = await queryRows(
    client,
    z.object({ lang: z.string() }),
    `SELECT DISTINCT assumeNotNull(lang) AS lang FROM cases WHERE isNotNull(lang) AND lang != '' ORDER BY lang LIMIT ${CHOICES_MAX}`,
  )
  const knowing = await queryRows(
    client,
    z.object({ tenant: z.string() }),
    `SELECT DISTINCT tenant FROM actors WHERE kind = '${SOURCE_KIND}' ORDER BY tenant LIMIT ${CHOICES_MAX}`,
  )
  return {
    ...(of ?? { tenants: [], kinds: [], states: [], intents: [] }),
    langs: langs.map(({ lang }) => lang),
    knowing: knowing.map(({ tenant }) => tenant),
  }
}

const previewSchema = z.object({ key: z.string(), role: z.string(), text: z.string() })
/** The start of the last message of a conversation, by `<tenant>/<kind>/<id>`. */
export type Preview = z.output<typeof previewSchema>

export const previewBody = z.strictObject({ keys: z.array(z.string().max(400)).max(PAGE_MAX) })

/** Reads what was said last in some conversations. */
export function readPreviews(client: () => ClickHouseClient, keys: readonly string[]): Promise<Preview[]> {
  const actors = keys.map((key) => key.split('/')[2] ?? '')
  return queryRows(
    client,
    previewSchema,
    `SELECT concat(tenant, '/', kind, '/', actor) AS key, argMax(role, (seq, idx)) AS role,
      argMax(substringUTF8(text, 1, ${PREVIEW_CHARS}), (seq, idx)) AS text
    FROM messages WHERE actor IN {actors:Array(String)} AND concat(tenant, '/', kind, '/', actor) IN {keys:Array(String)}
    GROUP BY key LIMIT ${PAGE_MAX}`,
    { actors, keys },
  )
}
