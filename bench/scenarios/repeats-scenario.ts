import { rmSync } from 'node:fs'
import { askModelsStatus } from '../../pipeline/models/models-status.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import type { InputKind } from '../harness/inputs.ts'
import { medians, quantile } from '../harness/statistics.ts'
import { startModelStub } from './answers/model-stub.ts'
import {
  askAll,
  MODEL_MS,
  MODELS_FILE,
  QUESTIONS_AT_A_TIME,
  type Round,
  ROUNDS_MIN,
  useModels,
  watchReplies,
  writeNoModels,
} from './answers-scenario.ts'

/** Measures questions of which half are asked twice at one time, with the cache of answers or without it. */
const repeatsWith = (cache: 'on' | 'off'): Scenario => ({
  name: cache === 'on' ? 'repeats' : 'repeats-uncached',
  about:
    `Replies of support to ${QUESTIONS_AT_A_TIME} questions at a time of which half repeat the others, by a stub model of ${MODEL_MS} ms `
    + `with 20 places, ${cache === 'on' ? 'with the cache of answers' : 'with COLLOQUY_CACHE=off'}.`,
  actorsDefault: 1,
  secondsDefault: 20,
  inputs: REPEATING,
  settings() {
    writeNoModels()
    // The role judge would add records for replies that are quoted at the end of the reply budget.
    return { MODELS: MODELS_FILE, LOG_LEVEL: 'error', CACHE: cache, QUALITY_SAMPLE: '0' }
  },
  run: measureRepeats,
})

const PLACES = 20
const DIFFERENT = QUESTIONS_AT_A_TIME / 2

/** Rounds so far, so that no round finds the answers of another one, and questions of the present one. */
let [round, place] = [0, 0]

const REPEATING: InputKind = {
  kind: 'support',
  make: (id) => {
    const which = `${round}-${place++ % DIFFERENT}`
    const text = `How much is standard delivery to Germany for order ${which}?`
    return JSON.stringify({ type: 'message.received', id, source: 'bench', data: { role: 'user', text } })
  },
}

export const repeats: Scenario = repeatsWith('on')
export const repeatsUncached: Scenario = repeatsWith('off')

interface RepeatsRound extends Round {
  readonly calls: number
}

async function measureRepeats(bench: Bench): Promise<Measured> {
  if (bench.system.settings.MODELS !== MODELS_FILE)
    throw new ColloquyError('bad_option', 'the scenarios repeats and repeats-uncached need a model of their own; run them without --attach')
  await using started = new AsyncDisposableStack()
  started.defer(() => rmSync(MODELS_FILE, { force: true }))
  const replies = await watchReplies(bench)
  started.defer(replies.stop)
  const stub = started.adopt(await startModelStub({ ms: MODEL_MS, failsEvery: 0 }), (own) => own.stop())
  await useModels(bench, [{ name: 'stub', tier: 'small', baseUrl: stub.url, model: 'stub', requestsMax: PLACES }])
  const callsSoFar = async (): Promise<number> =>
    (await askModelsStatus(bench.system.nc)).flatMap(({ models }) => models).reduce((sum, { requests }) => sum + requests, 0)
  const askRound = async (): Promise<RepeatsRound> => {
    ;[round, place] = [round + 1, 0]
    const before = await callsSoFar()
    const asked = await askAll(bench, replies)
    return { ...asked, calls: (await callsSoFar()) - before }
  }
  // The first round loads modules and opens connections.
  await askRound()
  const rounds: RepeatsRound[] = []
  const until = performance.now() + bench.options.seconds * 1_000
  while (rounds.length < ROUNDS_MIN || performance.now() < until) rounds.push(await askRound())
  const { figures, spread } = medians({
    modelCalls: rounds.map(({ calls }) => calls),
    meanMs: rounds.map(({ times }) => times.reduce((sum, ms) => sum + ms, 0) / times.length),
    p95Ms: rounds.map(({ times }) => quantile(times, 0.95)),
    lastMs: rounds.map(({ times }) => Math.max(...times)),
  })
  return {
    figures: { ...figures, quoted: rounds.reduce((sum, { quoted }) => sum + quoted, 0), questions: rounds.length * QUESTIONS_AT_A_TIME },
    spread,
    notes: [
      `${QUESTIONS_AT_A_TIME} questions at once, each of a new conversation: ${DIFFERENT} different ones, each asked twice, and none of an `
        + `earlier round. The model is a stub that answers each request after ${MODEL_MS} ms over HTTP, with ${PLACES} places. Medians `
        + 'over the rounds.',
      'modelCalls: requests to the stub in a round. quoted counts replies that no model wrote.',
    ],
  }
}
