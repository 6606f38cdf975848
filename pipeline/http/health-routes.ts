import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { merged, type Metrics, type MetricsSnapshot } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'
import type { ConnectionWatch, Health } from './connection-health.ts'
import { addRoute, type DescribedRoute } from './described-route.ts'

export interface HealthRouteDeps {
  readonly stages: ReadonlyMap<string, Stage>
  readonly checks: Readonly<Record<string, () => Health>>
  readonly connection: ConnectionWatch
  readonly metrics: Metrics
  /** Metrics of stages that run in other threads of this process. */
  readonly otherMetrics?: (() => Promise<MetricsSnapshot[]>) | undefined
  /** Updates the lag gauges; called before each scrape. */
  readonly refreshLags: () => Promise<void>
  /** When the server started, ISO. */
  readonly startedAt: string
  /** Whether a request may see details. */
  readonly maySeeDetails: (request: FastifyRequest) => Promise<boolean>
}

interface Check extends Health {
  readonly check: string
}

const aliveSchema = z.object({ ok: z.literal(true), since: z.iso.datetime().meta({ description: 'When the server started' }) })
const readySchema = z.object({
  ok: z.boolean(),
  checks: z
    .array(z.object({ check: z.string(), ok: z.boolean(), since: z.iso.datetime(), detail: z.string() }))
    .optional()
    .meta({ description: 'Only for administrators' }),
})

const ALIVE_ROUTE = {
  method: 'GET',
  path: '/healthz',
  name: 'isAlive',
  summary: 'Whether the process answers',
  isPublic: true,
  answers: { 200: { description: 'It does', schema: aliveSchema } },
  problems: [],
} as const satisfies DescribedRoute
const READY_ROUTE = {
  method: 'GET',
  path: '/readyz',
  name: 'isReady',
  summary: 'Whether NATS is connected and every part works',
  isPublic: true,
  answers: { 200: { description: 'All do', schema: readySchema }, 503: { description: 'One does not', schema: readySchema } },
  problems: [],
} as const satisfies DescribedRoute
const METRICS_ROUTE = {
  method: 'GET',
  path: '/metrics',
  name: 'getMetrics',
  summary: 'Metrics for Prometheus',
  answers: { 200: { description: 'The metrics', type: 'text/plain' } },
  problems: [],
} as const satisfies DescribedRoute
export const HEALTH_ROUTES = [ALIVE_ROUTE, READY_ROUTE, METRICS_ROUTE] as const

/**
 * Adds three routes. `/healthz` is 200 as long as the process answers. `/readyz` is 200 if NATS is connected and every part works, else
 * 503; it says more than `ok` to administrators only. `/metrics` is in the text format of Prometheus. The first two need no key.
 */
export function addHealthRoutes(app: FastifyInstance, deps: HealthRouteDeps): void {
  addRoute(app, ALIVE_ROUTE, async () => ({ ok: true, since: deps.startedAt }))
  addRoute(app, READY_ROUTE, async (request, reply) => {
    const checks = checksOf(deps)
    const ok = checks.every((check) => check.ok)
    return reply.code(ok ? 200 : 503).send((await deps.maySeeDetails(request)) ? { ok, checks } : { ok })
  })
  addRoute(app, METRICS_ROUTE, async (_request, reply) => {
    await deps.refreshLags()
    const { process, registry } = deps.metrics
    const own = await merged(deps.metrics, deps.otherMetrics)
    return reply.type(registry.contentType).send(`${await process.metrics()}\n${await own.metrics()}`)
  })
}

function checksOf({ stages, checks, connection, startedAt }: HealthRouteDeps): Check[] {
  const roles = [...stages].map(([check, stage]): Check => {
    const { ok, since, detail } = stage.status()
    return { check, ok, since, detail }
  })
  const more = Object.entries(checks).map(([check, health]): Check => ({ check, ...health() }))
  const self: Check = { check: 'serve', ok: true, since: startedAt, detail: 'listening' }
  return [{ check: 'nats', ...connection.health() }, ...roles, ...more, self]
}
