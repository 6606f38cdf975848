import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Generated, GenerationQuery } from '../../actors/definition/task-generation.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, RetryLaterError, TerminalError } from '../../schemas/errors.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { TenantCache } from '../tenants/tenant-cache.ts'
import type { VersionedSettings } from '../tenants/tenant-settings-reader.ts'
import { askModel, type ModelAnswer, type ModelQuestion } from './ask-model.ts'
import type { Budgets } from './budgets.ts'
import { createTally } from './generation-tally.ts'
import type { ModelPlace, ModelPlaces } from './model-places.ts'
import type { ModelPool } from './model-pool.ts'
import type { ModelRegistry } from './model-registry.ts'
import { planGeneration, roomIn, tokensOutOf } from './plan-generation.ts'
import { fitMessages } from './token-estimate.ts'

export interface GenerationDeps {
  readonly models: Pick<ModelRegistry, 'pools'>
  readonly places: ModelPlaces
  readonly budgets: Pick<Budgets, 'stateOf' | 'charge'>
  readonly tenants: Pick<TenantCache<VersionedSettings>, 'of'>
  readonly metrics: Metrics
  readonly log: Logger
}

/** Generates for a task of a tenant, until the signal of the task aborts. */
export type Generate = <Schema extends z.ZodType>(
  tenant: string,
  query: GenerationQuery<Schema>,
  signal: AbortSignal,
) => Promise<Generated<Schema>>

const TEMPERATURE = 0.2
/** Models that one call asks, each once. */
const MODELS_ASKED_MAX = 6
/** UTF-16 units that are kept of an answer that was not taken. */
const ATTEMPT_CHARS_MAX = 4_096
/** Codes that mean that a model has too much to do. */
const OVERLOADS: ReadonlySet<string> = new Set(['model_timeout', 'model_busy'] satisfies ErrorCode[])

