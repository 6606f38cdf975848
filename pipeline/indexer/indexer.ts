import type { JsMsg } from '@nats-io/jetstream'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { nextRecord, recordsOfKind } from '../jetstream/last-record.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { IndexPoint, IndexWriter } from '../search/vector-store.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import type { StageRun } from '../runtime/stage.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import { withPosition, type StreamPosition } from '../jetstream/position-history.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { reportUnembeddable } from './unembeddable.ts'
import type { LocalEmbedder } from '../embedding/embedder.ts'
import type { Canaries } from './canaries.ts'
import { pointId, type IndexChange, type IndexText } from './index-changes.ts'
import { changeOf } from './record-changes.ts'

export interface IndexerOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  /** Of this reader of LOG and this collection. */
  readonly checkpoints: Checkpoints
  readonly proofs: Canaries
  readonly embedder: LocalEmbedder
  readonly store: IndexWriter
  /** Aborted once another collection has taken the place of this one: the run ends, and the next one fills the other. */
  readonly replaced?: AbortSignal
  /** Records read and not yet stored, and their bytes. */
  readonly recordsMax: number
  readonly bytesMax: number
  /** Records in one batch, and how long one waits for others. */
  readonly batchRecordsMax: number
  readonly batchMs: number
}

/** Records that are stored together. */
interface Batch {
  /** By key: what a later record lets go is not stored first. */
  readonly texts: Map<string, IndexText>
  readonly forgotten: Set<string>
  records: number
  last: StreamPosition
}
interface Piece {
  readonly of: IndexText
  readonly chunk: number
  readonly text: string
}

/** Texts that are cut, embedded and stored at one time; a record of knowledge may bring hundreds. */
const TEXTS_MAX = 256

/** The one reader that this stage is. */
const WHOLE_LOG = 0

/**
 * The embedder's stage: reads LOG and stores what was said, embedded, in one collection. Its checkpoint is written after all points of
 * a batch; a crash repeats points, whose ids make that harmless. A store that does not answer ends the run, which is begun anew: LOG keeps what waits.
 */
