import type { JsMsg } from '@nats-io/jetstream'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import { deadSubject } from '../../schemas/subjects.ts'
import { headerText } from '../dispatcher/dead-letter-messages.ts'
import type { LocalEmbedder } from '../embedding/embedder.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { nextRecord, recordsOfKind } from '../jetstream/last-record.ts'
import { logParser, reportBadRecord } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { type StreamPosition, withPosition } from '../jetstream/position-history.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { StageRun } from '../runtime/stage.ts'
import type { IndexPoint, IndexWriter } from '../search/vector-store.ts'
import type { Canaries } from './canaries.ts'
import { type IndexChange, type IndexText, pointId } from './index-changes.ts'
import { changeOf } from './record-changes.ts'

export interface IndexerOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  /** Checkpoints of this reader of LOG, and canaries of its collection. */
  readonly checkpoints: Checkpoints
  readonly canaries: Canaries
  readonly embedder: LocalEmbedder
  readonly store: IndexWriter
  /** Aborts when another collection replaces this one. The run ends then, and the next run fills the other collection. */
  readonly replaced?: AbortSignal
  /** Max records, and their bytes, that are read and not yet stored. */
  readonly recordsMax: number
  readonly bytesMax: number
  /** Max records in one batch. */
  readonly batchRecordsMax: number
  /** Milliseconds that a record waits for its batch to fill. */
  readonly batchMs: number
}

/** The changes of records that are stored together. */
interface Batch {
  /** By key. A text that a later record of the batch removes is not stored at all. */
  readonly texts: Map<string, IndexText>
  readonly forgotten: Set<string>
  records: number
  last: StreamPosition
}

/** A chunk of a text. */
interface Piece {
  readonly of: IndexText
  readonly chunk: number
  readonly text: string
}

/** Texts that are chunked, embedded and stored in one step. A record of a knowledge source may have hundreds. */
const TEXTS_MAX = 256

/** Key of the checkpoint: the indexer reads all partitions as one. */
const WHOLE_LOG = 0

/**
 * Starts the indexer: it reads LOG, embeds the messages and knowledge of its records, and stores them in one collection. The checkpoint is
 * written after all points of a batch. A crash therefore repeats points, which replace equal ones. A store that does not answer ends the
 * run; the stage restarts it from the checkpoint.
 */
export async function startIndexer(options: IndexerOptions): Promise<StageRun> {
  const { jetstream, checkpoints, canaries, embedder, store, log, metrics } = options
  const resumed = await resumeReading(
    { jetstream, log, metrics, reader: 'indexer', remedy: 'it removes from the search index what came from lost records' },
    await canaries.verifiedHistory((await checkpoints.find(WHOLE_LOG)) ?? []),
  )
  let { position: startSeq, history } = resumed
  if (resumed.truncated) {
    await store.rollbackTo(startSeq)
    await canaries.rollbackTo(startSeq)
    const firstKnowledgeSeq = await firstOfKnowledge(jetstream)
    if (firstKnowledgeSeq !== undefined && firstKnowledgeSeq <= startSeq) {
      // Chunks that the lost records had removed are valid again. Only the records that added these chunks have their texts.
      startSeq = firstKnowledgeSeq - 1
      history = []
    }
  }
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: startSeq + 1, messagesMax: options.recordsMax })
  const parse = await logParser(jetstream)
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const deadLetters = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  /** Up to this sequence the store may have points already, because the checkpoint was lost or is older than the store. */
  const maybeStoredUpTo = startSeq + reader.pending
  let stored = startSeq

  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: options.batchMs,
    create: () => ({ texts: new Map(), forgotten: new Set(), records: 0, last: reader.position }),
    fill(batch, message) {
      batch.last = reader.position
      batch.records += 1
      const entry = parse(message)
      if (entry.bad === undefined) change(batch, changeOf(entry.address, entry.record, entry.seq))
      else reportBadRecord({ log, metrics }, 'indexer', entry)
    },
    shouldFlush: ({ records, waits }) => waits > 0 || records >= options.batchRecordsMax,
    async write(batch) {
      const startedMs = performance.now()
      await writeToStore(batch)
      metrics.handlerSeconds.observe({ stage: 'embed' }, (performance.now() - startedMs) / 1000 / batch.records)
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
      await canaries.record(points.filter((point) => point.in === 'messages'))
      metrics.stageOut.inc({ stage: 'embed' }, points.length)
    }
    // Removed after the new chunks are stored, so that a source that changes can be found at any moment.
    if (forgotten.size > 0) await store.remove([...forgotten].map((key) => pointId({ key }, 0)))
  }
  const embed = async (texts: readonly IndexText[]): Promise<IndexPoint[]> => {
    const pieces = await notStored((await Promise.all(texts.map(split))).flat())
    const vectors = await embedder.embedEach(
      pieces.map(({ text }) => text),
      'passage',
    )
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
  /** The pieces that the store lacks. The others need not be embedded again. */
  const notStored = async (pieces: readonly Piece[]): Promise<readonly Piece[]> => {
    const [first] = pieces
    if (first === undefined || first.of.seq > maybeStoredUpTo) return pieces
    const known = await store.existing(pieces.map(({ of, chunk }) => idOf(of, chunk)))
    return pieces.filter(({ of, chunk }) => !known.has(idOf(of, chunk)))
  }
  const onReplaced = (): void => loop.fail(new ColloquyError('memory_replaced', 'another collection replaced that of the search index'))
  options.replaced?.addEventListener('abort', onReplaced, { once: true })
  loop.run(take)

  const { name, kind } = embedder.model
  return {
    detail: kind === 'lexical' ? `running, with the model ${name}: by words, not by meaning` : `running, with the model ${name}`,
    ended: loop.ended,
    progress: () => ({ position: stored, lag: Math.max(0, reader.position.seq + reader.pending - stored) }),
    async stop() {
      batches.drain()
      await loop.stop()
      // A write in flight must not arrive after the next run has removed the points of lost records.
      await batches.whenWritten()
    },
  }
}

/** LOG sequence of the first record of any knowledge source. */
const firstOfKnowledge = async (jetstream: JetStreamContext): Promise<number | undefined> =>
  (await nextRecord(jetstream, recordsOfKind(SOURCE_KIND), 1, 'anyReplica'))?.seq

/** The point's id. A knowledge chunk has a key of its own, whatever its position. The chunks of a message share the message's key. */
const idOf = (text: IndexText, chunk: number): string => pointId(text, text.chunk === undefined ? chunk : 0)

const REASON = 'embed_failed'

/**
 * Publishes a text that the embedding model fails on to DEAD, so that the stage can continue. Repeated calls publish one message. The dead
 * letter has no input, so it cannot be redriven.
 */
async function reportUnembeddable(deps: RetryDeps, text: IndexText, error: ColloquyError): Promise<void> {
  const { tenant, kind, actor, seq, source } = text
  deps.log.warn({ tenant, kind, actor, seq, err: error }, 'the embedding model failed on a text; publishing it to DEAD and skipping it')
  const payload = JSON.stringify({ source, text: text.text })
  await publishWithRetry(deps, deadSubject(REASON, { tenant, kind, id: actor }), payload, {
    msgId: `dead-${pointId(text, 0)}`,
    headers: {
      'Colloquy-Log-Seq': String(seq),
      'Colloquy-At': text.at,
      'Colloquy-Reason': REASON,
      'Colloquy-Error': headerText(error.message),
    },
  })
  deps.metrics.deadLetters.inc({ reason: REASON })
}
