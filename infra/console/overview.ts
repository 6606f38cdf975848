import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { type Problem, readProblemsOn } from '../app/system-problems.ts'
import { readStatusOn, type SystemStatus } from '../app/system-status.ts'
import { askQuestion } from '../reporting/questions/ask-question.ts'
import type { Answer } from '../reporting/questions/questions.ts'
import type { Settings } from '../settings.ts'
import { isoTime, queryRows } from './console-query.ts'

const ALERTS_MAX = 50
const RATE_MINUTES = 60
const DAY_MS = 86_400_000

const rateSchema = z.object({ minute: z.string(), inputs: z.coerce.number(), events: z.coerce.number(), rejected: z.coerce.number() })
const alertSchema = z.object({
  tenant: z.string(),
  trigger: z.string(),
  series: z.string(),
  priority: z.string(),
  title: z.string(),
  value: z.number().nullable(),
  raisedAt: z.string(),
  acknowledgedBy: z.string().nullable(),
})

/** What the page shows of the whole system. A part that could not be read is `null`. */
export interface Overview {
  readonly status: Pick<SystemStatus, 'stages' | 'dead' | 'log' | 'durability'> | null
  /** What is wrong now, as `colloquy status --problems` says it. */
  readonly problems: readonly Problem[] | null
  /** Of the last hour, by minute; minutes without a record are absent. */
  readonly rates: readonly z.output<typeof rateSchema>[] | null
  /** Open alerts of triggers, newest first. */
  readonly alerts: readonly z.output<typeof alertSchema>[] | null
}

export interface OverviewDeps {
  readonly jetstream: JetStreamContext
  readonly client: () => ClickHouseClient
  readonly settings: Settings
  /** Called with what could not be read. */
  readonly onFailure: (error: unknown) => void
}

export async function readOverview({ jetstream, client, settings, onFailure }: OverviewDeps): Promise<Overview> {
  const orNull = <Value>(reading: Promise<Value>): Promise<Value | null> =>
    reading.catch((error: unknown) => {
      onFailure(error)
      return null
    })
  const reading = readStatusOn(jetstream, settings)
  const [status, problems, rates, alerts] = await Promise.all([
    orNull(reading),
    orNull(reading.then((status) => readProblemsOn(jetstream, settings, status))),
    orNull(readRates(client)),
    orNull(readAlerts(client)),
  ])
  return {
    status: status && { stages: status.stages, dead: status.dead, log: status.log, durability: status.durability },
    problems,
    rates,
    alerts,
  }
}

/** Inputs, events and rejections of the last hour, by minute. */
export const readRates = (client: () => ClickHouseClient): Promise<z.output<typeof rateSchema>[]> =>
  queryRows(
    client,
    rateSchema,
    `SELECT ${isoTime('toStartOfMinute(committed_at)')} AS minute, countIf(idx = 0) AS inputs, countIf(idx > 0) AS events,
      countIf(idx = 0 AND outcome = 'rejected') AS rejected
    FROM events WHERE committed_at >= now64(3) - INTERVAL ${RATE_MINUTES} MINUTE AND NOT history
    GROUP BY minute ORDER BY minute LIMIT ${RATE_MINUTES + 1}`,
  )

/** Alerts that are not over, newest first. */
export const readAlerts = (client: () => ClickHouseClient): Promise<z.output<typeof alertSchema>[]> =>
  queryRows(
    client,
    alertSchema,
    `SELECT tenant, actor AS trigger, series, priority, title, value, ${isoTime('raised_at')} AS raisedAt,
      acknowledged_by AS acknowledgedBy
    FROM alerts WHERE isNull(cleared_at) ORDER BY raised_at DESC LIMIT ${ALERTS_MAX}`,
  )

/** Key figures of a tenant in the last 24 hours, and in the 24 hours before. */
export interface KeyFigures {
  readonly now: Answer<'kpi'>
  readonly before: Answer<'kpi'>
}

export async function readKeyFigures(client: ClickHouseClient, tenant: string, now: number): Promise<KeyFigures> {
  const between = (from: number, to: number) => askQuestion(client, 'kpi', { tenant, from: new Date(from), to: new Date(to) })
  const [today, before] = await Promise.all([between(now - DAY_MS, now), between(now - 2 * DAY_MS, now - DAY_MS)])
  return { now: today, before }
}
