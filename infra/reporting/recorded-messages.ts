import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'

/** A text that users of a tenant wrote. */
export interface RecordedText {
  readonly text: string
  /** How many messages have it. */
  readonly count: number
}

const recordedSchema = z.array(z.object({ text: z.string(), count: z.coerce.number() }))

/** Distinct texts of a tenant's users, those of the newest messages first. Courtesies and single characters are among them. */
export async function recordedTexts(clickhouse: ClickHouseClient, tenant: string, limit: number): Promise<RecordedText[]> {
  const result = await clickhouse.query({
    query: `SELECT text, count() AS count FROM messages WHERE tenant = {tenant:String} AND role = 'user'
      GROUP BY text ORDER BY max(committed_at) DESC, text LIMIT {limit:UInt32}`,
    query_params: { tenant, limit },
    format: 'JSONEachRow',
  })
  return recordedSchema.parse(await result.json())
}

/** A message to review: what was understood of it was unsure, or a person has corrected it. */
export interface MessageToReview extends RecordedText {
  /** The intent that was found; `null` without one. */
  readonly intent: string | null
  readonly confidence: number | null
  /** What a person says that it wanted; `null` where nobody has. */
  readonly corrected: string | null
}

const reviewSchema = z.array(
  z.object({
    text: z.string(),
    count: z.coerce.number(),
    intent: z.string().nullable(),
    confidence: z.number().nullable(),
    corrected: z.string().nullable(),
  }),
)

/**
 * The texts whose intent was unsure or corrected, corrected ones first, then by how many messages have them.
 *
 * @param unsureBelow confidence of the best intent below which it counts as unsure
 */
export async function messagesToReview(
  clickhouse: ClickHouseClient,
  { tenant, unsureBelow, limit }: { readonly tenant: string; readonly unsureBelow: number; readonly limit: number },
): Promise<MessageToReview[]> {
  const result = await clickhouse.query({
    query: `
      WITH corrections AS (
        SELECT kind, actor, toString(data.message) AS id, argMax(toString(data.intent), seq) AS intent
        FROM events WHERE tenant = {tenant:String} AND idx = 0 AND type = 'intent.corrected' AND outcome = 'committed'
        GROUP BY kind, actor, id
      )
      SELECT m.text AS text, count() AS count, any(t.intents[1].1) AS found, any(t.intents[1].2) AS share,
        if(empty(any(t.intents)), NULL, found) AS intent, if(empty(any(t.intents)), NULL, share) AS confidence,
        nullIf(anyLast(c.intent), '') AS corrected
      FROM messages AS m
      LEFT JOIN (
        SELECT kind, actor, asked_id, intents, act, understanding_version FROM turns WHERE tenant = {tenant:String} AND NOT history
      ) AS t
        ON t.kind = m.kind AND t.actor = m.actor AND t.asked_id = m.id
      LEFT JOIN corrections AS c ON c.kind = m.kind AND c.actor = m.actor AND c.id = m.id
      WHERE m.tenant = {tenant:String} AND m.role = 'user' AND NOT m.history
        AND (c.intent != '' OR (t.understanding_version IS NOT NULL AND t.act NOT IN ('chitchat', 'confirm', 'deny', 'handoff', 'cancel')
          AND (empty(t.intents) OR t.intents[1].2 < {unsureBelow:Float64})))
      GROUP BY m.text ORDER BY corrected IS NULL, count DESC, text LIMIT {limit:UInt32}`,
    query_params: { tenant, unsureBelow, limit },
    format: 'JSONEachRow',
    clickhouse_settings: { join_use_nulls: 0 },
  })
  return reviewSchema.parse((await result.json<Record<string, unknown>>()).map((row) => row))
}