/** Creates the generation of a process; see `TaskGeneration` for what it guarantees. */
export function createGeneration({ models, places, budgets, tenants, metrics, log }: GenerationDeps): Generate {
  return async <Schema extends z.ZodType>(tenant: string, query: GenerationQuery<Schema>, taskSignal: AbortSignal) => {
    const { messages: given, schema, stream } = query
    if (given.length === 0) throw new TypeError('generate: messages is empty; the last one is the question')
    const signal = query.signal === undefined ? taskSignal : AbortSignal.any([taskSignal, query.signal])
    signal.throwIfAborted()
    const plan = await planGeneration({ models, budgets, tenants }, tenant, query)
    if (plan.budget === 'spent') throw spent(tenant, plan.settings.BUDGET_DAY)
    const { settings, usable, messages, fitting, route } = plan
    if (usable.length === 0) throw noModel()
    if (route === undefined) throw tooLong(given.length)
    const { tiers, reason, complexity } = route

    const tally = createTally()
    const asked = new Set<ModelPool>()
    let lastError: ColloquyError | undefined
    const notTaken = ({ name: model, tier }: ModelEntry, reasons: readonly string[], text: string): void => {
      tally.attempts.push({ model, tier, reasons, ...(text !== '' && { text: text.slice(0, ATTEMPT_CHARS_MAX).toWellFormed() }) })
      for (const why of reasons) metrics.modelFallbacks.inc({ model, reason: REASON.test(why) ? why : 'other' })
      stream?.reset(reasons[0] ?? 'other')
    }
    for (const tier of tiers) {
      while (asked.size < MODELS_ASKED_MAX) {
        const pools = fitting.filter((pool) => pool.entry.tier === tier && !asked.has(pool))
        const place = pools.length === 0 ? undefined : await placeAt({ tenant, pools, signal })
        if (place === undefined) break
        asked.add(place.pool)
        const { entry } = place.pool
        const answer = await ask(place, {
          messages: fitMessages(messages, roomIn(entry, query)) ?? messages,
          schema,
          tools: query.tools,
          temperature: query.temperature ?? TEMPERATURE,
          tokensOutMax: tokensOutOf(entry, query),
          signal,
          onDelta: (text) => stream?.delta(text),
        })
        const cost = tally.add(entry, answer.usage)
        budgets.charge(tenant, cost.charged, settings)
        count(entry, answer, cost.known)
        if (answer.kind === 'failed') {
          lastError = answer.error
          const { code, message: why } = answer.error
          rateLimitedWarn(log, { model: entry.name, tenant, code, why }, 'a language model gave no answer that can be used')
          notTaken(entry, [answer.error.code], answer.text)
          continue
        }
        const reasons = (await query.refuse?.(answer.text, { model: entry.name, tier })) ?? []
        signal.throwIfAborted()
        if (reasons.length > 0) {
          lastError = new ColloquyError('model_unaccepted', `the answer of ${entry.name} was not taken: ${reasons.join(', ')}`)
          notTaken(entry, reasons, answer.text)
          continue
        }
        return {
          text: answer.text,
          ...(schema !== undefined && { object: answer.object as z.output<Schema> }),
          ...(answer.calls.length > 0 && { calls: answer.calls }),
          model: entry.name,
          tier,
          ...(complexity !== undefined && { complexity }),
          tierReason: tally.attempts.length > 0 || tier !== tiers[0] ? 'fallback' : reason,
          ...tally.sums(),
          attempts: tally.attempts,
        }
      }
    }
    query.onFailure?.({ ...tally.sums(), attempts: tally.attempts })
    throw lastError ?? allRest(fitting)
  }

  async function placeAt(request: Parameters<ModelPlaces['acquire']>[0]): Promise<ModelPlace | undefined> {
    metrics.modelWaiting.inc()
    try {
      return await places.acquire(request)
    } finally {
      metrics.modelWaiting.dec()
    }
  }

  async function ask(place: ModelPlace, question: Omit<ModelQuestion, 'onFirstToken'>): Promise<ModelAnswer> {
    const { pool, attempt, inFlight } = place
    const { entry, limit, counts } = pool
    const startedAt = performance.now()
    let isOver = false
    counts.requests += 1
    try {
      const onFirstToken = (firstTokenMs: number): void => limit.answered({ startedAt, firstTokenMs, inFlight })
      const answer = await askModel(await pool.provided(), entry, { ...question, onFirstToken })
      isOver = true
      if (answer.kind === 'answered' || answer.isOfAnswer) attempt.succeeded()
      else {
        const { code, message } = answer.error
        counts.failures += 1
        attempt.failed({ code, message }, answer.error instanceof RetryLaterError ? answer.error.retryAfterMs : undefined)
        if (OVERLOADS.has(code)) limit.overloaded({ startedAt })
      }
      return answer
    } finally {
      if (!isOver) attempt.ended()
      metrics.modelSeconds.observe({ model: entry.name }, (performance.now() - startedAt) / 1_000)
      place.leave()
    }
  }

  function count({ name: model }: ModelEntry, answer: ModelAnswer, cost: number | undefined): void {
    const { tokensIn, tokensOut } = answer.usage
    metrics.modelRequests.inc({ model, outcome: answer.kind === 'answered' ? 'ok' : answer.error.code })
    metrics.modelTokens.inc({ model, direction: 'in' }, tokensIn ?? 0)
    metrics.modelTokens.inc({ model, direction: 'out' }, tokensOut ?? 0)
    metrics.modelCost.inc({ model }, cost ?? 0)
    if (answer.kind === 'answered' && (tokensIn === undefined || tokensOut === undefined))
      rateLimitedWarn(log, { model }, 'a language model does not tell its tokens, or tells what cannot be true; its costs are unknown')
  }
}

/** Reasons are labels of a metric: words, not texts. */
const REASON = /^[a-z][a-z0-9_]{0,63}$/
/** While another request tries a model. */
const REST_MS_MIN = 250

const final = (code: ErrorCode, message: string): ColloquyError => new TerminalError(code, message)

const tooLong = (count: number): ColloquyError =>
  final('model_context', `the system messages and the last of ${count} messages are too long for every language model`)

const spent = (tenant: string, budget: number | null): ColloquyError =>
  final('model_budget', `the tenant ${tenant} has spent its BUDGET_DAY of ${budget} for language models of today (UTC)`)

/** Where a process has no language model. */
export const noModel = (): ColloquyError =>
  final('no_model', 'no language model can be asked; set COLLOQUY_MODELS or COLLOQUY_LLM_BASE_URL for the process with the role tasks')

/** Where nothing could be asked because all models rest. */
function allRest(pools: readonly ModelPool[]): ColloquyError {
  const restMs = Math.ceil(Math.min(...pools.map(({ health }) => health.restMs())))
  const why = pools.map(({ entry, health }) => `${entry.name}: ${health.lastFailure?.code ?? 'busy'}`).join(', ')
  const what = `all language models rest after failures (${why}); "colloquy models ls" shows them`
  return new RetryLaterError('model_busy' satisfies ErrorCode, what, Math.max(restMs, REST_MS_MIN))
}
