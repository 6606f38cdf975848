import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import { parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { StageRun } from '../runtime/stage.ts'
import { findResumePosition, withPosition } from '../jetstream/position-history.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { createBatch, type Batch } from './row-batch.ts'
import { rollbackTo } from './rollback.ts'
import { insertBatch, type InsertDeps } from './insert-batch.ts'
import { loadPositionHistory, saveProgress } from './progress-mark.ts'
import { shouldFlush } from './should-flush.ts'
import { createTableSwap } from './table-swap.ts'

export interface ProjectorOptions extends Omit<InsertDeps, 'signal' | 'metrics'> {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly metrics: Metrics
  readonly partitionCount: number
  /** Records in one batch. */
  readonly batchRecordsMax: number
  /** How long a record waits for others before its batch is written. */
  readonly batchMs: number
  /** Records read and not yet in the tables, and their bytes. */
  readonly recordsMax: number
  readonly bytesMax: number
  /** How often `freshness` is written, also when nothing happens. */
  readonly progressMs: number
  readonly now: () => string
}

interface Filling {
  readonly batch: Batch
  /** Bytes of the records in it. */
  readonly sizes: number[]
  /** Counts how many times `batchMs` has passed since the first record. */
  readonly clock: NodeJS.Timeout
  waits: number
}

/** Records that a start reads again: their rows are idempotent, and what ClickHouse lost of its last inserts comes back. */
const OVERLAP = 1_000

/**
 * The projector: writes what records say into the tables, in batches by size and age. Its mark is written after all rows of a
 * batch, so that a crash repeats rows, which their keys make harmless, and never misses one.
 */
export async function startProjector(options: ProjectorOptions): Promise<StageRun> {
  const { jetstream, clickhouse, metrics, log } = options
  const stopping = new AbortController()
  const deps: InsertDeps = { clickhouse, log, metrics, signal: stopping.signal }
  const tableSwap = await createTableSwap({ jetstream, kv: options.kv, clickhouse, log }, deps)
  const write = async (batch: Batch): Promise<void> => {
    await insertBatch(deps, batch, (table) => tableSwap.generations[table])
    for (const { rows } of batch.blocks.values()) metrics.stageOut.inc({ stage: 'project' }, rows)
  }

  let ring = await loadPositionHistory(clickhouse)
  const { position: match, truncated: truncated } = await findResumePosition(jetstream.jsm, 'LOG', ring)
  if (truncated) {
    const goesOnAt = match?.seq ?? 0
    metrics.streamsTruncated.inc({ stream: 'LOG' })
    log.error({ had: ring[0]?.seq, goesOnAt }, 'LOG lost its last messages; what came from them is removed from the tables')
    await tableSwap.cancel('the log lost its last messages')
    const actors = await rollbackTo({ jetstream, clickhouse, partitionCount: options.partitionCount }, goesOnAt, write)
    log.warn({ actors }, 'tables are back in step with LOG')
    ring = ring.slice(match === undefined ? ring.length : ring.indexOf(match))
  }
  const doneBefore = match?.seq ?? 0
  const reader = await openReader(jetstream, {
    stream: 'LOG', filterSubjects: [], startSeq: Math.max(doneBefore - OVERLAP, 0) + 1, messagesMax: options.recordsMax,
  })
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  loop.signal.addEventListener('abort', () => stopping.abort())

  let filling: Filling | undefined
  let writing: Promise<void> | undefined
  let lastWrite = { endedMs: 0, tookMs: 0 }
  /** Looks again once the next batch has waited for as long as the last one took. */
  let rest: NodeJS.Timeout | undefined
  let projectedSeq = doneBefore
  let completeTo = options.now()
  let markedAt = 0

  const take = (message: JsMsg): void => {
    metrics.stageIn.inc({ stage: 'project' })
    const begun = performance.now()
    inFlight.acquire(message.data.length)
    filling ??= fill()
    filling.batch.add(parseLogSubject(message.subject).address, message.data, reader.position)
    filling.sizes.push(message.data.length)
    metrics.handlerSeconds.observe({ stage: 'project' }, (performance.now() - begun) / 1000)
    flush()
  }

  const fill = (): Filling => {
    const begun: Filling = {
      batch: createBatch(), sizes: [], waits: 0,
      clock: setInterval(() => {
        begun.waits += 1
        flush()
      }, options.batchMs),
    }
    return begun
  }
  /** One batch is written at a time, while the next one fills; one that is ready waits for it. */
  const flush = (): void => {
    if (filling === undefined || writing !== undefined) return
    const { batch, sizes, clock, waits } = filling
    if (!shouldFlush({
      records: batch.records, recordsMax: options.batchRecordsMax, waits, pending: reader.pending, isBlocked: inFlight.isFull,
      restedMs: performance.now() - lastWrite.endedMs, lastWriteMs: lastWrite.tookMs,
    })) return
    clearInterval(clock)
    filling = undefined
    settle(finish(batch, sizes))
  }
  const settle = (work: Promise<void>): void => {
    writing = work.then(() => {
      writing = undefined
      flush()
    })
    writing.catch(loop.fail)
  }
  const finish = async (batch: Batch, sizes: readonly number[]): Promise<void> => {
    const begunMs = performance.now()
    await write(batch)
    if (batch.last !== undefined && batch.last.seq > projectedSeq) {
      projectedSeq = batch.last.seq
      ring = withPosition(ring, batch.last)
    }
    completeTo = batch.lastAt
    await mark()
    await tableSwap.check(projectedSeq)
    for (const size of sizes) inFlight.release(size)
    const endedMs = performance.now()
    lastWrite = { endedMs, tookMs: endedMs - begunMs }
    rest = setTimeout(flush, lastWrite.tookMs)
  }
  const mark = async (): Promise<void> => {
    const at = options.now()
    markedAt = performance.now()
    const logLastSeq = Math.max(projectedSeq, reader.position.seq + reader.pending)
    await saveProgress(clickhouse, { projectedSeq, logLastSeq, completeTo: logLastSeq === projectedSeq ? at : completeTo, at, ring })
  }
  let marking: Promise<void> | undefined
  const marker = setInterval(() => {
    if (writing !== undefined || marking !== undefined || performance.now() - markedAt < options.progressMs / 2) return
    marking = mark()
      .catch((error: unknown) => log.warn({ err: error }, 'the mark of the tables could not be written'))
      .finally(() => { marking = undefined })
    settle(tableSwap.check(projectedSeq))
  }, options.progressMs / 2)
  loop.signal.addEventListener('abort', () => {
    clearInterval(marker)
    clearTimeout(rest)
  })
  loop.run(take)

  return {
    ended: loop.ended,
    progress: () => ({ position: projectedSeq, lag: Math.max(0, reader.position.seq + reader.pending - projectedSeq) }),
    async stop() {
      await loop.stop()
      await marking
      // Rows that are still on their way must not arrive after the next run has healed the tables.
      await writing?.catch(() => undefined)
    },
  }
}
