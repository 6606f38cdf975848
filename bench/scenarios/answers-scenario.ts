import { rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { complexityOf } from '../../pipeline/models/complexity.ts'
import { askModelsStatus } from '../../pipeline/models/models-status.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Bench, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { CAUGHT_UP_MS_MAX, STARTED_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { QUESTIONS } from '../harness/inputs.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { medians, quantile, rounded, type Spread } from '../harness/statistics.ts'
import { type ModelStub, startModelStub } from './answers/model-stub.ts'

/** The models of the measured system. The system reads the file again when a load has written its own. */
export const MODELS_FILE = join(tmpdir(), `colloquy-bench-models-${process.pid}.json`)

/** Measures how long questions to `support` take that come all at once, with the fall-back and the queue of `generate`. */
export const answers: Scenario = {
  name: 'answers',
  about:
    'Replies of support to 100 questions at a time, by stub models of 500 ms: 100 places, 20 places, and one of two models failing every '
    + 'other call.',
  actorsDefault: 1,
  secondsDefault: 30,
  inputs: QUESTIONS,
  settings() {
    writeNoModels()
    // Each failure of a model is a warning with its stack. With the cache, equal questions would ask no model.
    return { MODELS: MODELS_FILE, LOG_LEVEL: 'error', CACHE: 'off' }
  },
  run: measureAnswers,
}

export const QUESTIONS_AT_A_TIME = 100
export const MODEL_MS = 500
export const ROUNDS_MIN = 3
const LONG = 'How long does shipping to Norway take? Compare the two and explain why. 寄到挪威要多久？'.repeat(200).slice(0, 8_192)

/** The system does not start without the file. */
export function writeNoModels(): void {
  writeFileSync(MODELS_FILE, JSON.stringify([{ name: 'none-yet', tier: 'small', baseUrl: 'http://127.0.0.1:9/v1', model: 'stub' }]))
}

interface StubModel {
  readonly requestsMax: number
  readonly failsEvery?: number
}

const LOADS: Readonly<Record<string, readonly StubModel[]>> = {
  places100: [{ requestsMax: 100 }],
  places20: [{ requestsMax: 20 }],
  oneOfTwoFailing: [{ requestsMax: 100, failsEvery: 2 }, { requestsMax: 100 }],
}

async function measureAnswers(bench: Bench): Promise<Measured> {
  if (bench.system.settings.MODELS !== MODELS_FILE)
    throw new ColloquyError('bad_option', 'the scenario answers needs models of its own; run it without --attach')
  await using started = new AsyncDisposableStack()
  started.defer(() => rmSync(MODELS_FILE, { force: true }))
  const everyMs = (bench.options.seconds * 1_000) / Object.keys(LOADS).length
  const replies = await watchReplies(bench)
  started.defer(replies.stop)
  const loads: { figures: Figures; spread: Record<string, Spread> }[] = []
  for (const [name, models] of Object.entries(LOADS)) loads.push(await measureLoad(name, models, { bench, replies, forMs: everyMs }))
  return {
    figures: { ...(Object.assign({}, ...loads.map(({ figures }) => figures)) as Figures), complexityMicros: complexityMicros() },
    spread: Object.assign({}, ...loads.map(({ spread }) => spread)) as Record<string, Spread>,
    notes: [
      `${QUESTIONS_AT_A_TIME} questions at once, in English and Chinese, each of a new conversation, again and again: from the publication `
        + `to the record with the reply. A stub answers each request after ${MODEL_MS} ms over HTTP, from a thread of its own, with a `
        + 'sentence that passes the gate. Medians over the rounds of the mean, the 95th percentile and the last reply of a round.',
      'With 20 places the last of 100 questions waits for four others: 2,500 ms is the least. One of two models answers every other '
        + 'request with 500: its requests go on to the other model, and it rests in between.',
      'quoted counts replies that no model wrote, such as those at the end of the reply budget; lateMs is the slowest reply of all.',
      'complexityMicros: microseconds to compute the complexity of a message of 8 KiB.',
    ],
  }
}

export interface Reply {
  readonly atMs: number
  readonly isQuoted: boolean
}

export interface Replies {
  /** By the id of the question. */
  readonly byQuestion: ReadonlyMap<string, Reply>
  stop(): void
}

const recordSchema = z.object({
  emitted: z
    .array(z.object({ type: z.string(), data: z.object({ replyTo: z.string().optional(), tier: z.string().optional() }) }))
    .default([]),
})

export async function watchReplies({ system, producer }: Bench): Promise<Replies> {
  const byQuestion = new Map<string, Reply>()
  const stop = await watchSubject(system.nc, `log.*.${producer.tenant}.>`, recordSchema, ({ emitted }, _, atMs) => {
    for (const { type, data } of emitted)
      if (type === 'message.sent' && data.replyTo !== undefined) byQuestion.set(data.replyTo, { atMs, isQuoted: data.tier === undefined })
  })
  return { byQuestion, stop }
}

interface LoadOptions {
  readonly bench: Bench
  readonly replies: Replies
  readonly forMs: number
}

/** Rounds of questions to these models, one after the other. */
async function measureLoad(name: string, models: readonly StubModel[], { bench, replies, forMs }: LoadOptions) {
  const stubs: ModelStub[] = []
  try {
    for (const { failsEvery = 0 } of models) stubs.push(await startModelStub({ ms: MODEL_MS, failsEvery }))
    await useModels(
      bench,
      models.map(({ requestsMax }, index) => ({
        name: `${name}-${index}`,
        tier: 'small',
        baseUrl: stubs[index]?.url,
        model: 'stub',
        requestsMax,
      })),
    )
    // The first round loads modules and opens connections.
    await askAll(bench, replies)
    const rounds: Round[] = []
    const until = performance.now() + forMs
    while (rounds.length < ROUNDS_MIN || performance.now() < until) rounds.push(await askAll(bench, replies))
    const { figures, spread } = medians({
      [`${name}MeanMs`]: rounds.map(({ times }) => times.reduce((sum, ms) => sum + ms, 0) / times.length),
      [`${name}P95Ms`]: rounds.map(({ times }) => quantile(times, 0.95)),
      [`${name}LastMs`]: rounds.map(({ times }) => Math.max(...times)),
    })
    const whole = {
      [`${name}LateMs`]: rounded(Math.max(...rounds.flatMap(({ times }) => times))),
      [`${name}Quoted`]: rounds.reduce((sum, { quoted }) => sum + quoted, 0),
      [`${name}Questions`]: rounds.length * QUESTIONS_AT_A_TIME,
    }
    return { figures: { ...figures, ...whole }, spread: { ...spread } }
  } finally {
    for (const stub of stubs) await stub.stop()
  }
}

export interface Round {
  /** Milliseconds of each reply. */
  readonly times: readonly number[]
  readonly quoted: number
}

/** Gives the system other models, and waits until it has them. */
export async function useModels(
  { system }: Bench,
  entries: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[],
): Promise<void> {
  await writeFile(MODELS_FILE, JSON.stringify(entries))
  const names = entries.map(({ name }) => name).join()
  const isUsed = async (): Promise<true | undefined> => {
    const processes = await askModelsStatus(system.nc)
    const isEverywhere = processes.every(({ models }) => models.map(({ name }) => name).join() === names)
    return processes.length > 0 && isEverywhere ? true : undefined
  }
  await pollUntil(isUsed, { signal: AbortSignal.timeout(STARTED_MS_MAX) })
}

let conversations = 0

/** @throws ColloquyError if a question has no reply: it fails the run */
export async function askAll({ producer }: Bench, { byQuestion }: Replies): Promise<Round> {
  const startedAt = performance.now()
  const ids = Array.from({ length: QUESTIONS_AT_A_TIME }, () => producer.send(conversations++).id)
  await producer.publisher.settled()
  const isAnswered = (): boolean => ids.every((id) => byQuestion.has(id))
  await waitUntil(isAnswered, CAUGHT_UP_MS_MAX, () => `${ids.filter((id) => !byQuestion.has(id)).length} questions have no reply`)
  const found = ids.flatMap((id) => byQuestion.get(id) ?? [])
  return { times: found.map(({ atMs }) => atMs - startedAt), quoted: found.filter(({ isQuoted }) => isQuoted).length }
}

function complexityMicros(): number {
  const times = Array.from({ length: 2_000 }, () => {
    const startedAt = performance.now()
    complexityOf({ text: LONG })
    return (performance.now() - startedAt) * 1_000
  })
  return rounded(quantile(times, 0.5))
}
