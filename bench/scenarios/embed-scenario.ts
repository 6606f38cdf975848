import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { obtainModel } from '../../infra/servers/models/obtain-model.ts'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { EmbedModel } from '../../pipeline/embedding/embedding-model.ts'
import { type Encoder, loadEncoder } from '../../pipeline/embedding/encoder.ts'
import { createBatcher } from '../../pipeline/embedding/token-batches.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { createRandom, pick } from '../harness/random.ts'
import { quantile, rounded, spreadOf } from '../harness/statistics.ts'
import { startBareSession } from './embed/bare-session.ts'
import type { Batch } from './embed/bare-session-worker.ts'
import { MINILM, writeRandomBert } from './embed/random-bert.ts'

/** Texts per call of the embedder: as many as the indexer passes. A run of one or two seconds passes fewer. */
const GROUP_MAX = 256
const GROUP_PER_SECOND = 32
/** The first round is warm-up. */
const ROUNDS_MIN = 3
const QUESTION_EVERY_MS = 50
const CACHE_BYTES = 64 * 1024 * 1024

/** The embedder beside its bare ONNX session, and its effect on the event loop of its process. */
export const embed: Scenario = {
  name: 'embed',
  about: 'Texts per second of the embedder, beside the bare ONNX session. The memory figure embeds --actors texts.',
  actorsDefault: 100_000,
  run: measureEmbed,
}

async function measureEmbed({ system, options }: Bench): Promise<Measured> {
  await using used = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-bench-model-'))
  used.defer(() => rm(folder, { recursive: true, force: true }))
  const threads = system.settings.EMBED_THREADS
  const groupSize = Math.min(GROUP_MAX, Math.ceil(GROUP_PER_SECOND * options.seconds))
  const open = async (model: EmbedModel): Promise<LocalEmbedder> =>
    createEmbedder({
      model,
      threads,
      cacheBytesMax: CACHE_BYTES,
      textsMax: GROUP_MAX * 4,
      log: pino({ level: 'silent' }),
      metrics: createMetrics(),
    })
  const texts = createTexts(options.seed)

  const minilm = await writeRandomBert(folder, MINILM)
  const embedder = await open(minilm)
  used.defer(() => embedder.close())
  const bare = await startBareSession({ model: minilm, threads })
  used.defer(() => bare.stop())
  const encoder = await loadEncoder(minilm, 1)
  const ms = options.seconds * 1_000
  const rounds: { readonly embedder: number; readonly bare: number }[] = []
  // Both embed the same texts alternately, so that other load on the machine affects both.
  for (const startedMs = performance.now(); rounds.length < ROUNDS_MIN || performance.now() - startedMs < ms;) {
    const group = texts(groupSize)
    const bareMs = await bare.run(batchesOf(encoder, group, minilm.batchTokensMax))
    const embedStartedMs = performance.now()
    await embedder.embed(group, 'passage')
    rounds.push({ embedder: (groupSize / (performance.now() - embedStartedMs)) * 1_000, bare: (groupSize / bareMs) * 1_000 })
  }
  await encoder.dispose()
  const counted = rounds.slice(1)
  const spread = {
    textsPerSecond: spreadOf(counted.map((round) => round.embedder)),
    bareTextsPerSecond: spreadOf(counted.map((round) => round.bare)),
    ratio: spreadOf(counted.map((round) => round.embedder / round.bare)),
  }

  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  const steady = await saturateEmbedder(embedder, () => texts(groupSize), ms)
  lag.disable()
  const questionMs: number[] = []
  const asking = new AbortController()
  const asked = ask(embedder, texts, asking.signal, questionMs)
  await saturateEmbedder(embedder, () => texts(groupSize), ms)
  asking.abort()
  await asked

  const lexical = await open(await obtainModel({ ...system.settings, EMBED_MODEL: undefined }, pino({ level: 'silent' })))
  used.defer(() => lexical.close())
  await lexical.embed(texts(GROUP_MAX), 'passage')
  const rssBefore = process.memoryUsage().rss
  const startedMs = performance.now()
  for (let done = 0; done < options.actors; done += GROUP_MAX) {
    await lexical.embed(texts(Math.min(GROUP_MAX, options.actors - done)), 'passage')
  }
  const lexicalMs = performance.now() - startedMs
  const rssAfter = process.memoryUsage().rss

  return {
    figures: {
      textsPerSecond: spread.textsPerSecond.p50,
      bareTextsPerSecond: spread.bareTextsPerSecond.p50,
      ratio: spread.ratio.p50,
      steadyTextsPerSecond: rounded((steady.texts / steady.ms) * 1_000),
      eventLoopP50Ms: rounded(lag.percentile(50) / 1e6),
      eventLoopP99Ms: rounded(lag.percentile(99) / 1e6),
      eventLoopMaxMs: rounded(lag.max / 1e6),
      questionP50Ms: rounded(quantile(questionMs, 0.5)),
      questionP99Ms: rounded(quantile(questionMs, 0.99)),
      lexicalTextsPerSecond: rounded((options.actors / lexicalMs) * 1_000),
      rssMiBBefore: rounded(rssBefore / 1024 ** 2),
      rssMiBAfter: rounded(rssAfter / 1024 ** 2),
    },
    spread,
    notes: [
      `The model has the shape of MiniLM-L6 with random 8-bit weights, ${threads} thread(s). Texts have ${WORDS_MIN} to ${WORDS_MAX} `
        + `words. The embedder and the bare session embed the same groups of ${groupSize} texts alternately; figures are medians of `
        + `${counted.length} rounds.`,
      'The bare session runs prepared inputs in the same batches. The embedder also tokenises, batches, pools and passes the vectors '
        + 'between threads.',
      'eventLoop figures are the delay of the event loop in the embedding process at full load. question figures are single questions '
        + 'while passages are queued.',
      `rssMiBBefore and rssMiBAfter are the memory of this process before and after ${options.actors} texts through the built-in lexical `
        + 'model, with both models loaded.',
    ],
  }
}

