import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/kind.ts'
import { isFiller, parseInboxSubject, publishedSubject, type Origin } from '../../schemas/subjects.ts'
import type { Bus } from '../bus.ts'
import { createGate } from '../gate.ts'
import type { Metrics } from '../metrics.ts'
import { createPositionTracker, type PositionTracker } from '../position-tracker.ts'
import type { StageRun } from '../stage.ts'
import { createReadLoop } from '../streams/read-loop.ts'
import { openReader } from '../streams/reader.ts'
import { createHandler, type Delivery } from './handle.ts'
import { createLiveActors, type Slot } from './live-actors.ts'
import { resume } from './resume.ts'

export interface HostOptions {
  readonly bus: Bus
  readonly kv: KV
  readonly kinds: Kinds
  /** The partitions that this host owns, of so many. */
  readonly partitions: readonly number[]
  readonly partitionCount: number
  /** Idle actors kept in memory. */
  readonly liveActorsMax: number
  /** Messages taken from INBOX whose records are not yet acknowledged, and their bytes. */
  readonly messagesMax: number
  readonly bytesMax: number
  readonly now: () => string
  readonly log: Logger
  readonly metrics: Metrics
}

export interface HandedOn {
  readonly stream: 'TIMERS' | 'SENT'
  readonly inboxSeq: number
  /** In the stream that it came from. */
  readonly seq: number
}

/** A running host also knows how far INBOX may be trimmed. */
export interface HostRun extends StageRun {
  /** All INBOX sequences up to here are resolved by records that LOG acknowledged, the last of them at `logSeq`. */
  resolved(): { inboxSeq: number; logSeq: number }
  /** The last messages that INBOX took over from other streams, with their sequences there. */
  handedOn(): readonly HandedOn[]
}

/**
 * The host: takes messages from INBOX in order, lets each actor decide, and appends one record per decision. Different
 * actors' appends are under way side by side; one actor's messages are handled strictly one after another.
 */
export async function beginHost(options: HostOptions): Promise<HostRun> {
  const { bus, kinds, partitions, metrics, log } = options
  const { lows, startSeq, isResolved } = await resume(options, partitions)
  const reader = await openReader(bus, { stream: 'INBOX', filterSubjects: filtersOf(partitions, options.partitionCount), startSeq, messagesMax: options.messagesMax })

  const trackers = new Map([...lows].map(([partition, low]) => [partition, createPositionTracker(low)]))
  const live = createLiveActors<Delivery>(options.liveActorsMax)
  const gate = createGate({ countMax: options.messagesMax, bytesMax: options.bytesMax })
  const loop = createReadLoop(reader, gate)
  let lastAppended = 0
  const handedOn = new Map<Exclude<Origin, 'producer'>, JsMsg>()

  const trackerOf = (partition: number): PositionTracker => {
    const tracker = trackers.get(partition)
    if (tracker === undefined) throw new Error(`partition ${partition} is not this host's`)
    return tracker
  }
  const finish = (delivery: Delivery): void => {
    trackerOf(delivery.partition).finish(delivery.seq)
    gate.leave(delivery.payload.length)
  }

  const handle = createHandler({
    bus, kinds, log, metrics, now: options.now, signal: loop.signal,
    lowOf: (partition) => trackerOf(partition).low,
    onAppended: (seq) => { lastAppended = Math.max(lastAppended, seq) },
  })

  /** Works on one actor until nothing waits for it. */
  const work = async (slot: Slot<Delivery>): Promise<void> => {
    for (let delivery = slot.waiting[0]; delivery !== undefined; delivery = slot.waiting[0]) {
      await handle(slot, delivery)
      slot.waiting.shift()
      finish(delivery)
    }
    live.release(slot)
    metrics.liveActors.set(live.size)
  }

  const take = (message: JsMsg): void => {
    const target = parseInboxSubject(message.subject)
    const { partition, address, origin, addressable } = target
    const tracker = trackerOf(partition)
    if (isResolved(partition, message.seq)) return
    metrics.stageIn.inc({ stage: 'host' })
    tracker.take(message.seq)
    if (origin !== 'producer') handedOn.set(origin, message)
    if (isFiller(address)) {
      metrics.ignored.inc({ why: 'filler' })
      tracker.finish(message.seq)
      return
    }
    gate.enter(message.data.length)
    const { slot, idle } = live.claim(partition, address)
    slot.waiting.push({
      partition, origin, addressable, subject: publishedSubject(target, message.subject),
      seq: message.seq, ts: message.time.toISOString(), payload: message.data, msgId: message.headers?.get('Nats-Msg-Id'),
    })
    if (idle) work(slot).catch(loop.fail)
  }

  loop.run(take)

  return {
    ended: loop.ended,
    progress: () => {
      const unfinished = [...trackers.values()].reduce((sum, tracker) => sum + tracker.unfinished, 0)
      return { position: lowest(trackers, reader.position.seq), lag: reader.pending + unfinished }
    },
    resolved: () => ({ inboxSeq: lowest(trackers, reader.position.seq), logSeq: lastAppended }),
    handedOn: () => [...handedOn].map(([origin, message]) =>
      ({ stream: origin === 'internal' ? 'TIMERS' : 'SENT', inboxSeq: message.seq, seq: sequenceInSource(message) })),
    stop: loop.stop,
  }
}

/** The highest INBOX sequence up to which every partition is resolved, of those that have been read. */
function lowest(trackers: ReadonlyMap<number, PositionTracker>, read: number): number {
  let low = read
  for (const tracker of trackers.values()) if (tracker.unfinished > 0) low = Math.min(low, tracker.low)
  return low
}

/** `Nats-Stream-Source` reads `<stream> <sequence> …`. */
const sequenceInSource = (message: JsMsg): number => Number(message.headers?.get('Nats-Stream-Source').split(' ')[1] ?? 0)

/** A subject with wildcards in it is stored untransformed; partition 0 takes and rejects those. */
function filtersOf(partitions: readonly number[], partitionCount: number): string[] {
  if (partitions.length === partitionCount) return []
  return [...partitions.map((partition) => `inbox.${partition}.>`), ...(partitions.includes(0) ? ['in.>'] : [])]
}
