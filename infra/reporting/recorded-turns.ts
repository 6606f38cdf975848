import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import type { RecordedTurn } from '../../pipeline/models/compare-models.ts'

const turnsSchema = z.array(
  z.object({
    text: z.string(),
    answer: z.string(),
    hits: z.number(),
    model: z.string().nullable(),
    tier: z.string().nullable(),
    complexity: z.number().nullable(),
    tokensIn: z.coerce.number().nullable(),
    tokensOut: z.coerce.number().nullable(),
    cost: z.number().nullable(),
  }),
)

/**
 * The newest questions of a tenant that a model answered, or that were answered from passages, with their answers. Courtesies and imported
 * history are not among them.
 */
export async function recordedTurns(clickhouse: ClickHouseClient, tenant: string, limit: number): Promise<RecordedTurn[]> {
  const result = await clickhouse.query({
    query: `
      SELECT q.text AS text, a.text AS answer, toFloat64(ifNull(t.hits, 0)) AS hits, t.model AS model, t.tier AS tier,
        t.complexity AS complexity, t.tokens_in AS tokensIn, t.tokens_out AS tokensOut, toFloat64(t.cost) AS cost
      FROM (
        SELECT * FROM turns
        WHERE tenant = {tenant:String} AND NOT history AND responder = 'assistant' AND (isNotNull(model) OR hits > 0)
        ORDER BY committed_at DESC LIMIT {limit:UInt32}
      ) AS t
      INNER JOIN (SELECT kind, actor, id, text FROM messages WHERE tenant = {tenant:String} AND role = 'user') AS q
        ON q.kind = t.kind AND q.actor = t.actor AND q.id = t.asked_id
      INNER JOIN (SELECT seq, idx, text FROM messages WHERE tenant = {tenant:String} AND role != 'user') AS a
        ON a.seq = t.answered_seq AND a.idx = t.answered_idx`,
    query_params: { tenant, limit },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return turnsSchema.parse(await result.json())
}
