import type { JsMsg } from '@nats-io/jetstream'
import pLimit from 'p-limit'
import { z } from 'zod'
import { type Address, inputSubject, messageIdOf, parseLogSubject } from '../../schemas/subjects.ts'
import { SERIES_KIND, TRIGGER_KIND, TRIGGER_LIMITS, triggerWatch } from '../../schemas/trigger-events.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { lastRecord, recordsOf, recordsOfKind } from '../jetstream/last-record.ts'
import { logParser, reportBadRecord } from '../jetstream/log-message.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { type StreamPosition, withPosition } from '../jetstream/position-history.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { resumeReading } from '../jetstream/resume-reading.ts'
import { startAtEnd } from '../jetstream/start-at-end.ts'
import { createBatchLoop } from '../runtime/batch-loop.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { StageRun } from '../runtime/stage.ts'
import { createWatchedEvents, type FedReading, type WatchedEvents } from './watched-events.ts'

export interface EventFeedOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  /** Checkpoints of this reader of LOG. */
  readonly checkpoints: Checkpoints
  /** Max records, and their bytes, that are read and not yet fed. */
  readonly recordsMax: number
  readonly bytesMax: number
}

interface Input {
  readonly address: Address
  readonly seq: number
  readonly readings: readonly FedReading[]
}

interface Batch {
  readonly inputs: Input[]
  last: StreamPosition
}

const BATCH_MS = 20
const CHECKPOINT_MS = 500
/** Key of the checkpoint: the feed reads all partitions as one. */
const WHOLE_LOG = 0
/** Requests at a time. */
const REQUESTS_MAX = 32
/** `source` of the inputs. */
const SOURCE = 'colloquy-feed'

/**
 * Starts the event feed: it reads LOG, and sends each emitted event that a trigger watches to the trigger's series as a reading. It starts
 * at the end of LOG where it has no checkpoint. An input has the LOG sequence of its record as `sequence`: by it a series recognises what
 * comes again after a crash.
 */
export async function startEventFeed(options: EventFeedOptions): Promise<StageRun> {
  const { jetstream, checkpoints, log, metrics } = options
  const stored = (await checkpoints.find(WHOLE_LOG)) ?? (await startAtEnd(jetstream, checkpoints, WHOLE_LOG))
  const remedy = 'it feeds the events that come after it'
  const resumed = await resumeReading({ jetstream, log, metrics, reader: 'event-feed', remedy, canUndo: false }, stored)
  let { history } = resumed
  let fedTo = resumed.position
  const watched = createWatchedEvents()
  await readWatches(jetstream, watched)
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [],
    startSeq: resumed.position + 1,
    messagesMax: options.recordsMax,
  })
  const parse = await logParser(jetstream)
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const publishing: RetryDeps = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  const limit = pLimit(REQUESTS_MAX)

  let savedMs = performance.now()
  const save = async (): Promise<void> => {
    savedMs = performance.now()
    await checkpoints.save(WHOLE_LOG, history)
  }
  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: BATCH_MS,
    create: () => ({ inputs: [], last: reader.position }),
    fill(batch, message) {
      batch.last = reader.positionOf(message)
      if (!watched.concerns(parseLogSubject(message.subject).address)) return
      const entry = parse(message)
      if (entry.bad !== undefined) return reportBadRecord({ log, metrics }, 'event-feed', entry)
      const { tenant } = entry.address
      for (const [id, readings] of Map.groupBy(watched.take(entry.address, entry.record), ({ series }) => series)) {
        batch.inputs.push({ address: { tenant, kind: SERIES_KIND, id }, seq: entry.seq, readings })
      }
    },
    shouldFlush: ({ waits, isBlocked }) => waits > 0 || isBlocked,
    async write({ inputs, last }) {
      // A series takes sequences that rise only, so its inputs go one after the other.
      const bySeries = Map.groupBy(inputs, ({ address }) => inputSubject(address))
      const feed = async (ordered: readonly Input[]): Promise<void> => {
        for (const input of ordered) await publish(publishing, input)
      }
      await Promise.all([...bySeries.values()].map((ordered) => limit(feed, ordered)))
      history = withPosition(history, last)
      fedTo = last.seq
      if (performance.now() - savedMs >= CHECKPOINT_MS) await save()
    },
  })
  loop.run((message) => {
    metrics.stageIn.inc({ stage: 'event-feed' })
    batches.add(message, message.data.length)
  })

  return {
    ended: loop.ended,
    health: () => ({ ok: true, detail: 'running' }),
    progress: () => ({ position: fedTo, lag: Math.max(0, reader.position.seq + reader.pending - fedTo) }),
    async stop() {
      batches.drain()
      await loop.stop()
      await batches.whenWritten()
      // The next run only repeats what it finds after an older checkpoint.
      await save().catch(() => undefined)
    },
  }
}

/** Each part of a record with more readings than an input may have comes from a source of its own: the parts have one sequence. */
async function publish(deps: RetryDeps, { address, seq, readings }: Input): Promise<void> {
  for (let from = 0; from < readings.length; from += TRIGGER_LIMITS.readingsMax) {
    const part = readings.slice(from, from + TRIGGER_LIMITS.readingsMax).map(({ at, value }) => ({ at, value }))
    const source = from === 0 ? SOURCE : `${SOURCE}-${from}`
    const id = `${seq}-${from}`
    const payload = JSON.stringify({ type: 'readings.taken', id, source, sequence: String(seq), data: { readings: part } })
    await publishWithRetry(deps, inputSubject(address), payload, { msgId: messageIdOf(address, id, payload) })
    deps.metrics.stageOut.inc({ stage: 'event-feed' })
  }
}

const watchingSchema = z.object({ settings: z.object({ series: z.string() }).nullable(), watch: triggerWatch.nullable() })

/** What all triggers watch now. Those of another kind than `trigger` count from their next `trigger.watching` on. */
async function readWatches({ jsm }: Pick<JetStreamContext, 'jsm'>, watched: WatchedEvents): Promise<void> {
  const { state } = await jsm.streams.info('LOG', { subjects_filter: recordsOfKind(TRIGGER_KIND) })
  const limit = pLimit(REQUESTS_MAX)
  const read = async (subject: string): Promise<void> => {
    const { address } = parseLogSubject(subject)
    const last = await lastRecord({ jsm }, recordsOf(address))
    const found = watchingSchema.safeParse(last?.record.state?.context)
    if (found.success) watched.set(address, found.data.settings?.series ?? null, found.data.watch)
  }
  await Promise.all(Object.keys(state.subjects ?? {}).map((subject) => limit(read, subject)))
}
