import { pino } from 'pino'
import { complexityOf } from '../../pipeline/models/complexity.ts'
import { createGeneration, type Generate } from '../../pipeline/models/generate.ts'
import { createModelPlaces } from '../../pipeline/models/model-places.ts'
import { createModelPool } from '../../pipeline/models/model-pool.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { modelsFileSchema } from '../../schemas/models-file.ts'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { medians, quantile, rounded } from '../harness/statistics.ts'
import { type ModelStub, startModelStub } from './answers/model-stub.ts'

/** Measures how long questions take that come all at once, with the fall-back and the queue of `generate`. No servers but stub models. */
export const answers: OfflineScenario = {
  name: 'answers',
  about:
    'Answers to 100 questions at a time by stub models of 500 ms: 100 places, 20 places, and one of two models failing every other call.',
  actorsDefault: 1,
  measure,
}

const QUESTIONS = 100
const MODEL_MS = 500
const CONCURRENT_REQUESTS_MAX = 100
const ROUNDS_MIN = 3
const QUESTION = 'How long does shipping to Norway take? 寄到挪威要多久？'
const LONG = `${QUESTION} Compare the two and explain why. `.repeat(200).slice(0, 8_192)

async function measure({ seconds }: BenchOptions): Promise<Measured> {
  const everyMs = (seconds * 1_000) / 3
  const wide = await repeat('places100', everyMs, [{ requestsMax: 100 }])
  const narrow = await repeat('places20', everyMs, [{ requestsMax: 20 }])
  const failing = await repeat('oneOfTwoFailing', everyMs, [{ requestsMax: 100, failsEvery: 2 }, { requestsMax: 100 }])
  const all = medians({ ...wide, ...narrow, ...failing })
  return {
    figures: { ...all.figures, complexityMicros: complexityMicros() },
    spread: all.spread,
    notes: [
      `${QUESTIONS} calls of generate at once, again and again; a stub answers each request after ${MODEL_MS} ms over HTTP, from a `
        + 'thread of its own. Medians over the rounds of the mean, the 95th percentile and the last answer of a round.',
      'With 20 places the last of 100 questions waits for four others: 2,500 ms is the least. One of two models answers every other '
        + 'request with 500: its requests go on to the other model, and it rests in between.',
      'complexityMicros: microseconds to compute the complexity of a message of 8 KiB.',
    ],
  }
}

interface StubModel {
  readonly requestsMax: number
  readonly failsEvery?: number
}

/** Rounds of questions to these models, one after the other. */
async function repeat(name: string, forMs: number, models: readonly StubModel[]): Promise<Record<string, number[]>> {
  const stubs: ModelStub[] = []
  try {
    for (const { failsEvery = 0 } of models) stubs.push(await startModelStub({ ms: MODEL_MS, failsEvery }))
    const generate = generationWith(stubs, models)
    // The first round loads modules and opens connections.
    await askAll(generate)
    const rounds: (readonly number[])[] = []
    const until = performance.now() + forMs
    while (rounds.length < ROUNDS_MIN || performance.now() < until) rounds.push(await askAll(generate))
    return {
      [`${name}MeanMs`]: rounds.map((times) => times.reduce((sum, ms) => sum + ms, 0) / times.length),
      [`${name}P95Ms`]: rounds.map((times) => quantile(times, 0.95)),
      [`${name}LastMs`]: rounds.map((times) => Math.max(...times)),
    }
  } finally {
    for (const stub of stubs) await stub.stop()
  }
}

function generationWith(stubs: readonly ModelStub[], models: readonly StubModel[]): Generate {
  const entries = modelsFileSchema.parse(
    models.map(({ requestsMax }, index) => ({ name: `m${index}`, tier: 'small', baseUrl: stubs[index]?.url, model: 'stub', requestsMax })),
  )
  const pools = entries.map((entry) => createModelPool({ entry, apiKey: undefined, unusable: undefined }, () => performance.now()))
  const settings = { version: 0, settings: tenantSettingsOf({}), set: {} }
  return createGeneration({
    models: { pools: () => pools },
    places: createModelPlaces(CONCURRENT_REQUESTS_MAX),
    budgets: { stateOf: async () => 'free', charge: () => undefined },
    tenants: { of: async () => settings },
    metrics: createMetrics(),
    log: pino({ level: 'silent' }),
  })
}

/** @returns the milliseconds of each answer. @throws what a call throws: a question without an answer fails the run */
function askAll(generate: Generate): Promise<number[]> {
  const startedAt = performance.now()
  const { signal } = new AbortController()
  return Promise.all(
    Array.from({ length: QUESTIONS }, async () => {
      await generate('bench', { messages: [{ role: 'user', content: QUESTION }] }, signal)
      return performance.now() - startedAt
    }),
  )
}

function complexityMicros(): number {
  const times = Array.from({ length: 2_000 }, () => {
    const startedAt = performance.now()
    complexityOf({ text: LONG })
    return (performance.now() - startedAt) * 1_000
  })
  return rounded(quantile(times, 0.5))
}
