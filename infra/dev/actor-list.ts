import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'

export interface ListedActor {
  readonly tenant: string
  readonly id: string
  readonly state: string
  readonly status: string
  readonly n: number
  /** ISO */
  readonly lastAt: string
}

export interface ActorQuery {
  readonly kind: string
  /** Dotted path of a state that must be active; empty: any. */
  readonly state: string
  /** Text that `<tenant>/<id>` must contain; empty: any. */
  readonly text: string
}

const ACTORS_MAX = 50

const rowsSchema = z.array(
  z.object({ tenant: z.string(), id: z.string(), state: z.string(), status: z.string(), n: z.coerce.number(), lastAt: z.string() }),
)

/** The actors with the newest records, newest first. */
export async function listActors(clickhouse: ClickHouseClient, { kind, state, text }: ActorQuery): Promise<ListedActor[]> {
  const result = await clickhouse.query({
    query: `SELECT tenant, actor AS id, state, status, n, formatDateTime(last_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS lastAt
      FROM actors
      WHERE kind = {kind:String}
        AND ({state:String} = ''
          OR arrayExists(leaf -> leaf = {state:String} OR startsWith(leaf, concat({state:String}, '.')), splitByChar('+', state)))
        AND position(concat(tenant, '/', actor), {text:String}) > 0
      ORDER BY last_seq DESC LIMIT ${ACTORS_MAX}`,
    query_params: { kind, state, text },
    format: 'JSONEachRow',
  })
  return rowsSchema.parse(await result.json())
}
