import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { TenantSettings } from '../../schemas/tenant-settings.ts'
import { type TypedKey, typedKey } from '../jetstream/typed-kv.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

/** What a tenant may still spend: `free` as it is asked, `smaller` the smallest models only, `spent` nothing. */
export type BudgetState = 'free' | 'smaller' | 'spent'

type BudgetSettings = Pick<TenantSettings, 'BUDGET_DAY' | 'BUDGET_SMALLER_AT'>

/**
 * What the models of the cluster have cost each tenant since 00:00 UTC, for tenants with a budget. A process counts in memory and adds its
 * sum to the bucket once in `FLUSH_MS`, so a message costs no round trip. What other processes have spent is known after at most
 * `REFRESH_MS`. A process that is killed loses what it has not added yet: at most `FLUSH_MS` of its spending.
 */
export interface Budgets {
  stateOf(tenant: string, settings: BudgetSettings): Promise<BudgetState>
  /** Adds a cost, in the currency of the prices. */
  charge(tenant: string, cost: number, settings: BudgetSettings): void
  /** Adds what is not in the bucket yet, and stops. */
  stop(): Promise<void>
}

const FLUSH_MS = 1_000
const REFRESH_MS = 5_000
/** Tenants with a budget that are counted at a time; the one that was asked for longest ago makes room. */
const TENANTS_MAX = 10_000
const ATTEMPTS_MAX = 8
const PREFIX = 'spent.'
const MICROS = 1_000_000

const spentSchema = z.object({ day: z.iso.date(), micros: z.int().nonnegative() })
type Spent = z.output<typeof spentSchema>

interface Counter {
  readonly key: TypedKey<Spent>
  day: string
  /** In the bucket, as last seen. */
  storedMicros: number
  /** Not in the bucket yet. */
  ownMicros: number
  readAtMs: number
  reading: Promise<void> | undefined
}

export interface BudgetsOptions {
  readonly kv: KV
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export function createBudgets({ kv, log, now }: BudgetsOptions): Budgets {
  const counters = new Map<string, Counter>()
  const today = (): string => new Date(now()).toISOString().slice(0, 10)

  const counterOf = (tenant: string): Counter => {
    const known = counters.get(tenant)
    const counter: Counter = known ?? {
      key: typedKey(kv, `${PREFIX}${tenant}`, spentSchema),
      day: today(),
      storedMicros: 0,
      ownMicros: 0,
      readAtMs: -Infinity,
      reading: undefined,
    }
    if (known === undefined && counters.size >= TENANTS_MAX) {
      const [idle] = [...counters].filter(([, { ownMicros }]) => ownMicros === 0)
      if (idle !== undefined) counters.delete(idle[0])
    }
    counters.delete(tenant)
    counters.set(tenant, counter)
    if (counter.day !== today()) Object.assign(counter, { day: today(), storedMicros: 0, ownMicros: 0 })
    return counter
  }
  const see = (counter: Counter, spent: Spent | undefined): void => {
    // A look may have begun before the newest addition; within a day the sum only grows.
    if (spent?.day === counter.day) counter.storedMicros = Math.max(counter.storedMicros, spent.micros)
    counter.readAtMs = now()
  }
  const refresh = (counter: Counter): Promise<void> =>
    (counter.reading ??= counter.key
      .get()
      .then((found) => see(counter, found?.value))
      .finally(() => {
        counter.reading = undefined
      }))

  const flushOne = async (tenant: string, counter: Counter): Promise<void> => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = await counter.key.get()
      const { day, ownMicros } = counter
      const before = found?.value.day === day ? found.value.micros : 0
      const value = { day, micros: Math.min(Number.MAX_SAFE_INTEGER, before + ownMicros) }
      if ((await counter.key.compareAndSet(value, found?.revision)) === undefined) continue
      // A new day may have begun meanwhile.
      if (counter.day === day) {
        counter.ownMicros -= ownMicros
        see(counter, value)
      }
      return
    }
    log.warn({ tenant }, 'what models have cost could not be added to the bucket: too many processes add at a time; trying again')
  }
  const flush = async (): Promise<void> => {
    for (const [tenant, counter] of counters) {
      if (counter.ownMicros === 0) continue
      await flushOne(tenant, counter).catch((error: unknown) =>
        rateLimitedWarn(log, { err: error }, 'what models have cost could not be added to the bucket; trying again'),
      )
    }
  }
  const job = periodicJob(FLUSH_MS, async () => {
    await flush()
    return FLUSH_MS
  })
  return {
    async stateOf(tenant, { BUDGET_DAY: budget, BUDGET_SMALLER_AT: smallerAt }) {
      if (budget === null) return 'free'
      const counter = counterOf(tenant)
      const ageMs = now() - counter.readAtMs
      // The first look of all waits for the bucket; later ones do not.
      if (ageMs > REFRESH_MS) {
        const reading = refresh(counter).catch((error: unknown) =>
          rateLimitedWarn(log, { err: error, tenant }, 'what models have cost cannot be read; this process counts its own alone'),
        )
        if (counter.readAtMs === -Infinity) await reading
      }
      const spent = (counter.storedMicros + counter.ownMicros) / MICROS
      if (spent >= budget) return 'spent'
      return smallerAt < 1 && spent >= budget * smallerAt ? 'smaller' : 'free'
    },
    charge(tenant, cost, { BUDGET_DAY: budget }) {
      if (budget !== null && cost > 0) counterOf(tenant).ownMicros += Math.round(cost * MICROS)
    },
    async stop() {
      await job.stop()
      await flush()
    },
  }
}
