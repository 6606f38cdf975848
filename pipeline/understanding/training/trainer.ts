import type { Logger } from 'pino'
import { z } from 'zod'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { INTENTS_KIND, intentsChanged } from '../../../schemas/intent-events.ts'
import { parseJson } from '../../../schemas/json.ts'
import { TOKEN, TRAIN_SUBJECT } from '../../../schemas/subjects.ts'
import { intentSetSchema } from '../../../schemas/tenant-settings.ts'
import type { Embedder } from '../../embedding/embedder.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { watchConnection } from '../../jetstream/connection-events.ts'
import { periodicJob } from '../../runtime/periodic-job.ts'
import type { StageRun } from '../../runtime/stage.ts'
import type { IntentExample } from '../intents/bad-examples.ts'
import { readExamples, readTaughtSet, type SetName, type TaughtSet } from '../taught/taught-set.ts'
import { labelledTexts } from './labelled-texts.ts'
import { trainInThread } from './train-in-thread.ts'
import { isTrainable, trainableSets, trainedFrom, vectorsName } from './trainable-sets.ts'
import type { TrainedModels } from './trained-models.ts'

export interface TrainerOptions {
  readonly jetstream: JetStreamContext
  readonly models: TrainedModels
  /** The embedding model in use; it may change. */
  readonly embedder: () => TrainingEmbedder
  /** The model that will replace it, once that is here: the sets are trained for it, too. Default: none. */
  readonly nextEmbedder?: () => TrainingEmbedder | undefined
  readonly log: Logger
  /** Time without a change of a set after which its training starts; default 2,000. */
  readonly debounceMs?: number
}

type TrainingEmbedder = Pick<Embedder, 'kind' | 'fingerprint' | 'embed'>

const RUNNING = 'running'
const DEBOUNCE_MS = 2_000
const POLL_MS = 200
/** How often all sets are compared with what is trained, in case an event was lost. */
const SCAN_MS = 60_000
/** Pause after a training that failed for a reason that may pass. */
const RETRY_MS = 30_000
/** Trained versions of a set that are kept of each model: workers may still be loading the one before. */
const KEPT = 2
/** A set that has waited for longer is next, whatever its size. */
const WAIT_MS_MAX = 120_000

const changeSchema = z.object({ data: intentsChanged })
const setNameSchema = z.object({ tenant: z.string().regex(TOKEN), set: intentSetSchema })
/** Texts that the embedding model gets at a time. */
const TEXTS_MAX = 256

/**
 * Trains each set of intents after it has changed, one set at a time, in a thread of its own. A set that changes during its training is
 * trained again afterwards, with its newest version only. What was not trained when a trainer ended, the next one finds by comparing. While
 * another embedding model is about to replace the one in use, each set is trained for both.
 */
