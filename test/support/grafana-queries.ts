import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const at = (path: string): URL => new URL(`../../infra/reporting/${path}`, import.meta.url)

const targetSchema = z.object({
  refId: z.string(),
  rawSql: z.string().optional(),
  expr: z.string().optional(),
  queryType: z.string().optional(),
})
const panelSchema = z.object({ id: z.number(), title: z.string(), type: z.string(), targets: z.array(targetSchema).min(1) })
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panelSchema).min(1),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string(), query: z.string() })) }),
})
const conditionSchema = z.object({ evaluator: z.object({ type: z.string(), params: z.array(z.number()) }) })
const modelSchema = z.object({ rawSql: z.string().optional(), conditions: z.array(conditionSchema).optional() })
const alertingSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          title: z.string(),
          condition: z.string(),
          data: z.array(z.object({ refId: z.string(), datasourceUid: z.string(), model: modelSchema })),
        }),
      ),
    }),
  ),
})
const rulesSchema = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })) })
const sourcesSchema = z.object({ datasources: z.array(z.object({ uid: z.string(), type: z.string() })) })

/** A query as a dashboard or an alert rule has it. */
export interface StoredQuery {
  readonly where: string
  readonly text: string
  /** Grafana draws a time series of it. */
  readonly isSeries: boolean
}

const json = (path: string): unknown => JSON.parse(readFileSync(at(path), 'utf8'))
const yaml = (path: string): unknown => parse(readFileSync(at(path), 'utf8'))

export const dashboards = readdirSync(at('grafana/dashboards')).map((file) => dashboardSchema.parse(json(`grafana/dashboards/${file}`)))
const rules = rulesSchema.parse(yaml('alerts/colloquy.rules.yml')).groups.flatMap((group) => group.rules)
export const alerts = alertingSchema.parse(yaml('grafana/provisioning/alerting/colloquy.yaml')).groups.flatMap((group) => group.rules)
export const sources = sourcesSchema.parse(yaml('grafana/provisioning/datasources/colloquy.yaml')).datasources

export const sqlQueries: StoredQuery[] = [
  ...dashboards.flatMap(({ title, templating, panels }) => [
    ...templating.list.flatMap(({ name, type, query }) =>
      type === 'query' ? [{ where: `${title}: $${name}`, text: query, isSeries: false }] : [],
    ),
    ...panels.flatMap((panel) =>
      panel.targets.flatMap(({ rawSql, queryType }) =>
        rawSql === undefined ? [] : [{ where: `${title}: ${panel.title}`, text: rawSql, isSeries: queryType === 'timeseries' }],
      ),
    ),
  ]),
  ...alerts.flatMap(({ title, data }) =>
    data.flatMap(({ model }) => (model.rawSql === undefined ? [] : [{ where: `alert: ${title}`, text: model.rawSql, isSeries: false }])),
  ),
]

export const promQueries: StoredQuery[] = [
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.targets.flatMap(({ expr }) => (expr === undefined ? [] : [{ where: `${title}: ${panel.title}`, text: expr, isSeries: true }])),
    ),
  ),
  ...rules.map(({ alert, expr }) => ({ where: `alert: ${alert}`, text: expr, isSeries: true })),
]

export interface GrafanaTime {
  readonly from: Date
  readonly to: Date
  readonly intervalMs: number
  /** As the dashboard has it: `utc`, or the name of a zone. Default: `utc`. */
  readonly timeZone?: string
}

/** Values of the variables of a dashboard. */
export interface GrafanaVariables {
  readonly tenant: string
  /** Default: "All". */
  readonly kind?: string
  /** The start of the period before, where the dashboard compares with it. */
  readonly previousFrom?: Date
}

/**
 * A query as the data source sends it: macros expanded as the plugin's documentation says, template variables replaced as
 * Grafana does. What is left over of them is an error of the query.
 */
export function expandSql(text: string, { tenant, kind, previousFrom }: GrafanaVariables, time: GrafanaTime): string {
  const { from, to, intervalMs, timeZone = 'utc' } = time
  const milli = (time: Date): string => `fromUnixTimestamp64Milli(${time.getTime()})`
  const expanded = text
    .replace(/\$__timeFilter_ms\(([^)]+)\)/g, (_, column: string) => `${column} >= ${milli(from)} AND ${column} <= ${milli(to)}`)
    .replace(
      /\$__timeInterval_ms\(((?:[^()]|\([^()]*\))+)\)/g,
      (_, column: string) => `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${intervalMs} millisecond)`,
    )
    .replaceAll('$__fromTime_ms', milli(from))
    .replaceAll('${tenant:singlequote}', quoted(tenant))
    // Grafana puts the value of "All" in as it is.
    .replaceAll('${kind:singlequote}', kind === undefined ? "''" : quoted(kind))
    .replaceAll('${compare:singlequote}', quoted(previousFrom === undefined ? 'none' : 'previous'))
    .replaceAll('${previous_from}', String(previousFrom?.getTime() ?? 0))
    .replaceAll('${__from}', String(from.getTime()))
    .replaceAll('${__to}', String(to.getTime()))
    .replaceAll('${__timezone}', timeZone)
  if (/\$(__)?[a-z{]/i.test(expanded)) throw new Error(`not expanded: ${expanded}`)
  return expanded
}

const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`

/** A PromQL query with the intervals that Grafana puts into it. */
export const expandProm = (text: string): string => text.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '3h')
