import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { structuredPayload } from '../../schemas/cloudevents-binary.ts'
import { RESOLUTION_HEADER } from '../../schemas/dead-letter-resolution.ts'
import { isFiller, parseInboxSubject, publishedSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { watchRemoved } from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { createInFlightCounter } from '../runtime/in-flight-counter.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { createLowWatermark, type LowWatermark } from '../runtime/low-watermark.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { PartitionRun } from '../runtime/partitioned-stage.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import type { Pauses } from '../runtime/retry.ts'
import { type CallSlot, unwatchedSlot } from '../watchdog/call-slot.ts'
import { forgetHostEnds, loadHostEnds } from '../watchdog/ended-hosts.ts'
import { loadOverruns } from '../watchdog/overruns.ts'
import { createSuspects } from '../watchdog/suspects.ts'
import type { ActorCache, Mailbox } from './actor-cache.ts'
import type { HandOver } from './hand-over.ts'
import { createLateSends } from './late-sends.ts'
import type { LostInputs } from './lost-inputs.ts'
import { createHandler, type Delivery, type HandlerDeps } from './message-handler.ts'
import { findInboxResumePoint } from './resume-point.ts'

export interface HostOptions {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly kinds: Kinds
  /** The partitions that this run starts with. */
  readonly partitions: readonly number[]
  /** Shared by all runs of this process. A run first evicts the actors of its partitions. */
  readonly actors: ActorCache<Delivery>
  /** Bounds of messages in flight: taken from INBOX, record not yet acknowledged. */
  readonly messagesMax: number
  readonly bytesMax: number
  readonly isAssigned: HandlerDeps['isAssigned']
  readonly hasValidLease: HandlerDeps['hasValidLease']
  readonly isLost: HandlerDeps['isLost']
  readonly yieldPartition: HandlerDeps['yieldPartition']
  readonly recordForm: HandlerDeps['recordForm']
  /** Brings the records to the dispatcher of this thread. Absent: there is none. */
  readonly handOver?: HandOver | undefined
  /** Shows the decision under way to the watchdog outside this thread. Absent: nothing watches. */
  readonly calls?: CallSlot
  readonly now: () => string
  readonly log: Logger
  readonly metrics: Metrics
}

/** A running host, which also tells how far INBOX may be trimmed. */
export interface HostRun extends PartitionRun {
  /** Highest LOG sequence of the records that resolved the inputs up to this run's position. */
  lastAppended(): number
}

/**
 * The host takes messages from INBOX in order, lets each actor decide, and appends one record per decision. Appends of different actors
 * run concurrently; the messages of one actor are handled one after another.
 */
export async function startHost(options: HostOptions): Promise<HostRun> {
  const { jetstream, kv, kinds, partitions, actors, handOver, metrics, log } = options
  actors.evict(new Set(partitions))
  const { lows, startSeq, isResolved, removed, lost } = await findInboxResumePoint(options, partitions)
  const hostEnds = await loadHostEnds(kv, (await streamInfo(jetstream.jsm, 'INBOX')).state.first_seq)
  const suspects = createSuspects(hostEnds, await loadOverruns(kv), Date.now)
  const reader = await openReader(jetstream, { stream: 'INBOX', filterSubjects: [], startSeq, messagesMax: options.messagesMax })

  const watermarks = new Map([...lows].map(([partition, low]) => [partition, createLowWatermark(low)]))
  const inFlight = createInFlightLimiter({ countMax: options.messagesMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  /** The watermark of each released partition at its release: messages still queued for it are the next owner's, and move no watermark. */
  const released = new Map<number, number>()
  /** Messages in flight of each partition. */
  const inFlightOf = new Map(partitions.map((partition) => [partition, createInFlightCounter()]))
  // Records of earlier hosts may not be dispatched yet either.
  let lastAppended = (await streamInfo(jetstream.jsm, 'LOG')).state.last_seq

  const finish = (delivery: Delivery): void => {
    watermarks.get(delivery.partition)?.finish(delivery.seq)
    inFlight.release(delivery.payload.length)
    inFlightOf.get(delivery.partition)?.decrement()
  }

  const handle = createHandler({
    jetstream,
    kinds,
    log,
    metrics,
    now: options.now,
    signal: loop.signal,
    calls: options.calls ?? unwatchedSlot(),
    suspects,
    forgetHostEnds: (seq) => forgetHostEnds(kv, seq),
    isLost: options.isLost,
    yieldPartition: options.yieldPartition,
    recordForm: options.recordForm,
    isAssigned: (partition) => watermarks.has(partition) && !released.has(partition) && options.isAssigned(partition),
    hasValidLease: (partition) => watermarks.has(partition) && options.hasValidLease(partition),
    lateSends: await createLateSends(jetstream, log),
    lowOf: (partition) => released.get(partition) ?? watermarks.get(partition)?.low ?? 0,
    onAppended: (appended) => {
      lastAppended = Math.max(lastAppended, appended.seq)
      handOver?.offer(appended)
    },
  })

  /** Handles the messages of one actor until its mailbox is empty. */
  const work = async (mailbox: Mailbox<Delivery>): Promise<void> => {
    for (let delivery = mailbox.waiting[0]; delivery !== undefined; delivery = mailbox.waiting[0]) {
      if (!released.has(delivery.partition) && (await handle(mailbox, delivery)) === 'lost') releasePartition(delivery.partition)
      mailbox.waiting.shift()
      finish(delivery)
    }
    actors.release(mailbox)
    metrics.liveActors.set(actors.size)
  }
  /** Takes and starts nothing more of the partition. Appends already sent to LOG still run. */
  const releasePartition = (partition: number): void => {
    const watermark = watermarks.get(partition)
    if (watermark === undefined || released.has(partition)) return
    released.set(partition, watermark.low)
  }

  const take = (message: JsMsg): void => {
    const target = parseInboxSubject(message.subject)
    const { partition, address, origin, addressable } = target
    const watermark = watermarks.get(partition)
    if (watermark === undefined || released.has(partition) || isResolved(partition, message.seq)) return
    metrics.stageIn.inc({ stage: 'host' })
    watermark.take(message.seq)
    if (isFiller(address)) {
      metrics.ignored.inc({ why: 'filler' })
      watermark.finish(message.seq)
      return
    }
    inFlight.acquire(message.data.length)
    inFlightOf.get(partition)?.increment()
    const { mailbox, idle } = actors.claim(partition, address)
    const { time } = message
    mailbox.waiting.push({
      partition,
      origin,
      addressable,
      subject: publishedSubject(target, message.subject),
      seq: message.seq,
      ts: time.toISOString(),
      storedMs: time.getTime(),
      payload: message.headers === undefined ? message.data : structuredPayload(message.headers, message.data),
      // The client gives '' for a header that a message with other headers lacks; as an id, it would make every such input a repeat.
      msgId: message.headers?.get('Nats-Msg-Id') || undefined,
      // Believed only on messages from SENT, to which producers cannot publish.
      ...(origin === 'actor' && message.headers?.has(RESOLUTION_HEADER) === true
        ? { resolution: message.headers.get(RESOLUTION_HEADER) }
        : {}),
    })
    if (idle) work(mailbox).catch(loop.fail)
  }

  const leave = handOver?.addHost((partition) => watermarks.has(partition) && !released.has(partition))
  loop.signal.addEventListener('abort', () => leave?.())
  loop.run(take)
  const watch = watchRemoved({ jetstream, log }, removed, loop.fail)
  loop.signal.addEventListener('abort', () => void watch.stop())
  completeLost(lost, { watermarks, reader, released, signal: loop.signal, log }).catch(loop.fail)

  return {
    ended: loop.ended,
    progress: () => {
      const unfinished = [...watermarks.values()].reduce((sum, watermark) => sum + watermark.unfinished, 0)
      return { position: lowest(watermarks, released, reader.position.seq), lag: reader.pending + unfinished }
    },
    lastAppended: () => lastAppended,
    async release(toRelease) {
      for (const partition of toRelease) releasePartition(partition)
      const drained = Promise.all(toRelease.flatMap((partition) => inFlightOf.get(partition)?.whenZero() ?? []))
      await Promise.race([drained, loop.ended.catch(() => undefined)])
      for (const partition of toRelease) {
        watermarks.delete(partition)
        released.delete(partition)
      }
      actors.evict(new Set(toRelease))
    },
    async stop() {
      for (const partition of watermarks.keys()) releasePartition(partition)
      await loop.stop()
    },
  }
}

const LOST_PAUSES: Pauses = { minMs: 100, maxMs: 1_000 }

/** Waits until the inputs of lost records are decided again, and stores it for each partition. */
async function completeLost(
  { upTo, complete }: LostInputs,
  {
    watermarks,
    reader,
    released,
    signal,
    log,
  }: {
    readonly watermarks: ReadonlyMap<number, LowWatermark>
    readonly reader: StreamReader
    readonly released: ReadonlyMap<number, number>
    readonly signal: AbortSignal
    readonly log: Logger
  },
): Promise<void> {
  if (upTo.size === 0) return
  const left = new Map(upTo)
  const isDone = (watermark: LowWatermark, end: number): boolean =>
    (reader.position.seq >= end || reader.pending === 0) && (watermark.unfinished === 0 || watermark.low >= end)
  const isComplete = await pollUntil(
    async () => {
      for (const [partition, end] of left) {
        const watermark = watermarks.get(partition)
        // The next owner of a released partition reads them again.
        if (watermark === undefined || released.has(partition)) left.delete(partition)
        else if (isDone(watermark, end)) {
          await complete(partition)
          left.delete(partition)
        }
      }
      return left.size === 0 ? true : undefined
    },
    { signal, pauses: LOST_PAUSES },
  ).catch((error: unknown) => {
    if (signal.aborted) return false
    throw error
  })
  if (isComplete) log.warn({ partitions: upTo.size }, 'the inputs of lost records that INBOX still had are decided')
}

/** The highest INBOX sequence that was read and up to which every partition is resolved. */
function lowest(watermarks: ReadonlyMap<number, LowWatermark>, released: ReadonlyMap<number, number>, read: number): number {
  let low = read
  for (const watermark of watermarks.values()) if (watermark.unfinished > 0) low = Math.min(low, watermark.low)
  for (const releasedAt of released.values()) low = Math.min(low, releasedAt)
  return low
}
