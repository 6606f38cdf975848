import type { ClickHouseClient } from '@clickhouse/client'
import type { JsMsg } from '@nats-io/jetstream'
import { counted } from '../../schemas/counted.ts'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { LocalEmbedder } from '../embedding/embedder.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { nextRecord, recordsOfKind } from '../jetstream/last-record.ts'
import { logParser, reportBadRecord } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { type StreamPosition, withPosition } from '../jetstream/position-history.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import { findRemoved } from '../jetstream/removed.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import type { TypedKey } from '../jetstream/typed-kv.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { createExclusive } from '../runtime/exclusive.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import type { StageRun } from '../runtime/stage.ts'
import { pointId } from '../search/point-id.ts'
import type { IndexReader, IndexWriter, SourceTags } from '../search/vector-store.ts'
import type { Canaries } from './canaries.ts'
import { type AuditPace, type AuditPosition, incompleteText, startIndexAuditor } from './index-auditor.ts'
import type { IndexChange, IndexText } from './index-changes.ts'
import { lossOf, startIndexWatch } from './index-watch.ts'
import { lackingPoints, lostTexts } from './lost-texts.ts'
import { changeOf } from './record-changes.ts'
import { createTextWriter, type WriteProgress } from './text-writer.ts'

export interface IndexerOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  /** Checkpoints of this reader of LOG, and canaries of its collection. */
  readonly checkpoints: Checkpoints
  readonly canaries: Canaries
  readonly embedder: LocalEmbedder
  readonly store: IndexReader & IndexWriter
  /** Identity of the collection, to which the checkpoints and canaries belong. */
  readonly collection: string
  /** Position and pace of the auditor of the collection. Absent: nothing is audited. */
  readonly audit?: (AuditPace & { readonly position: TypedKey<AuditPosition> }) | undefined
  /** Has the texts of records that LOG has lost. Absent: a collection that is filled again lacks them. */
  readonly tables?: ClickHouseClient | undefined
  /** Milliseconds between two checks that the collection is still the one that was filled; default 5,000. */
  readonly watchMs?: number
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
  /** By tenant and actor: the last record of the batch counts. */
  readonly tags: Map<string, SourceTags>
  records: number
  last: StreamPosition
}

/**
 * Bytes of the records of one batch, the last one included. The checkpoint moves after each batch; a text waits for at most one batch of
 * other tenants' texts besides those that are before it in LOG.
 */
const BATCH_BYTES_MAX = 2 * 1024 * 1024

/** Key of the checkpoint: the indexer reads all partitions as one. */
export const WHOLE_LOG = 0

/**
 * Starts the indexer: it reads LOG, embeds the messages and knowledge of its records, and stores them in one collection. The checkpoint is
 * written after all points of a batch. A crash therefore repeats points, which replace equal ones. A store that does not answer ends the
 * run; the stage restarts it from the checkpoint.
 */
