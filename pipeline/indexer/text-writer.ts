import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { publishDerivedLetter } from '../dispatcher/derived-letters.ts'
import type { LocalEmbedder } from '../embedding/embedder.ts'
import { UNEMBEDDABLE, unembeddableId } from '../index-check/unembeddable.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import { type BatchBounds, boundedBatches, sendInHalves } from '../runtime/bounded-batches.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { pointId } from '../search/point-id.ts'
import type { IndexPoint, VectorStore } from '../search/vector-store.ts'
import type { IndexText } from './index-changes.ts'

/** Chunks, embeds and stores texts. */
export interface TextWriter {
  /**
   * Stores the points of texts, in steps that are bounded by texts, chunks and bytes. A text that the model or the store fails on goes to
   * DEAD, and the others are stored.
   *
   * @param maybeStoredUpTo LOG sequence up to which the store may have points already; those are not embedded again.
   * @returns the stored points without their vectors, in no order.
   * @throws the errors of the store and of the embedder that are not about a text; the reason of the signal between two steps.
   */
  write(texts: readonly IndexText[], maybeStoredUpTo: number): Promise<StoredRef[]>
  /** What the present call is at; `undefined` between two calls. */
  readonly current: WriteProgress | undefined
}

/** How far a call is: texts that are split into chunks, and those of these chunks that are embedded. */
export interface WriteProgress {
  readonly startedMs: number
  readonly texts: number
  readonly textsSplit: number
  readonly chunks: number
  readonly chunksEmbedded: number
}

/** A stored point by its place. */
export type StoredRef = Pick<IndexPoint, 'seq' | 'id' | 'in'>

export interface TextWriterOptions {
  readonly embedder: LocalEmbedder
  readonly store: Pick<VectorStore, 'existing' | 'upsert'>
  readonly deadLetters: RetryDeps
  readonly metrics: Pick<Metrics, 'stageOut'>
}

/** Texts that are chunked in one step, in bytes of UTF-8. A record of a knowledge source may have hundreds; one text has up to 256 KiB. */
const TEXTS: BatchBounds = { itemsMax: 256, bytesMax: 512 * 1024 }
/** Chunks that are embedded and stored in one step. A step takes seconds with a large model; a stop waits for it. */
const PIECES: BatchBounds = { itemsMax: 512, bytesMax: 256 * 1024 }

/** A chunk of a text. */
interface Piece {
  readonly of: IndexText
  readonly chunk: number
  readonly text: string
}

