import type { IndexFilter } from '../vector-store.ts'

/** A condition with its parameters: nothing that came from outside stands in the SQL. */
export interface Where {
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
}

const CONDITIONS: Readonly<Record<keyof IndexFilter, string>> = {
  in: 'area = {in:String}',
  kind: 'kind = {kind:String}',
  actor: 'actor = {actor:String}',
  source: 'source = {source:String}',
  lang: 'lang = {lang:String}',
  since: 'at >= parseDateTime64BestEffort({since:String}, 3, \'UTC\')',
  until: 'at < parseDateTime64BestEffort({until:String}, 3, \'UTC\')',
}

/** A tenant's points, and of them those that the filter leaves. */
export function whereOf(tenant: string, filter: IndexFilter): Where {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  const names = Object.keys(CONDITIONS).filter((name): name is keyof IndexFilter => given.some(([other]) => other === name))
  return {
    sql: ['tenant = {tenant:String}', ...names.map((name) => CONDITIONS[name])].join(' AND '),
    params: { tenant, ...Object.fromEntries(given) },
  }
}
