import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { obtainModel } from '../../infra/servers/models/obtain-model.ts'
import { createBatcher } from '../../pipeline/embedding/token-batches.ts'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { loadEncoder, type Encoder } from '../../pipeline/embedding/encoder.ts'
import type { EmbedModel } from '../../pipeline/embedding/embedding-model.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { startBareSession, type Batch } from './embed/bare-session.ts'
import { MINILM, writeRandomBert } from './embed/random-bert.ts'
import { createTexts } from '../embed/random-texts.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { quantile, rounded, spreadOf } from '../harness/statistics.ts'

/** Texts that are brought at one time, as a reader of the log brings them; a run of a second or two brings fewer. */
const GROUP_MAX = 256
const GROUP_PER_SECOND = 32
/** The first of them does not count. */
const ROUNDS_MIN = 3
const QUESTION_EVERY_MS = 50
const CACHE_BYTES = 64 * 1024 * 1024

/** The embedder against its own ONNX session, and what it costs who shares the process with it. */
export const embed: Scenario = {
  name: 'embed',
  about: 'texts embedded in process, against the bare ONNX session; --actors texts for memory',
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
    createEmbedder({ model, threads, cacheBytesMax: CACHE_BYTES, textsMax: GROUP_MAX * 4, log: pino({ level: 'silent' }), metrics: createMetrics() })
  const texts = createTexts(options.seed)

  const minilm = await writeRandomBert(folder, MINILM)
  const embedder = await open(minilm)
  used.defer(() => embedder.close())
  const bare = await startBareSession({ model: minilm, threads })
  used.defer(() => bare.stop())
  const encoder = await loadEncoder(minilm, 1)
  const ms = options.seconds * 1_000
  const rounds: { readonly ours: number; readonly bare: number }[] = []
  // Turn by turn over the same texts: what else the machine does falls on both. The first turn warms them up.
  for (const begun = performance.now(); rounds.length < ROUNDS_MIN || performance.now() - begun < ms;) {
    const group = texts(groupSize)
    const bareMs = await bare.run(batchesOf(encoder, group, minilm.batchTokensMax))
    const ourBegin = performance.now()
    await embedder.embed(group, 'passage')
    rounds.push({ ours: groupSize / (performance.now() - ourBegin) * 1_000, bare: groupSize / bareMs * 1_000 })
  }
  await encoder.dispose()
  const spread = {
    textsPerSecond: spreadOf(rounds.slice(1).map(({ ours }) => ours)), bareTextsPerSecond: spreadOf(rounds.slice(1).map((round) => round.bare)),
    ratio: spreadOf(rounds.slice(1).map((round) => round.ours / round.bare)),
  }

  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  const steady = await pour(embedder, () => texts(groupSize), ms)
  lag.disable()
  const questionMs: number[] = []
  const asking = new AbortController()
  const asked = ask(embedder, texts, asking.signal, questionMs)
  await pour(embedder, () => texts(groupSize), ms)
  asking.abort()
  await asked

  const lexical = await open(await obtainModel({ ...system.settings, EMBED_MODEL: undefined }, pino({ level: 'silent' })))
  used.defer(() => lexical.close())
  await lexical.embed(texts(GROUP_MAX), 'passage')
  const rssBefore = process.memoryUsage().rss
  const begun = performance.now()
  for (let done = 0; done < options.actors; done += GROUP_MAX) await lexical.embed(texts(Math.min(GROUP_MAX, options.actors - done)), 'passage')
  const lexicalMs = performance.now() - begun
  const rssAfter = process.memoryUsage().rss

  return {
    figures: {
      textsPerSecond: spread.textsPerSecond.p50, bareTextsPerSecond: spread.bareTextsPerSecond.p50, ratio: spread.ratio.p50,
      steadyTextsPerSecond: rounded(steady.texts / steady.ms * 1_000),
      eventLoopP50Ms: rounded(lag.percentile(50) / 1e6), eventLoopP99Ms: rounded(lag.percentile(99) / 1e6), eventLoopMaxMs: rounded(lag.max / 1e6),
      questionP50Ms: rounded(quantile(questionMs, 0.5)), questionP99Ms: rounded(quantile(questionMs, 0.99)),
      lexicalTextsPerSecond: rounded(options.actors / lexicalMs * 1_000),
      rssMiBBefore: rounded(rssBefore / 1024 ** 2), rssMiBAfter: rounded(rssAfter / 1024 ** 2),
    },
    spread,
    notes: [
      `A model of MiniLM-L6's shape with random weights in 8 bits, ${threads} thread(s), texts of 4 to 48 words; groups of ${groupSize}, the two arms in turn over the same ones: medians of ${rounds.length - 1} turns.`,
      'The bare arm runs its session over inputs that are made beforehand, in the same batches; ours reads, batches, pools and hands over.',
      'The event loop is that of the process that embeds, while it always has enough to do; questions are asked one at a time while passages wait.',
      `Memory is that of this process around ${options.actors} texts through the built-in lexical model, both models loaded.`,
    ],
  }
}

/** The runs that the embedder makes of the same texts. */
function batchesOf(encoder: Encoder, texts: readonly string[], tokensMax: number): Batch[] {
  const batcher = createBatcher<{ readonly tokens: readonly number[] }>(tokensMax)
  batcher.add(texts.map((text) => ({ tokens: encoder.tokenise(text) })))
  const batches: Batch[] = []
  for (let batch = batcher.next(); batch !== undefined; batch = batcher.next()) batches.push(batch.map(({ tokens }) => tokens))
  return batches
}

/** Brings texts for so long, always a group more than the embedder works at. */
async function pour(embedder: LocalEmbedder, group: () => string[], ms: number): Promise<{ texts: number; ms: number }> {
  const begun = performance.now()
  let done = 0
  const bring = async (): Promise<void> => {
    while (performance.now() - begun < ms) {
      const { length } = await embedder.embed(group(), 'passage')
      done += length
    }
  }
  await Promise.all([bring(), bring()])
  return { texts: done, ms: performance.now() - begun }
}

/** Asks one question after another, until it is told to stop. */
async function ask(embedder: LocalEmbedder, texts: (count: number) => string[], signal: AbortSignal, tookMs: number[]): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now()
    await embedder.embed(texts(1), 'query')
    tookMs.push(performance.now() - begun)
    await delay(QUESTION_EVERY_MS)
  }
}