export async function startIndexer(options: IndexerOptions): Promise<StageRun> {
  const { jetstream, checkpoints, canaries, embedder, store, log, metrics } = options
  const checkpoint = (await checkpoints.find(WHOLE_LOG)) ?? []
  const verified = await canaries.verifiedHistory(checkpoint)
  const resumed = await resumeReading(
    { jetstream, log, metrics, reader: 'indexer', remedy: 'it removes from the search index what came from lost records', canUndo: true },
    verified,
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
  const writer = createTextWriter({ embedder, store, deadLetters, metrics })
  // A repair of the auditor and a write must not overlap: one could undo the other.
  const exclusive = createExclusive()
  /** Up to this sequence the store may have points already, because the checkpoint was lost or is older than the store. */
  const maybeStoredUpTo = startSeq + reader.pending
  /** Until this sequence the collection lacks texts that it once had, or that were there before it. */
  const incompleteUpTo = verified.length === checkpoint.length && checkpoint.length > 0 ? 0 : maybeStoredUpTo
  let stored = startSeq

  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: options.batchMs,
    create: () => ({ texts: new Map(), forgotten: new Set(), tags: new Map(), records: 0, last: reader.position }),
    fill(batch, message) {
      batch.last = reader.position
      batch.records += 1
      const entry = parse(message)
      if (entry.bad === undefined) change(batch, changeOf(entry.address, entry.record, entry.seq))
      else reportBadRecord({ log, metrics }, 'indexer', entry)
    },
    shouldFlush: ({ records, bytes, waits }) => waits > 0 || records >= options.batchRecordsMax || bytes >= BATCH_BYTES_MAX,
    async write(batch) {
      const startedMs = performance.now()
      await exclusive(() => writeToStore(batch))
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
  const change = (batch: Batch, { texts, forgotten, tags }: IndexChange): void => {
    for (const key of forgotten) {
      batch.texts.delete(key)
      batch.forgotten.add(key)
    }
    for (const text of texts) {
      batch.forgotten.delete(text.key)
      batch.texts.set(text.key, text)
    }
    if (tags !== undefined) batch.tags.set(`${tags.tenant}/${tags.actor}`, tags)
  }
  const writeToStore = async ({ texts, forgotten, tags }: Batch): Promise<void> => {
    const points = await writer.write([...texts.values()], maybeStoredUpTo)
    // A canary must stay in the store, and knowledge may be removed.
    await canaries.record(points.filter((point) => point.in === 'messages'))
    // After the new chunks are stored: a store may keep the tags with them.
    if (tags.size > 0) await store.setTags([...tags.values()])
    // Removed after the new chunks are stored, so that a source that changes can be found at any moment.
    if (forgotten.size > 0) await store.remove([...forgotten].map((key) => pointId({ key }, 0)))
  }
  const onReplaced = (): void => loop.fail(new ColloquyError('memory_replaced', 'another collection replaced that of the search index'))
  options.replaced?.addEventListener('abort', onReplaced, { once: true })
  const { fail } = loop
  const watched = { store, canaries, collection: options.collection }
  const watch = startIndexWatch({ ...watched, fail, log, everyMs: options.watchMs })
  const auditor =
    options.audit
    && startIndexAuditor({
      ...options.audit,
      jetstream,
      store,
      writer,
      loss: () => lossOf(watched),
      fail,
      exclusive,
      storedTo: () => stored,
      log,
      metrics,
    })
  const { last_seq: endAtStart } = (await streamInfo(jetstream.jsm, 'LOG')).state
  // Only when the collection is filled: an input that was decided again has points by its later record.
  const isFilled = (): boolean => stored >= endAtStart || (reader.pending === 0 && stored >= reader.position.seq)
  const restorer = startLostTexts(options, { isFilled, restore: (texts) => exclusive(() => writer.write(texts, endAtStart)) })
  const stopJobs = async (): Promise<void> => {
    await Promise.all([watch.stop(), auditor?.stop(), restorer.stop()])
  }
  loop.signal.addEventListener('abort', () => void stopJobs())
  loop.run(take)

  const { name, kind } = embedder.model
  const running = kind === 'lexical' ? `running, with the model ${name}: by words, not by meaning` : `running, with the model ${name}`
  return {
    health() {
      const incomplete = auditor?.incomplete
      if (stored < incompleteUpTo) {
        return { ok: true, detail: `index incomplete: filling the collection from LOG, at sequence ${stored} of ${incompleteUpTo}` }
      }
      if (incomplete === undefined || incomplete.differences === 0) return { ok: true, detail: `${running}${writingText(writer.current)}` }
      return { ok: !incomplete.isStuck, detail: incompleteText(incomplete) }
    },
    ended: loop.ended,
    progress: () => ({ done: embedder.embedded, position: stored, lag: Math.max(0, reader.position.seq + reader.pending - stored) }),
    async stop() {
      batches.drain()
      await loop.stop()
      // A write in flight must not arrive after the next run has removed the points of lost records.
      await batches.whenWritten()
      await stopJobs()
    },
  }
}

const FILLED_POLL_MS = 500
const FAILED_PAUSE_MS = 30_000
const NEVER_MS = 2 ** 31 - 1

/** Gives the collection the texts of lost records that it lacks, once in a run: LOG cannot give them back to a new collection. */
function startLostTexts(
  { jetstream, tables, store, log }: IndexerOptions,
  { isFilled, restore }: { readonly isFilled: () => boolean; readonly restore: (texts: readonly IndexText[]) => Promise<unknown> },
): PeriodicJob {
  return periodicJob(0, async (signal) => {
    if (!isFilled()) return FILLED_POLL_MS
    try {
      const { ranges } = await findRemoved(jetstream)
      let count = 0
      for await (const texts of tables === undefined ? [] : lostTexts(tables, ranges)) {
        signal.throwIfAborted()
        const lacking = await lackingPoints(store, texts)
        if (lacking.length > 0) await restore(lacking)
        count += lacking.length
      }
      if (count > 0) log.warn({ texts: count }, 'the search index has the texts of lost records again, from the table messages')
      return NEVER_MS
    } catch (error) {
      if (!signal.aborted)
        log.warn({ code: codeOf(error), err: error }, 'could not give the search index the texts of lost records; retrying')
      return FAILED_PAUSE_MS
    }
  })
}

/** A write that takes longer is described in the status. */
const LONG_WRITE_MS = 2_000

function writingText(current: WriteProgress | undefined): string {
  if (current === undefined || performance.now() - current.startedMs < LONG_WRITE_MS) return ''
  const { texts, textsSplit, chunks, chunksEmbedded } = current
  const what = counted(texts, 'text')
  if (textsSplit === 0) return `; splitting ${what} into chunks`
  return `; embedding ${what}: ${chunksEmbedded} of ${chunks} chunks${textsSplit < texts ? ` of the first ${textsSplit}` : ''} done`
}

/** LOG sequence of the first record of any knowledge source. */
const firstOfKnowledge = async (jetstream: JetStreamContext): Promise<number | undefined> =>
  (await nextRecord(jetstream, recordsOfKind(SOURCE_KIND), 1, 'anyReplica'))?.seq
