import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { nearest } from '../../schemas/nearest.ts'

const rowsSchema = z.array(
  z.object({
    tenant: z.string(),
    kind: z.string(),
    id: z.string(),
    state: z.string(),
    status: z.string(),
    n: z.coerce.number(),
    /** ISO */
    lastAt: z.string(),
    /** JSON, as the kind states it. */
    label: z.string(),
  }),
)
export type ListedActor = z.infer<typeof rowsSchema>[number]

/** Which actors are listed. Empty or absent: any. */
export interface ActorQuery {
  readonly tenant?: string | undefined
  readonly kind?: string | undefined
  /** Dotted path of a state that must be active. */
  readonly state?: string | undefined
  /** Text that `<tenant>/<id>` must contain. */
  readonly text?: string | undefined
  /** A condition in SQL over the table `actors`, of somebody who may query it. It is no part of a query with other rights. */
  readonly where?: string | undefined
  readonly limit: number
}

/** The actors with the newest records, newest first. */
export async function listActors(
  clickhouse: ClickHouseClient,
  { tenant = '', kind = '', state = '', text = '', where, limit }: ActorQuery,
): Promise<ListedActor[]> {
  const result = await clickhouse.query({
    query: `SELECT tenant, kind, actor AS id, state, status, n, label_raw AS label,
      formatDateTime(last_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS lastAt
      FROM (SELECT * FROM actors${where === undefined ? '' : ` WHERE (${where}\n)`})
      WHERE ({tenant:String} = '' OR tenant = {tenant:String})
        AND ({kind:String} = '' OR kind = {kind:String})
        AND ({state:String} = ''
          OR arrayExists(leaf -> leaf = {state:String} OR startsWith(leaf, concat({state:String}, '.')), splitByChar('+', state)))
        AND position(concat(tenant, '/', actor), {text:String}) > 0
      ORDER BY last_seq DESC LIMIT {limit:UInt32}`,
    query_params: { tenant, kind, state, text, limit },
    format: 'JSONEachRow',
  })
  return rowsSchema.parse(await result.json())
}

const namesSchema = z.array(z.object({ name: z.string() }))

/** Tenants, kinds or states that are named where nothing is found. */
const NAMED_MAX = 64

/** Why no actor has such a tenant, kind or state, with the ones that actors have; `undefined` where some have all of them. */
export async function whyNoActor(clickhouse: ClickHouseClient, query: ActorQuery): Promise<string | undefined> {
  const { tenant = '', kind = '', state = '' } = query
  const named = async (what: string): Promise<string[]> => {
    const result = await clickhouse.query({
      query: `SELECT DISTINCT ${what} AS name FROM actors
        WHERE ({tenant:String} = '' OR tenant = {tenant:String}) AND ({kind:String} = '' OR kind = {kind:String})
        ORDER BY name LIMIT ${NAMED_MAX}`,
      query_params: { tenant: what === 'tenant' ? '' : tenant, kind: what === 'kind' || what === 'tenant' ? '' : kind },
      format: 'JSONEachRow',
    })
    return namesSchema.parse(await result.json()).map(({ name }) => name)
  }
  const has = async (of: Omit<ActorQuery, 'limit'>): Promise<boolean> => (await listActors(clickhouse, { ...of, limit: 1 })).length > 0
  if (tenant !== '' && !(await has({ tenant }))) {
    return `No actor is of the tenant "${tenant}"; ${others(tenant, 'tenants', await named('tenant'))}`
  }
  const ofTenant = tenant === '' ? '' : ` of the tenant "${tenant}"`
  if (kind !== '' && !(await has({ tenant, kind }))) {
    return `No actor${ofTenant} is of the kind "${kind}"; ${others(kind, 'kinds', await named('kind'))}`
  }
  if (state === '' || (await has({ tenant, kind, state }))) return undefined
  const of = `${ofTenant}${kind === '' ? '' : ` of the kind "${kind}"`}`
  return `No actor${of} is in the state "${state}"; ${others(state, 'states', await named("arrayJoin(splitByChar('+', state))"))}`
}

function others(word: string, what: string, names: readonly string[]): string {
  if (names.length === 0) return 'there is no actor yet.'
  const near = nearest(word, names)
  const all = names.length === NAMED_MAX ? [...names, '…'] : names
  return `${near === undefined ? '' : `did you mean "${near}"? `}${what} of actors: ${all.join(', ')}`
}