/** The batches that the embedder makes of these texts. */
function batchesOf(encoder: Encoder, texts: readonly string[], tokensMax: number): Batch[] {
  const batcher = createBatcher<{ readonly tokens: readonly number[] }>(tokensMax)
  batcher.add(texts.map((text) => ({ tokens: encoder.tokenise(text) })))
  const batches: Batch[] = []
  for (let batch = batcher.next(); batch !== undefined; batch = batcher.next()) batches.push(batch.map(({ tokens }) => tokens))
  return batches
}

/** Embeds groups of texts for `ms` milliseconds. Keeps one group queued, so that the embedder is never idle. */
async function saturateEmbedder(embedder: LocalEmbedder, group: () => string[], ms: number): Promise<{ texts: number; ms: number }> {
  const startedMs = performance.now()
  let done = 0
  const embedGroups = async (): Promise<void> => {
    while (performance.now() - startedMs < ms) {
      const { length } = await embedder.embed(group(), 'passage')
      done += length
    }
  }
  await Promise.all([embedGroups(), embedGroups()])
  return { texts: done, ms: performance.now() - startedMs }
}

/** Embeds one question after another until the signal aborts. */
async function ask(embedder: LocalEmbedder, texts: (count: number) => string[], signal: AbortSignal, tookMs: number[]): Promise<void> {
  while (!signal.aborted) {
    const startedMs = performance.now()
    await embedder.embed(texts(1), 'query')
    tookMs.push(performance.now() - startedMs)
    await delay(QUESTION_EVERY_MS)
  }
}

const WORDS = `order refund shipping delivery address card account password invoice parcel return exchange warranty discount subscription
  payment customer number please cannot find where when broken missing arrived yesterday tomorrow changed cancelled twice support answer
  email phone store colour size receipt charge balance transfer limit login update problem reason again still waiting three weeks ago
`
  .trim()
  .split(/\s+/)
const WORDS_MIN = 4
const WORDS_MAX = 48

/** Different texts with the length distribution of customer messages; the same seed gives the same texts. */
function createTexts(seed: number): (count: number) => string[] {
  const random = createRandom(seed)
  let created = 0
  const one = (): string => {
    // Squared, so that short texts are more frequent than long ones.
    const words = WORDS_MIN + Math.floor(random() ** 2 * (WORDS_MAX - WORDS_MIN))
    return `${created++} ${Array.from({ length: words }, () => WORDS[pick(random, WORDS.length)]).join(' ')}`
  }
  return (count) => Array.from({ length: count }, one)
}
