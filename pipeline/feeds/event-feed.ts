import type { JsMsg } from '@nats-io/jetstream'
import pLimit from 'p-limit'
import { z } from 'zod'
import { type Address, inputSubject, messageIdOf } from '../../schemas/subjects.ts'
import { SERIES_KIND, TRIGGER_KIND, TRIGGER_LIMITS, triggerWatch } from '../../schemas/trigger-events.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { actorsOfKind, lastRecord, recordsOf } from '../jetstream/last-record.ts'
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

/** Ends a run: the next one reads other subjects. */
class WatchesChanged extends Error {}

/**
 * Starts the event feed: it reads LOG, and sends each emitted event that a trigger watches to the trigger's series as a reading. It starts
 * at the end of LOG where it has no checkpoint. An input has the LOG sequence of its record as `sequence`: by it a series recognises what
 * comes again after a crash. It reads the records of triggers and of the kinds that they watch, and no others.
 */
export async function startEventFeed(options: EventFeedOptions): Promise<StageRun> {
  const { jetstream, checkpoints, log, metrics } = options
  const stored = (await checkpoints.find(WHOLE_LOG)) ?? (await startAtEnd(jetstream, checkpoints, WHOLE_LOG))
  const remedy = 'it feeds the events that come after it'
  const resumed = await resumeReading({ jetstream, log, metrics, reader: 'event-feed', remedy, canUndo: false }, stored)
  const watched = createWatchedEvents()
  await readWatches(jetstream, watched)
  const place = { history: resumed.history, position: resumed.position, savedMs: performance.now() }
  const save = async (): Promise<void> => {
    place.savedMs = performance.now()
    await checkpoints.save(WHOLE_LOG, place.history)
  }
  const moveTo = async (position: StreamPosition): Promise<void> => {
    place.history = withPosition(place.history, position)
    place.position = position.seq
    if (performance.now() - place.savedMs >= CHECKPOINT_MS) await save()
  }
  let isStopping = false
  let current = await startRun(options, watched, place.position, moveTo)
  const follow = async (): Promise<void> => {
    for (;;) {
      try {
        return await current.ended
      } catch (error) {
        if (!(error instanceof WatchesChanged)) throw error
      }
      if (isStopping) return
      current = await startRun(options, watched, place.position, moveTo)
      if (isStopping) await current.stop()
    }
  }
  const ended = follow()
  ended.catch(() => undefined)
  return {
    ended,
    health: () => ({ ok: true, detail: 'running' }),
    progress: () => ({ position: place.position, lag: current.lag() }),
    async stop() {
      isStopping = true
      await current.stop()
      await ended.catch(() => undefined)
      // The next run only repeats what it finds after an older checkpoint.
      await save().catch(() => undefined)
    },
  }
}

/** Reads what is watched now, from the message after `position` on, until that changes. */
async function startRun(
  { jetstream, log, metrics, recordsMax, bytesMax }: EventFeedOptions,
  watched: WatchedEvents,
  position: number,
  moveTo: (position: StreamPosition) => Promise<void>,
) {
  const filterSubjects = watched.subjects()
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: position + 1, messagesMax: recordsMax })
  const parse = await logParser(jetstream)
  const inFlight = createInFlightLimiter({ countMax: recordsMax, bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const publishing: RetryDeps = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  const limit = pLimit(REQUESTS_MAX)
  /** The last record that was read changes what is watched: those after it are left to the next run. */
  let isOver = false
  const batches = createBatchLoop<JsMsg, Batch>({
    inFlight,
    signal: loop.signal,
    fail: loop.fail,
    waitMs: BATCH_MS,
    create: () => ({ inputs: [], last: reader.position }),
    fill(batch, message) {
      batch.last = reader.positionOf(message)
      const entry = parse(message)
      if (entry.bad !== undefined) return reportBadRecord({ log, metrics }, 'event-feed', entry)
      const { tenant } = entry.address
      for (const [id, readings] of Map.groupBy(watched.take(entry.address, entry.record), ({ series }) => series)) {
        batch.inputs.push({ address: { tenant, kind: SERIES_KIND, id }, seq: entry.seq, readings })
      }
      isOver = watched.subjects().join() !== filterSubjects.join()
    },
    shouldFlush: ({ waits, isBlocked }) => waits > 0 || isBlocked || isOver,
    async write({ inputs, last }) {
      const isLast = isOver
      // A series takes sequences that rise only, so its inputs go one after the other.
      const bySeries = Map.groupBy(inputs, ({ address }) => inputSubject(address))
      const feed = async (ordered: readonly Input[]): Promise<void> => {
        for (const input of ordered) await publish(publishing, input)
      }
      await Promise.all([...bySeries.values()].map((ordered) => limit(feed, ordered)))
      await moveTo(last)
      if (isLast) loop.fail(new WatchesChanged('what triggers watch has changed'))
    },
  })
  loop.run((message) => {
    if (isOver) return
    metrics.stageIn.inc({ stage: 'event-feed' })
    batches.add(message, message.data.length)
  })
  return {
    ended: loop.ended,
    lag: () => Math.max(0, reader.pending),
    async stop() {
      batches.drain()
      await loop.stop()
      await batches.whenWritten()
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
  const limit = pLimit(REQUESTS_MAX)
  const read = async (address: Address): Promise<void> => {
    const last = await lastRecord({ jsm }, recordsOf(address))
    const found = watchingSchema.safeParse(last?.record.state?.context)
    if (found.success) watched.set(address, found.data.settings?.series ?? null, found.data.watch)
  }
  const triggers = await actorsOfKind({ jsm }, TRIGGER_KIND)
  await Promise.all(triggers.map((address) => limit(read, address)))
}
