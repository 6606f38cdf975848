import { setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../schemas/errors.ts'
import { lowerThreadPriority } from '../runtime/thread-priority.ts'
import { createBatcher, type Tokens } from './token-batches.ts'
import { chunksOf } from './text-chunks.ts'
import { loadEncoder, type Encoder } from './encoder.ts'
import type { EmbedAs } from './embedding-model.ts'
import { addScaled, normalise } from './pooling.ts'
import type { FromWorker, TextJob, ToWorker, WorkerData } from './embed-protocol.ts'

/** A text under way: one part, or one for each chunk of a text that is longer than the model. */
interface Text {
  readonly key: number
  /** Parts without a vector yet. */
  left: number
  /** The sum of the vectors of the parts that are done; of one part, its vector. */
  sum: Float32Array | undefined
  failure: string | undefined
}
interface Part extends Tokens {
  readonly text: Text
}

/** Of a chunk, what the next one begins with again. */
const OVERLAP_SHARE = 1 / 8
/** Tokens that may come in addition where a prefix and a text meet. */
const JOINT_TOKENS = 2
/** Longer texts are cut before they are read: some tokenizers need memory by the square of the length. */
const CHARACTERS_WHOLE_MAX = 8_192

/** The embedding thread: one run of the model after another, questions before passages. */
async function work({ model, threads }: WorkerData, say: (message: FromWorker, transfer?: ArrayBuffer[]) => void): Promise<void> {
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
  say({ type: 'ready' })

  const tokensOf = (text: string, as: EmbedAs): number[] => encoder.tokenise(model.prefixes[as] + text)
  const chunks = ({ text }: TextJob, as: EmbedAs): string[] => {
    const count = (piece: string): number => encoder.tokenise(piece).length - encoder.marks
    const tokensMax = model.tokensMax - tokensOf('', as).length - JOINT_TOKENS
    return chunksOf(text, { count, tokensMax, overlapTokens: Math.floor(tokensMax * OVERLAP_SHARE) })
  }
  const partsOf = (job: TextJob, as: EmbedAs): Part[] => {
    const text = (parts: number): Text => ({ key: job.key, left: parts, sum: undefined, failure: undefined })
    if (job.text.length <= CHARACTERS_WHOLE_MAX) {
      const tokens = tokensOf(job.text, as)
      if (tokens.length <= model.tokensMax) return [{ text: text(1), tokens }]
    }
    const pieces = chunks(job, as)
    const whole = text(pieces.length)
    return pieces.map((piece) => ({ text: whole, tokens: tokensOf(piece, as) }))
  }
  const sortIn = (message: ToWorker): void => {
    if (message.type === 'chunk') {
      attempt(message.job.key, () => say({ type: 'chunked', key: message.job.key, chunks: chunks(message.job, 'passage') }))
    } else if (message.type === 'embed') {
      const parts: Part[] = []
      for (const job of message.jobs) attempt(job.key, () => parts.push(...partsOf(job, message.as)))
      batchers[message.as].add(parts)
    }
  }
  /** All that has come, questions first: where there is one, the rest, which may take long to read, is left for after its run. */
  const sortAll = (): void => {
    while (arrived.length > 0 && batchers.query.isEmpty) {
      const question = arrived.findIndex((message) => message.type === 'embed' && message.as === 'query')
      for (const message of arrived.splice(Math.max(0, question), 1)) sortIn(message)
    }
  }
  const attempt = (key: number, todo: () => void): void => {
    try {
      todo()
    } catch (error) {
      say({ type: 'failed', key, message: messageOf(error) })
    }
  }

  while (!isStopping) {
    sortAll()
    const batch = batchers.query.next() ?? batchers.passage.next()
    if (batch !== undefined) {
      answer(await embed(encoder, batch), say)
      // Lets messages in that came during the run: a question does not wait for the next one too.
      await turn()
    } else if (arrived.length === 0 && !isStopping) {
      await new Promise<void>((resolve) => { wake = resolve })
    }
  }
  await encoder.dispose()
}

/** Embeds the parts of a batch; one that fails is halved until the text is found that is to blame. @returns texts that are done */
async function embed(encoder: Encoder, batch: readonly Part[]): Promise<Text[]> {
  try {
    const vectors = await encoder.run(batch.map(({ tokens }) => tokens))
    return batch.flatMap((part, index) => finished(part, vectors[index] ?? 'the model gave it no direction, or numbers that are not finite'))
  } catch (error) {
    const [only] = batch
    if (only !== undefined && batch.length === 1) return finished(only, messageOf(error))
    const middle = Math.ceil(batch.length / 2)
    return [...await embed(encoder, batch.slice(0, middle)), ...await embed(encoder, batch.slice(middle))]
  }
}

/** Adds the outcome of a part to its text. @returns the text, if that was its last part */
function finished({ text, tokens }: Part, outcome: Float32Array | string): Text[] {
  text.left -= 1
  if (typeof outcome === 'string') text.failure ??= outcome
  else if (text.sum === undefined && text.left === 0) text.sum = outcome
  else {
    text.sum ??= new Float32Array(outcome.length)
    addScaled(text.sum, outcome, tokens.length)
    if (text.left === 0 && !normalise(text.sum)) text.failure ??= 'its chunks cancel each other out'
  }
  return text.left === 0 ? [text] : []
}

function answer(texts: readonly Text[], say: (message: FromWorker, transfer?: ArrayBuffer[]) => void): void {
  const done = texts.flatMap(({ key, sum, failure }) => (failure === undefined && sum !== undefined ? [{ key, sum }] : []))
  for (const { key, failure } of texts) if (failure !== undefined) say({ type: 'failed', key, message: failure })
  const [first] = done
  if (first === undefined) return
  const vectors = new Float32Array(done.length * first.sum.length)
  for (const [index, { sum }] of done.entries()) vectors.set(sum, index * sum.length)
  say({ type: 'embedded', keys: done.map(({ key }) => key), vectors }, [vectors.buffer])
}

if (parentPort !== null) {
  const port = parentPort
  lowerThreadPriority()
  await work(workerData as WorkerData, (message, transfer) => port.postMessage(message, transfer))
    .catch((error: unknown) => port.postMessage({ type: 'unusable', message: messageOf(error) } satisfies FromWorker))
  port.close()
}
