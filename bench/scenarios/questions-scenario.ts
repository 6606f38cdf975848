import { rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { QUESTION_DEFAULTS } from '../../actors/kinds/question/question-defaults.ts'
import { askModelsStatus } from '../../pipeline/models/models-status.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { createProducer } from '../harness/bench-producer.ts'
import type { Bench, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { STARTED_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { DISTINCT_QUESTIONS } from '../harness/inputs.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { quantile, rounded } from '../harness/statistics.ts'
import { startModelStub } from './answers/model-stub.ts'

/** The models of the measured system, which it reads again when the scenario has started its stub. */
const MODELS_FILE = join(tmpdir(), `colloquy-bench-question-models-${process.pid}.json`)
const MODEL = 'stub-of-questions'
const MODEL_MS = 500
/** Of the logarithm of the stub's times: one of six takes longer than 820 ms. */
const MODEL_SIGMA = 0.5
/** Before the first load: the service times of all that are measured are then those of a system that is warm. */
const WARM_UP = 160
const LOADS = [100, 1_000, 10_000] as const
/** Pause between two inputs to other actors, whose time to the record is measured meanwhile. */
const PROBE_MS = 50
/** For a load: what may wait takes some 40 seconds. */
const LOAD_MS_MAX = 150_000

/** Measures how right expected times are, and what becomes of more questions than may wait. */
export const questions: Scenario = {
  name: 'questions',
  about:
    'Different questions to the kind question, 100, 1,000 and 10,000 at once, of which 1,000 may wait, answered by a stub model of 500 ms '
    + 'with a log-normal spread: expected times beside what they became.',
  actorsDefault: 1,
  inputs: DISTINCT_QUESTIONS,
  settings() {
    // The system does not start without the file.
    writeFileSync(MODELS_FILE, JSON.stringify([{ name: 'none-yet', tier: 'small', baseUrl: 'http://127.0.0.1:9/v1', model: 'stub' }]))
    return { MODELS: MODELS_FILE, LOG_LEVEL: 'error' }
  },
  run: measureQuestions,
}

const eventSchema = z.object({
  type: z.string(),
  data: z.object({
    expectedMs: z.number().nullable().optional(),
    waitedMs: z.number().optional(),
    queuePlace: z.number().nullable().optional(),
    tier: z.string().optional(),
    reason: z.string().optional(),
  }),
})
type Told = z.infer<typeof eventSchema> & { readonly atMs: number }

async function measureQuestions(bench: Bench): Promise<Measured> {
  const { system, producer, options } = bench
  const { places, waitingMax } = QUESTION_DEFAULTS
  if (system.settings.MODELS !== MODELS_FILE)
    throw new ColloquyError('bad_option', 'the scenario questions needs a model of its own; run it without --attach')
  await using started = new AsyncDisposableStack()
  started.defer(() => rmSync(MODELS_FILE, { force: true }))
  const stub = started.adopt(await startModelStub({ ms: MODEL_MS, sigma: MODEL_SIGMA, failsEvery: 0 }), (one) => one.stop())
  await writeFile(MODELS_FILE, JSON.stringify([{ name: MODEL, tier: 'small', baseUrl: stub.url, model: 'stub', requestsMax: 100 }]))
  const isUsed = async (): Promise<true | undefined> => {
    const processes = await askModelsStatus(system.nc)
    return processes.length > 0 && processes.every(({ models }) => models.some(({ name }) => name === MODEL)) ? true : undefined
  }
  await pollUntil(isUsed, { signal: AbortSignal.timeout(STARTED_MS_MAX) })

  const told = new Map<string, Told[]>()
  const stopTold = await watchSubject(system.nc, `out.${producer.tenant}.question.>`, eventSchema, (event, subject, atMs) => {
    const id = subject.split('.')[3] ?? ''
    told.set(id, [...(told.get(id) ?? []), { ...event, atMs }])
  })
  started.defer(stopTold)
  const others = createProducer({ ...options, nc: system.producerConnection, tenant: `${producer.tenant}-others`, actors: 100, seed: 2 })
  started.defer(() => others.publisher.close())
  const run = (count: number): Promise<Load> => askAtOnce({ bench, told, others }, count)

  await run(WARM_UP)
  const figures: Record<string, number> = {}
  for (const count of LOADS) Object.assign(figures, figuresOf(count, await run(count)))
  return {
    figures,
    notes: [
      `Each question is another one, so that none shares its answer. A stub answers after ${MODEL_MS} ms in the median (log-normal, sigma `
        + `${MODEL_SIGMA}), over HTTP, from a thread of its own. ${places} are answered at one time, and ${waitingMax} may wait.`,
      'ErrorP50 and ErrorP90: |expectedMs − waitedMs| ÷ waitedMs of the questions that were answered, by their own events. AcceptedP50Ms '
        + 'and AcceptedMaxMs: from the publication of the question to its acceptance, or to its refusal.',
      'othersP50Ms and othersMaxMs: from the publication of a courtesy to support, of another tenant, to its reply, one every '
        + `${PROBE_MS} ms while the questions are accepted; the gate does not check these inputs.`,
    ],
  }
}

/** What became of a load. */
interface Load {
  readonly events: readonly (readonly Told[])[]
  readonly startedAt: number
  /** Milliseconds of the inputs to other actors. */
  readonly others: readonly number[]
}

interface LoadDeps {
  readonly bench: Bench
  readonly told: ReadonlyMap<string, readonly Told[]>
  readonly others: ReturnType<typeof createProducer>
}

let asked = 0

/** @throws ColloquyError if a question is neither answered nor refused: it fails the run */
async function askAtOnce({ bench: { producer, system }, told, others }: LoadDeps, count: number): Promise<Load> {
  const sentAt = new Map<string, number>()
  const otherTimes: number[] = []
  const stopOthers = await watchSubject(
    system.nc,
    `out.${others.tenant}.>`,
    z.object({ causationid: z.string() }),
    ({ causationid }, _, atMs) => {
      const at = sentAt.get(causationid)
      if (at !== undefined) otherTimes.push(atMs - at)
    },
  )
  const probe = setInterval(() => sentAt.set(others.send().id, performance.now()), PROBE_MS)
  try {
    const startedAt = performance.now()
    const ids = Array.from({ length: count }, () => producer.send(asked++).actor)
    const eventsOf = (id: string): readonly Told[] => told.get(id) ?? []
    const open = (test: (id: string) => boolean) => ids.filter((id) => !test(id)).length
    const isAccepted = (id: string): boolean => eventsOf(id).length > 0
    const isOver = (id: string): boolean => eventsOf(id).some(({ type }) => type !== 'question.accepted')
    await waitUntil(
      () => open(isAccepted) === 0,
      LOAD_MS_MAX,
      () => `${open(isAccepted)} questions were neither accepted nor refused`,
    )
    clearInterval(probe)
    await waitUntil(
      () => open(isOver) === 0,
      LOAD_MS_MAX,
      () => `${open(isOver)} questions have no answer`,
    )
    await waitUntil(
      () => otherTimes.length >= sentAt.size,
      LOAD_MS_MAX,
      () => `${sentAt.size - otherTimes.length} other inputs have no reply`,
    )
    return { events: ids.map(eventsOf), startedAt, others: otherTimes }
  } finally {
    clearInterval(probe)
    stopOthers()
  }
}

function figuresOf(count: number, { events, startedAt, others }: Load): Figures {
  const name = `questions${count}`
  const answered = events.flatMap((one) => one.find(({ type }) => type === 'question.answered') ?? [])
  const refused = events.filter((one) => one.some(({ data }) => data.reason === 'queue_full')).length
  const errors = answered.flatMap(({ data: { expectedMs, waitedMs } }) =>
    typeof expectedMs === 'number' && waitedMs !== undefined ? [Math.abs(expectedMs - waitedMs) / Math.max(1, waitedMs)] : [],
  )
  const accepted = events.flatMap(([first]) => (first === undefined ? [] : [first.atMs - startedAt]))
  return {
    [`${name}ErrorP50`]: rounded(quantile(errors, 0.5)),
    [`${name}ErrorP90`]: rounded(quantile(errors, 0.9)),
    [`${name}Answered`]: answered.length,
    [`${name}ByModel`]: answered.filter(({ data }) => data.tier !== undefined).length,
    [`${name}WithoutExpectation`]: answered.length - errors.length,
    [`${name}Refused`]: refused,
    [`${name}FailedOtherwise`]: events.length - answered.length - refused,
    [`${name}AcceptedP50Ms`]: rounded(quantile(accepted, 0.5)),
    [`${name}AcceptedMaxMs`]: rounded(Math.max(...accepted)),
    [`${name}OthersP50Ms`]: rounded(quantile(others, 0.5)),
    [`${name}OthersMaxMs`]: rounded(Math.max(...others)),
  }
}
