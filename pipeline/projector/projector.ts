import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { logParser, type ParseLogMessage, reportBadRecord } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { withPosition } from '../jetstream/position-history.ts'
import { loadRemoved, watchRemoved } from '../jetstream/removed.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { StageRun } from '../runtime/stage.ts'
import { insertBatch, type InsertDeps } from './insert-batch.ts'
import { openProgressMarks } from './progress-mark.ts'
import { rollbackTo } from './rollback.ts'
import { type Batch, createBatch } from './row-batch.ts'
import { shouldFlush } from './should-flush.ts'
import { createTableSwap } from './table-swap.ts'
import { openUnprovenRows, unprovenReport } from './unproven-rows.ts'

export interface ProjectorOptions extends Omit<InsertDeps, 'signal' | 'onTrouble'> {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly partitionCount: number
  /** Max records in one batch. */
  readonly batchRecordsMax: number
  /** Milliseconds that a record waits for its batch to fill, unless reading is behind. */
  readonly batchMs: number
  /** Max records, and their bytes, that are read and not yet in the tables. */
  readonly recordsMax: number
  readonly bytesMax: number
  /** Max milliseconds between two updates of the progress mark, also while idle. */
  readonly progressMs: number
  /** The time, ISO. */
  readonly now: () => string
}

/** Records that a start reads again, in case ClickHouse lost its last inserts. Their rows replace equal ones. */
const OVERLAP = 1_000

/**
 * Starts the projector: it reads LOG and inserts the rows of its records into the tables, in batches by size and age. The progress mark is
 * written after all rows of a batch. A crash therefore repeats rows, which replace equal ones, and never misses one.
 */
export async function startProjector(options: ProjectorOptions): Promise<StageRun> {
  const { jetstream, clickhouse, metrics, log } = options
  const stopping = new AbortController()
  let trouble: string | undefined
  const deps: InsertDeps = {
    clickhouse,
    jetstream,
    log,
    metrics,
    signal: stopping.signal,
    onTrouble(text) {
      trouble = text
    },
  }
  const parseMessage = await logParser(jetstream)
  const parse: ParseLogMessage = (message) => {
    const entry = parseMessage(message)
    if (entry.bad === undefined) unproven.observe(entry.address, entry.record, entry.seq)
    else reportBadRecord({ log, metrics }, 'projector', entry)
    return entry
  }
  const tableSwap = await createTableSwap({ jetstream, kv: options.kv, clickhouse, log }, deps)
  const write = async (batch: Batch): Promise<void> => {
    await insertBatch(deps, batch, (table) => tableSwap.generations[table])
    for (const { rows } of batch.blocks.values()) metrics.stageOut.inc({ stage: 'project' }, rows)
  }

  const marks = await openProgressMarks(clickhouse)
  const {
    position: doneBefore,
    history: resumedHistory,
    truncated,
  } = await resumeReading(
    { jetstream, log, metrics, reader: 'projector', remedy: 'it removes from the tables what came from lost records', canUndo: true },
    marks.history,
  )
  const removed = await loadRemoved({ jetstream, log, metrics })
  if (truncated) {
    await tableSwap.cancel('the log lost its last messages')
    const actors = await rollbackTo({ jetstream, clickhouse, partitionCount: options.partitionCount }, doneBefore, removed, write)
    log.warn({ actors, seq: doneBefore }, 'rolled the tables back to the end of LOG')
  }
  let history = resumedHistory
  const unproven = await openUnprovenRows({ jetstream, clickhouse, partitionCount: options.partitionCount, insert: write }, removed)
  const report = await unprovenReport(clickhouse, removed)
  metrics.recordsUnproven.set(report.records)
  if (report.records > 0) {
    log.warn(report, 'the tables have the rows of lost records, which are their last copy; they stay until their inputs are decided again')
  }
  const settle = async (upToSeq: number): Promise<void> => {
    const count = await unproven.settle(upToSeq)
    if (count === 0) return
    metrics.recordsUnproven.set((await unprovenReport(clickhouse, removed)).records)
    log.warn({ records: count }, 'removed the rows of lost records whose inputs were decided again')
  }
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [],
    startSeq: Math.max(doneBefore - OVERLAP, 0) + 1,
    messagesMax: options.recordsMax,
  })
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  loop.signal.addEventListener('abort', () => stopping.abort())

  let projectedSeq = doneBefore
  let completeTo = options.now()
  let markedAtMs = 0

  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: options.batchMs,
    create: () => createBatch(parse),
    fill(batch, message) {
      const startedMs = performance.now()
      batch.add(message)
      metrics.handlerSeconds.observe({ stage: 'project' }, (performance.now() - startedMs) / 1000)
    },
    shouldFlush: (state) => shouldFlush({ ...state, recordsMax: options.batchRecordsMax, pending: reader.pending }),
    async write(batch) {
      await write(batch)
      await settle(Math.max(projectedSeq, batch.last?.seq ?? 0))
      if (batch.last !== undefined && batch.last.seq > projectedSeq) {
        projectedSeq = batch.last.seq
        history = withPosition(history, reader.positionOf(batch.last))
      }
      completeTo = batch.lastAt
      await mark()
      await tableSwap.check(projectedSeq)
    },
  })
  const take = (message: JsMsg): void => {
    metrics.stageIn.inc({ stage: 'project' })
    batches.add(message, message.data.length)
  }
  const mark = async (): Promise<void> => {
    const at = options.now()
    markedAtMs = performance.now()
    const logLastSeq = Math.max(projectedSeq, reader.position.seq + reader.pending)
    await marks.save({ projectedSeq, logLastSeq, completeTo: logLastSeq === projectedSeq ? at : completeTo, at, history })
  }
  let marking: Promise<void> | undefined
  const marker = setInterval(() => {
    if (batches.isWriting || marking !== undefined || performance.now() - markedAtMs < options.progressMs / 2) return
    marking = mark()
      .catch((error: unknown) => log.warn({ err: error }, 'could not write the progress mark; retrying'))
      .finally(() => {
        marking = undefined
      })
    batches.runInstead(tableSwap.check(projectedSeq))
  }, options.progressMs / 2)
  loop.signal.addEventListener('abort', () => clearInterval(marker))
  await settle(doneBefore)
  // Until now the mark promised rows that LOG no longer has.
  if (truncated) await mark()
  loop.run(take)
  const watch = watchRemoved({ jetstream, log }, removed, loop.fail)
  loop.signal.addEventListener('abort', () => void watch.stop())

  return {
    ended: loop.ended,
    health: () => ({ ok: true, detail: trouble ?? 'running' }),
    progress: () => ({ position: projectedSeq, lag: Math.max(0, reader.position.seq + reader.pending - projectedSeq) }),
    async stop() {
      batches.drain()
      await loop.stop()
      await marking
      // An insert in flight must not arrive after the next run has rolled the tables back.
      await batches.whenWritten()
    },
  }
}