export async function startIndexer(options: IndexerOptions): Promise<StageRun> {
  const { jetstream, checkpoints, proofs, embedder, store, log, metrics } = options
  const resumed = await resumeReading({
    jetstream, log, metrics, reader: 'indexer', remedy: 'it removes from the search index what came from lost records',
  }, await proofs.trusted(await checkpoints.find(WHOLE_LOG) ?? []))
  let { position: begunAt, history } = resumed
  if (resumed.truncated) {
    await store.removeAbove(begunAt)
    await proofs.forgetAbove(begunAt)
    const learnedFrom = await firstOfKnowledge(jetstream)
    if (learnedFrom !== undefined && learnedFrom <= begunAt) {
      // Chunks that lost records had removed are valid again: only the records that taught them have their texts.
      begunAt = learnedFrom - 1
      history = []
    }
  }
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: begunAt + 1, messagesMax: options.recordsMax })
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const deadLetters = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  /** Up to here points may be stored already: the checkpoint was lost, or is older than what was stored. */
  const mayBeKnownUpTo = begunAt + reader.pending
  let stored = begunAt

  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight, signal: loop.signal, fail: loop.fail, waitMs: options.batchMs,
    create: () => ({ texts: new Map(), forgotten: new Set(), records: 0, last: reader.position }),
    fill(batch, message) {
      batch.last = reader.position
      batch.records += 1
      change(batch, changeOf(parseLogSubject(message.subject).address, message.json<LogRecord>(), message.seq))
    },
    shouldFlush: ({ records, waits }) => waits > 0 || records >= options.batchRecordsMax,
    async write(batch) {
      const begun = performance.now()
      await writeToStore(batch)
      metrics.handlerSeconds.observe({ stage: 'embed' }, (performance.now() - begun) / 1000 / batch.records)
      history = withPosition(history, batch.last)
      await checkpoints.save(WHOLE_LOG, history)
      stored = batch.last.seq
    },
  })
  const take = (message: JsMsg): void => {
    metrics.stageIn.inc({ stage: 'embed' })
    batches.add(message, message.data.length)
  }
  const change = (batch: Batch, { texts, forgotten }: IndexChange): void => {
    for (const key of forgotten) {
      batch.texts.delete(key)
      batch.forgotten.add(key)
    }
    for (const text of texts) {
      batch.forgotten.delete(text.key)
      batch.texts.set(text.key, text)
    }
  }
  const writeToStore = async ({ texts, forgotten }: Batch): Promise<void> => {
    const all = [...texts.values()]
    for (let from = 0; from < all.length; from += TEXTS_MAX) {
      const points = await embed(all.slice(from, from + TEXTS_MAX))
      if (points.length > 0) await store.upsert(points)
      // A canary must stay in the store, and knowledge may be removed.
      await proofs.note(points.filter((point) => point.in === 'messages'))
      metrics.stageOut.inc({ stage: 'embed' }, points.length)
    }
    // After what takes its place is there: a source that changes is never gone for a moment.
    if (forgotten.size > 0) await store.remove([...forgotten].map((key) => pointId({ key }, 0)))
  }
  const embed = async (texts: readonly IndexText[]): Promise<IndexPoint[]> => {
    const pieces = await unknown((await Promise.all(texts.map(cut))).flat())
    const vectors = await embedder.embedEach(pieces.map(({ text }) => text), 'passage')
    const points: IndexPoint[] = []
    for (const [index, { of, chunk, text }] of pieces.entries()) {
      const vector = vectors[index]
      const { key: _key, ...rest } = of
      if (vector instanceof Float32Array) points.push({ ...rest, id: idOf(of, chunk), chunk, text, vector })
      else if (vector !== undefined && hasCode(vector, 'embed_failed')) await reportUnembeddable(deadLetters, of, vector)
      else if (vector !== undefined) throw vector
    }
    return points
  }
  const cut = async (text: IndexText): Promise<Piece[]> => {
    if (text.chunk !== undefined) return [{ of: text, chunk: text.chunk, text: text.text }]
    // Short ones are left uncut unseen. One that has more tokens than it looks like is embedded as the mean of its chunks.
    if (text.text.length <= embedder.model.tokensMax / 2) return [{ of: text, chunk: 0, text: text.text }]
    try {
      return (await embedder.chunk(text.text)).map((chunk, index) => ({ of: text, chunk: index, text: chunk }))
    } catch (error) {
      if (!(error instanceof ColloquyError) || !hasCode(error, 'embed_failed')) throw error
      await reportUnembeddable(deadLetters, text, error)
      return []
    }
  }
  /** Those that the store has not got. What it has need not be embedded again. */
  const unknown = async (pieces: readonly Piece[]): Promise<readonly Piece[]> => {
    const [first] = pieces
    if (first === undefined || first.of.seq > mayBeKnownUpTo) return pieces
    const known = await store.existing(pieces.map(({ of, chunk }) => idOf(of, chunk)))
    return pieces.filter(({ of, chunk }) => !known.has(idOf(of, chunk)))
  }
  options.replaced?.addEventListener('abort', () => loop.fail(new ColloquyError('memory_replaced', 'the memory is of another model from now on')), { once: true })
  loop.run(take)

  const { name, kind } = embedder.model
  return {
    detail: kind === 'lexical' ? `running, with the model ${name}: by words, not by meaning` : `running, with the model ${name}`,
    ended: loop.ended,
    progress: () => ({ position: stored, lag: Math.max(0, reader.position.seq + reader.pending - stored) }),
    async stop() {
      batches.drain()
      await loop.stop()
      // Points that are still on their way must not arrive after the next run has removed what LOG lost.
      await batches.whenWritten()
    },
  }
}

/** The first record of any source. */
const firstOfKnowledge = async (jetstream: JetStreamContext): Promise<number | undefined> =>
  (await nextRecord(jetstream, recordsOfKind(SOURCE_KIND), 1, 'anyReplica'))?.seq

/** A chunk of knowledge is named by its key, wherever it stands; of what was said the chunk is its place. */
const idOf = (text: IndexText, chunk: number): string => pointId(text, text.chunk === undefined ? chunk : 0)