export function createTextWriter({ embedder, store, deadLetters, metrics }: TextWriterOptions): TextWriter {
  const split = async (text: IndexText): Promise<Piece[]> => {
    if (text.chunk !== undefined) return [{ of: text, chunk: text.chunk, text: text.text }]
    // A short text is not tokenised to measure its length. If it still has too many tokens, the embedder averages the vectors of its parts.
    if (text.text.length <= embedder.model.tokensMax / 2) return [{ of: text, chunk: 0, text: text.text }]
    try {
      return (await embedder.chunk(text.text)).map((chunk, index) => ({ of: text, chunk: index, text: chunk }))
    } catch (error) {
      if (!(error instanceof ColloquyError) || !hasCode(error, 'embed_failed')) throw error
      await reportUnembeddable(deadLetters, text, error)
      return []
    }
  }
  const writePieces = async (pieces: readonly Piece[], maybeStoredUpTo: number): Promise<StoredRef[]> => {
    const fresh = await notStored(pieces, maybeStoredUpTo)
    const vectors = await embedder.embedEach(
      fresh.map(({ text }) => text),
      'passage',
    )
    const points = new Map<IndexPoint, IndexText>()
    for (const [index, { of, chunk, text }] of fresh.entries()) {
      const vector = vectors[index]
      const { key: _key, ...rest } = of
      if (vector instanceof Float32Array) points.set({ ...rest, id: idOf(of, chunk), chunk, text, vector }, of)
      else if (vector !== undefined && hasCode(vector, 'embed_failed')) await reportUnembeddable(deadLetters, of, vector)
      else if (vector !== undefined) throw vector
    }
    await sendInHalves([...points.keys()], {
      send: (some) => store.upsert(some),
      isRefusal: (error) => hasCode(error, 'index_refused'),
      async onRefused(point, error) {
        const text = points.get(point)
        points.delete(point)
        if (text !== undefined) await reportUnembeddable(deadLetters, text, error)
      },
    })
    metrics.stageOut.inc({ stage: 'embed' }, points.size)
    return Array.from(points.keys(), ({ seq, id, in: area }) => ({ seq, id, in: area }))
  }
  /** The pieces that the store lacks. The others need not be embedded again. */
  const notStored = async (pieces: readonly Piece[], maybeStoredUpTo: number): Promise<readonly Piece[]> => {
    const suspects = pieces.filter(({ of }) => of.seq <= maybeStoredUpTo)
    if (suspects.length === 0) return pieces
    const known = await store.existing(suspects.map(({ of, chunk }) => idOf(of, chunk)))
    return pieces.filter(({ of, chunk }) => !known.has(idOf(of, chunk)))
  }
  let current: Omit<WriteProgress, 'chunksEmbedded'> | undefined
  let embeddedBefore = 0
  const writeTexts: TextWriter['write'] = async (texts, maybeStoredUpTo) => {
    embeddedBefore = embedder.embedded
    let [textsSplit, chunks] = [0, 0]
    const startedMs = performance.now()
    const stored: StoredRef[] = []
    for (const some of boundedBatches(inTurns(texts), TEXTS, ({ text }) => Buffer.byteLength(text))) {
      current = { startedMs, texts: texts.length, textsSplit, chunks }
      const pieces = (await Promise.all(some.map(split))).flat()
      textsSplit += some.length
      chunks += pieces.length
      current = { startedMs, texts: texts.length, textsSplit, chunks }
      for (const batch of boundedBatches(pieces, PIECES, ({ text }) => Buffer.byteLength(text))) {
        deadLetters.signal.throwIfAborted()
        stored.push(...(await writePieces(batch, maybeStoredUpTo)))
      }
    }
    return stored
  }
  return {
    write: (texts, maybeStoredUpTo) =>
      writeTexts(texts, maybeStoredUpTo).finally(() => {
        current = undefined
      }),
    get current() {
      return current && { ...current, chunksEmbedded: Math.min(current.chunks, embedder.embedded - embeddedBefore) }
    },
  }
}

/** Takes a text of each tenant in turn, so that the texts of one do not wait for all those of another. */
function* inTurns(texts: readonly IndexText[]): Generator<IndexText> {
  const byTenant = Map.groupBy(texts, ({ tenant }) => tenant)
  let queues = [...byTenant.values()].map((own) => own.values())
  while (queues.length > 0) {
    const going: typeof queues = []
    for (const queue of queues) {
      const { value, done } = queue.next()
      if (done === true) continue
      yield value
      going.push(queue)
    }
    queues = going
  }
}

/** The point's id. A knowledge chunk has a key of its own, whatever its position. The chunks of a message share the message's key. */
const idOf = (text: IndexText, chunk: number): string => pointId(text, text.chunk === undefined ? chunk : 0)

/** Publishes a text that the model or the store fails on to DEAD, so that the stage can continue. */
async function reportUnembeddable(deps: RetryDeps, text: IndexText, error: unknown): Promise<void> {
  const { tenant, kind, actor, seq, source, at } = text
  deps.log.warn({ tenant, kind, actor, seq, err: error }, 'a text cannot be embedded or stored; publishing it to DEAD and skipping it')
  await publishDerivedLetter(deps, {
    reason: UNEMBEDDABLE,
    address: { tenant, kind, id: actor },
    id: unembeddableId(text.key),
    logSeq: seq,
    at,
    error,
    payload: JSON.stringify({ source, text: text.text }),
  })
}