export async function startTrainer(options: TrainerOptions): Promise<StageRun> {
  const { jetstream, models, embedder, nextEmbedder, log, debounceMs = DEBOUNCE_MS } = options
  /** Sets to train, with the time from which they may be. */
  const waiting = new Map<string, WaitingSet>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  let position = 0
  let isTraining = false
  let health = { ok: true, detail: RUNNING }
  let scannedFor = ''
  let nextScanMs = 0
  const embedders = (): readonly TrainingEmbedder[] => [embedder(), nextEmbedder?.()].filter((one) => one !== undefined)

  const want = ({ tenant, set }: SetName, inMs: number, examples: number): void => {
    waiting.set(`${tenant}/${set}`, { tenant, set, examples, fromMs: performance.now() + inMs })
  }
  const changes = jetstream.nc.subscribe(`out.*.${INTENTS_KIND}.*.intents.changed`, {
    callback: (_, message) => {
      const [, tenant = '', , set = ''] = message.subject.split('.')
      want({ tenant, set }, debounceMs, changeSchema.safeParse(parseJson(message.string())).data?.data.examples ?? 0)
    },
  })
  const asked = jetstream.nc.subscribe(TRAIN_SUBJECT, {
    callback: (_, message) => {
      const name = setNameSchema.safeParse(parseJson(message.string()))
      if (name.success) want(name.data, 0, 0)
    },
  })
  const connection = watchConnection(jetstream.nc, 'reconnect', () => {
    nextScanMs = 0
  })

  const scan = async (): Promise<void> => {
    for await (const set of trainableSets(jetstream)) {
      const found = await Promise.all(embedders().map((model) => models.has(trainedFrom(set, model))))
      if (found.includes(false)) want(set, 0, examplesOf(set))
    }
  }
  const train = async (name: SetName, signal: AbortSignal): Promise<void> => {
    const set = await readTaughtSet(jetstream, name)
    for (const model of isTrainable(set) ? embedders() : []) await trainFor(set, model, signal)
  }
  const trainFor = async (set: TaughtSet, model: TrainingEmbedder, signal: AbortSignal): Promise<void> => {
    const from = trainedFrom(set, model)
    if (await models.has(from)) return
    const startedMs = performance.now()
    const name: SetName = { tenant: set.tenant, set: set.set }
    health = { ok: true, detail: `training version ${set.version} of the set "${set.set}" of ${set.tenant}` }
    const examples = labelledTexts(await readExamples(jetstream, set))
    const vectors = from.vectors === null ? undefined : await vectorsOf(examples, model, signal)
    const bytes = await trainInThread({ examples, vectors }, signal)
    await models.save(from, bytes)
    await models.prune(name, KEPT, embedders().map(vectorsName))
    position = Math.max(position, set.seq)
    const ms = Math.round(performance.now() - startedMs)
    log.info(
      { ...name, version: set.version, vectors: from.vectors, examples: examples.length, bytes: bytes.length, ms },
      `trained the intents of ${name.tenant}`,
    )
  }
  const job = periodicJob(0, async (signal) => {
    try {
      const fingerprints = embedders().map(({ fingerprint }) => fingerprint)
      if (fingerprints.join() !== scannedFor || performance.now() >= nextScanMs) {
        scannedFor = fingerprints.join()
        nextScanMs = performance.now() + SCAN_MS
        await scan()
      }
    } catch (err) {
      if (!signal.aborted) log.warn({ err, code: codeOf(err) }, 'could not compare the sets of intents with what is trained; retrying')
    }
    const nowMs = performance.now()
    const name = nextOf([...waiting.values()], nowMs)
    if (name === undefined) return POLL_MS
    const key = `${name.tenant}/${name.set}`
    waiting.delete(key)
    isTraining = true
    try {
      await train(name, signal)
      health = { ok: true, detail: RUNNING }
    } catch (err) {
      if (signal.aborted) return POLL_MS
      const detail = `could not train the set "${name.set}" of ${name.tenant}: ${messageOf(err)}`
      health = { ok: false, detail }
      log.warn({ err, code: codeOf(err), ...name }, `${detail}; trying again in ${RETRY_MS / 1_000} s`)
      if (!waiting.has(key)) want(name, RETRY_MS, name.examples)
    } finally {
      isTraining = false
    }
    return 0
  })
  return {
    ended,
    health: () => health,
    progress: () => ({ position, lag: waiting.size + Number(isTraining) }),
    async stop() {
      changes.unsubscribe()
      asked.unsubscribe()
      connection.stop()
      await job.stop()
      end()
    },
  }
}

/** A set that waits for its training. */
interface WaitingSet extends SetName {
  /** The time from which it may be trained. */
  readonly fromMs: number
  readonly examples: number
}

/** The next set to train: a small one need not wait for large ones, which wait for a bounded time. */
function nextOf(waiting: readonly WaitingSet[], nowMs: number): WaitingSet | undefined {
  const due = waiting.filter(({ fromMs }) => fromMs <= nowMs)
  const late = due.find(({ fromMs }) => nowMs - fromMs > WAIT_MS_MAX)
  return late ?? due.toSorted((one, other) => one.examples - other.examples)[0]
}

const examplesOf = ({ intents }: TaughtSet): number => intents.reduce((sum, { examples }) => sum + examples, 0)

async function vectorsOf(
  examples: readonly IntentExample[],
  { embed }: Pick<Embedder, 'embed'>,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let at = 0; at < examples.length; at += TEXTS_MAX) {
    signal.throwIfAborted()
    const texts = examples.slice(at, at + TEXTS_MAX).map(({ text }) => text)
    vectors.push(...(await embed(texts, 'passage')))
  }
  return vectors
}
