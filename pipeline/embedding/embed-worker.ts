import { setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { messageOf } from '../../schemas/errors.ts'
import { lowerThreadPriority } from '../runtime/thread-priority.ts'
import type { FromWorker, TextJob, ToWorker, WorkerData } from './embed-protocol.ts'
import type { EmbedAs } from './embedding-model.ts'
import { type Encoder, loadEncoder } from './encoder.ts'
import { addScaled, normalise } from './pooling.ts'
import { chunksOf } from './text-chunks.ts'
import { createBatcher, type Tokens } from './token-batches.ts'

/** A text in flight: one part, or one part per chunk if it is longer than the model allows. */
interface Text {
  readonly key: number
  /** Parts without a vector yet. */
  remaining: number
  /** Weighted sum of the vectors of the finished parts; the plain vector of a text with one part. */
  sum: Float32Array | undefined
  failure: string | undefined
}
interface Part extends Tokens {
  readonly text: Text
}

/** Share of a chunk that the next one repeats. */
const OVERLAP_SHARE = 1 / 8
/** Tokens that may be added where a prefix and a text are joined. */
const JOINT_TOKENS = 2
/** Longer texts are split before tokenising: the memory of some tokenizers grows with the square of the length. */
const CHARACTERS_WHOLE_MAX = 8_192
/** Short pieces whose numbers of tokens are remembered, about 2 MB. */
const COUNTS_MAX = 20_000
const COUNTED_CHARACTERS_MAX = 24

/** The loop of the embedding thread: one model run after another, queries before passages. */
async function work({ model, threads }: WorkerData, post: (message: FromWorker, transfer?: ArrayBuffer[]) => void): Promise<void> {
  const batchers = { query: createBatcher<Part>(model.batchTokensMax), passage: createBatcher<Part>(model.batchTokensMax) }
  const arrived: ToWorker[] = []
  let wake = (): void => undefined
  let isStopping = false
  parentPort?.on('message', (message: ToWorker) => {
    if (message.type === 'stop') isStopping = true
    else arrived.push(message)
    wake()
  })
  const encoder = await loadEncoder(model, threads)
  post({ type: 'ready' })

  const tokensOf = (text: string, as: EmbedAs): number[] => encoder.tokenise(model.prefixes[as] + text)
  // A text without punctuation is cut into words, and tokenising a word costs as much as a sentence. Most words come again.
  const counts = new LRUCache<string, number>({ max: COUNTS_MAX })
  const count = (piece: string): number => {
    if (piece.length > COUNTED_CHARACTERS_MAX) return encoder.tokenise(piece).length - encoder.specialTokens
    const known = counts.get(piece)
    if (known !== undefined) return known
    const tokens = encoder.tokenise(piece).length - encoder.specialTokens
    counts.set(piece, tokens)
    return tokens
  }
  const chunks = ({ text }: TextJob, as: EmbedAs): string[] => {
    const tokensMax = model.tokensMax - tokensOf('', as).length - JOINT_TOKENS
    return chunksOf(text, { count, tokensMax, overlapTokens: Math.floor(tokensMax * OVERLAP_SHARE) })
  }
  const partsOf = (job: TextJob, as: EmbedAs): Part[] => {
    const text = (parts: number): Text => ({ key: job.key, remaining: parts, sum: undefined, failure: undefined })
    if (job.text.length <= CHARACTERS_WHOLE_MAX) {
      const tokens = tokensOf(job.text, as)
      if (tokens.length <= model.tokensMax) return [{ text: text(1), tokens }]
    }
    const pieces = chunks(job, as)
    const whole = text(pieces.length)
    return pieces.map((piece) => ({ text: whole, tokens: tokensOf(piece, as) }))
  }
  const enqueue = (message: ToWorker): void => {
    if (message.type === 'chunk') {
      reportingFailure(message.job.key, () => post({ type: 'chunked', key: message.job.key, chunks: chunks(message.job, 'passage') }))
    } else if (message.type === 'embed') {
      const parts: Part[] = []
      for (const job of message.jobs) reportingFailure(job.key, () => parts.push(...partsOf(job, message.as)))
      batchers[message.as].add(parts)
    }
  }
  /** Enqueues arrived messages, queries first. Stops after a query: tokenising the remaining messages would delay the run of the query. */
  const enqueueArrived = (): void => {
    while (arrived.length > 0 && batchers.query.isEmpty) {
      const query = arrived.findIndex((message) => message.type === 'embed' && message.as === 'query')
      for (const message of arrived.splice(Math.max(0, query), 1)) enqueue(message)
    }
  }
  const reportingFailure = (key: number, action: () => void): void => {
    try {
      action()
    } catch (error) {
      post({ type: 'failed', key, message: messageOf(error) })
    }
  }

  while (!isStopping) {
    enqueueArrived()
    const batch = batchers.query.next() ?? batchers.passage.next()
    if (batch !== undefined) {
      answer(await embed(encoder, batch), post)
      // Receives the messages that came during the run, so that a query does not wait for another one.
      await turn()
    } else if (arrived.length === 0 && !isStopping) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  await encoder.dispose()
}

/** Embeds the parts of a batch. A failing batch is halved until the failing part is alone. @returns the texts that are complete. */
async function embed(encoder: Encoder, batch: readonly Part[]): Promise<Text[]> {
  try {
    const vectors = await encoder.run(batch.map(({ tokens }) => tokens))
    return batch.flatMap((part, index) =>
      completePart(part, vectors[index] ?? 'the model returned a zero vector or numbers that are not finite'),
    )
  } catch (error) {
    const [only] = batch
    if (only !== undefined && batch.length === 1) return completePart(only, messageOf(error))
    const middle = Math.ceil(batch.length / 2)
    return [...(await embed(encoder, batch.slice(0, middle))), ...(await embed(encoder, batch.slice(middle)))]
  }
}

/** Adds the outcome of a part to its text. @returns the text if this was its last part, else nothing. */
function completePart({ text, tokens }: Part, outcome: Float32Array | string): Text[] {
  text.remaining -= 1
  if (typeof outcome === 'string') text.failure ??= outcome
  else if (text.sum === undefined && text.remaining === 0) text.sum = outcome
  else {
    text.sum ??= new Float32Array(outcome.length)
    addScaled(text.sum, outcome, tokens.length)
    if (text.remaining === 0 && !normalise(text.sum)) text.failure ??= 'the vectors of its chunks cancel each other out'
  }
  return text.remaining === 0 ? [text] : []
}

function answer(texts: readonly Text[], post: (message: FromWorker, transfer?: ArrayBuffer[]) => void): void {
  const done = texts.flatMap(({ key, sum, failure }) => (failure === undefined && sum !== undefined ? [{ key, sum }] : []))
  for (const { key, failure } of texts) if (failure !== undefined) post({ type: 'failed', key, message: failure })
  const [first] = done
  if (first === undefined) return
  const vectors = new Float32Array(done.length * first.sum.length)
  for (const [index, { sum }] of done.entries()) vectors.set(sum, index * sum.length)
  post({ type: 'embedded', keys: done.map(({ key }) => key), vectors }, [vectors.buffer])
}

if (parentPort !== null) {
  const port = parentPort
  lowerThreadPriority()
  await work(workerData as WorkerData, (message, transfer) => port.postMessage(message, transfer)).catch((error: unknown) =>
    port.postMessage({ type: 'unusable', message: messageOf(error) } satisfies FromWorker),
  )
  port.close()
}
