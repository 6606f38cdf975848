import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { CANARY_KIND } from '../../../schemas/canary-events.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { nearest } from '../../../schemas/nearest.ts'
import { LABEL_DEFAULT, type Scope, UTC } from './ask-question.ts'

/** A scope as a person asks for it. */
export interface WantedScope extends Omit<Scope, 'tenant'> {
  /** Default: the only tenant that there is. */
  readonly tenant?: string | undefined
}

/** Max names that an error lists. */
const LISTED_MAX = 20
/** Max names among which the nearest one is sought. */
const NAMES_MAX = 10_000

/**
 * Completes a scope with the tenant and checks its names against the tables. A misspelt name would otherwise be answered with zeros.
 *
 * @throws ColloquyError `no_such_tenant`, `no_such_kind`, `which_tenant`, `no_such_time_zone`
 */
export async function resolveScope(clickhouse: ClickHouseClient, wanted: WantedScope): Promise<Scope> {
  const tz = await spelledTimeZone(clickhouse, wanted.tz ?? UTC)
  const tenant = wanted.tenant ?? (await onlyTenant(clickhouse))
  const { kind } = wanted
  if (!(await isThere(clickhouse, tenant, kind))) {
    if (kind === undefined || !(await isThere(clickhouse, tenant, undefined))) throw await noSuchTenant(clickhouse, tenant)
    throw await noSuchKind(clickhouse, tenant, kind)
  }
  return { ...wanted, tenant, tz }
}

async function isThere(clickhouse: ClickHouseClient, tenant: string, kind: string | undefined): Promise<boolean> {
  const query = "SELECT 'yes' AS name FROM actors WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String}) LIMIT 1"
  return (await namesOf(clickhouse, query, { tenant, kind: kind ?? '' })).length > 0
}

async function onlyTenant(clickhouse: ClickHouseClient): Promise<string> {
  const tenants = await tenantsOf(clickhouse)
  const [tenant] = tenants
  if (tenant === undefined) throw new ColloquyError('no_such_tenant', `the tables have no record of any tenant yet`)
  if (tenants.length > 1) throw new ColloquyError('which_tenant', `there are several tenants; choose one with --tenant: ${listed(tenants)}`)
  return tenant
}

async function noSuchTenant(clickhouse: ClickHouseClient, tenant: string): Promise<ColloquyError> {
  const tenants = await tenantsOf(clickhouse)
  const those = tenants.length === 0 ? 'nor of any other' : `${hint(tenant, tenants)}tenants with records: ${listed(tenants)}`
  return new ColloquyError('no_such_tenant', `the tables have no record of tenant "${tenant}"; ${those}`)
}

async function noSuchKind(clickhouse: ClickHouseClient, tenant: string, kind: string): Promise<ColloquyError> {
  const query = `SELECT DISTINCT kind AS name FROM actors WHERE tenant = {tenant:String} ORDER BY name LIMIT ${NAMES_MAX}`
  const kinds = await namesOf(clickhouse, query, { tenant })
  const text = `tenant "${tenant}" has no record of kind "${kind}"; ${hint(kind, kinds)}its kinds: ${listed(kinds)}`
  return new ColloquyError('no_such_kind', text)
}

/** The tenants of users: one with nothing but the canary is none. */
const tenantsOf = (clickhouse: ClickHouseClient): Promise<string[]> =>
  namesOf(clickhouse, `SELECT DISTINCT tenant AS name FROM actors WHERE kind != {kind:String} ORDER BY name LIMIT ${NAMES_MAX}`, {
    kind: CANARY_KIND,
  })

/** Says of a path that no label has which ones there are. An answer by it would have one row without a value. */
export async function absentLabelPath(
  clickhouse: ClickHouseClient,
  { tenant, kind = '', label = LABEL_DEFAULT }: Scope,
): Promise<string | undefined> {
  const query = `SELECT DISTINCT arrayJoin(JSONAllPaths(label)) AS name FROM actors
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String}) ORDER BY name LIMIT ${NAMES_MAX}`
  const paths = await namesOf(clickhouse, query, { tenant, kind })
  if (paths.includes(label)) return undefined
  const those = paths.length === 0 ? 'no label has any' : `${hint(label, paths)}paths: ${listed(paths)}`
  return `no label has a value at "${label}"; ${those}`
}

/** Says that no event is of the type of a scope, and which types there are; `undefined` if one is. */
export async function absentType(clickhouse: ClickHouseClient, { tenant, kind = '', type }: Scope): Promise<string | undefined> {
  if (type === undefined) return undefined
  const query = `SELECT DISTINCT type AS name FROM events
    WHERE tenant = {tenant:String} AND ({kind:String} = '' OR kind = {kind:String}) ORDER BY name LIMIT ${NAMES_MAX}`
  const types = await namesOf(clickhouse, query, { tenant, kind })
  return types.includes(type) ? undefined : `no event has the type "${type}"; ${hint(type, types)}types: ${listed(types)}`
}

/** ClickHouse has another list of zones than JavaScript, and minds case. */
async function spelledTimeZone(clickhouse: ClickHouseClient, tz: string): Promise<string> {
  const query = 'SELECT time_zone AS name FROM system.time_zones WHERE lower(time_zone) = lower({tz:String})'
  const [name] = await namesOf(clickhouse, query, { tz })
  if (name === undefined) throw new ColloquyError('no_such_time_zone', `ClickHouse knows no time zone "${tz}"`)
  return name
}

const namesSchema = z.array(z.object({ name: z.string() }))

async function namesOf(clickhouse: ClickHouseClient, query: string, query_params: Readonly<Record<string, string>>): Promise<string[]> {
  const result = await clickhouse.query({ query, query_params, format: 'JSONEachRow' })
  return namesSchema.parse(await result.json()).map(({ name }) => name)
}

function hint(word: string, names: readonly string[]): string {
  const meant = nearest(word, names)
  return meant === undefined ? '' : `did you mean "${meant}"? `
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).join(', ')
  const left = names.length - LISTED_MAX
  return left > 0 ? `${shown}, and ${left < NAMES_MAX - LISTED_MAX ? left : `at least ${left}`} more` : shown
}
