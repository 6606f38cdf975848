import type { FastifyInstance } from 'fastify'
import { merged, type Metrics, type MetricsSnapshot } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'
import type { ConnectionWatch, Health } from './connection-health.ts'

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
  /** Whether a request may see details: it carries the token, or there is none. */
  readonly maySeeDetails: (authorization: string | undefined) => boolean
}

interface Check extends Health {
  readonly check: string
}

/**
 * Adds three routes. `/healthz` is 200 as long as the process answers. `/readyz` is 200 if NATS is connected and every part works, else
 * 503; without the token it says only `ok`. `/metrics` is in the text format of Prometheus. The first two need no token.
 */
export function addHealthRoutes(app: FastifyInstance, deps: HealthRouteDeps): void {
  app.get('/healthz', { config: { isPublic: true } }, async () => ({ ok: true, since: deps.startedAt }))
  app.get('/readyz', { config: { isPublic: true } }, async (request, reply) => {
    const checks = checksOf(deps)
    const ok = checks.every((check) => check.ok)
    return reply.code(ok ? 200 : 503).send(deps.maySeeDetails(request.headers.authorization) ? { ok, checks } : { ok })
  })
  app.get('/metrics', async (_request, reply) => {
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
