import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import type { PublicRecord } from '../../schemas/record.ts'
import { abortSubject, taskSubject } from '../../schemas/subjects.ts'
import type { Assignment } from '../cluster/assignment.ts'
import { createOwnershipGuard } from '../cluster/ownership-guard.ts'
import type { HandOver, TakeAppended } from '../host/hand-over.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { messageAt } from '../jetstream/last-record.ts'
import { type BadRecord, dueOf, type LogEntry, logParser, reportBadRecord } from '../jetstream/log-message.ts'
import { bytesOf, openReader } from '../jetstream/ordered-reader.ts'
import { type StreamPosition, withPosition } from '../jetstream/position-history.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import { resumePartitions } from '../jetstream/resume-reading.ts'
import type { RecordRepair, StreamTruncation } from '../jetstream/stream-truncation.ts'
import { createInFlightCounter, type InFlightCounter } from '../runtime/in-flight-counter.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { createLowWatermark } from '../runtime/low-watermark.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { PartitionRun } from '../runtime/partitioned-stage.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { askWithRetry } from '../runtime/retry.ts'
import { createWakeUps } from '../timers/wake-ups.ts'
import { createCarriedOutBefore } from './carried-out-before.ts'
import {
  badRecordDeadLetter,
  type DeadLetterMessage,
  deadLettersOf,
  hasDeadLetters,
  originalOf,
  publishDeadLetter,
  removeDeadLetter,
} from './dead-letter-messages.ts'
import { abortedBy, eventsOf, type Outgoing, sentBy, stoppedBy, tasksOf } from './outgoing-messages.ts'
import { rearm } from './rearm.ts'
import { resend } from './resend-events.ts'
import { removeStopped } from './stopped-tasks.ts'

export interface DispatcherOptions {
  readonly jetstream: JetStreamContext
  readonly checkpoints: Checkpoints
  readonly truncation: StreamTruncation
  readonly partitions: readonly number[]
  /** Whether a partition is assigned to this member, and whether its lease is valid by this member's clock. */
  readonly isAssigned: Assignment['isAssigned']
  readonly hasValidLease: Assignment['hasValidLease']
  /** Max records in flight, and their bytes. */
  readonly recordsMax: number
  readonly bytesMax: number
  /** Interval of the checkpoints. */
  readonly checkpointMs: number
  /** Brings the records of the host in this thread before LOG does. Absent: there is no host. */
  readonly handOver?: HandOver | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Logger
  readonly metrics: Metrics
}

/**
 * Starts the dispatcher: it reads LOG and carries out the effects of records, at least once and under stable ids. No other reader of the
 * log has side effects, so that replaying or rebuilding repeats none. The records of an actor are carried out one after another; its events
 * are published in order, and so are its messages to other actors.
 *
 * It follows all of LOG, and carries out a record when the host of its thread hands it over or when it comes to it, whichever is first.
 * Only following moves its checkpoint. Beside a host it follows the headers alone, and fetches a record that was not handed over.
 */
export async function startDispatcher(options: DispatcherOptions): Promise<PartitionRun> {
  const { jetstream, metrics, log, checkpoints, truncation, partitions, handOver } = options
  const { histories, starts } = await resumeDispatching(options)
  const repair = await truncation.findRepairs(partitions)
  await resendLost(options, repair, starts)
  const startSeq = Math.min(...starts.values())
  const headersOnly = handOver !== undefined
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [],
    startSeq: startSeq + 1,
    messagesMax: options.recordsMax,
    headersOnly,
  })
  const backlogEnd = startSeq + reader.pending
  const parse = await logParser(jetstream)
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const deps = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  const wakeUps = createWakeUps({ jetstream, log, metrics, signal: loop.signal })
  const watermark = createLowWatermark(startSeq)
  /** Per subject of an actor, the last of its records in flight. */
  const chains = new Map<string, Promise<void>>()
  /** The last message taken. The reader's own position may be one further. */
  let lastTaken: JsMsg | undefined
  /** Positions, oldest first. Each becomes the checkpoint when all records up to it are done. */
  let candidates: StreamPosition[] = []
  let saved = startSeq
  /** Records that were handed over and that reading has not come to yet, by sequence: the end of each. */
  const handed = new Map<number, Promise<void>>()
  /** The reverse: records that reading came to first, and that the host may still hand over. */
  const awaited = new Map<number, (entry: LogEntry) => void>()
  /** The number of records in flight of each partition that this run still owns. */
  const inFlightOf = new Map(partitions.map((partition) => [partition, createInFlightCounter()]))
  /** Partitions with an effect that this run left to the next owner. This run must not move their checkpoint past it. */
  const handedOff = new Set<number>()
  let isStopping = false
  const isStillOwned = createOwnershipGuard(
    {
      isAssigned: (partition) => !isStopping && inFlightOf.has(partition) && options.isAssigned(partition),
      hasValidLease: options.hasValidLease,
    },
    loop.signal,
  )

  const earlier = await createCarriedOutBefore(jetstream, options.now)
  const publishInOrder = async (messages: readonly Outgoing[]): Promise<void> => {
    for (const { subject, payload, ...publishOptions } of messages) await publishWithRetry(deps, subject, payload, publishOptions)
  }
  const bury = async (deadLetter: DeadLetterMessage, since: string): Promise<void> => {
    if (await publishDeadLetter(deps, jetstream, deadLetter, since)) metrics.deadLetters.inc({ reason: deadLetter.reason })
  }
  const carryOut = async (entry: LogEntry): Promise<void> => {
    const { partition, address, record, seq: logSeq } = entry
    const startedMs = performance.now()
    const deadLetters = hasDeadLetters(record)
      ? deadLettersOf(
          address,
          record,
          logSeq,
          await askWithRetry(deps, `the original of LOG ${logSeq}`, () => originalOf(jetstream, record)),
        )
      : []
    const sent = record.sent === undefined ? [] : sentBy(address, record, entry.whole()?.salt)
    const { events, tasks } = earlier.isRecent(record)
      ? { events: eventsOf(address, record), tasks: tasksOf(address, entry) }
      : await askWithRetry(deps, `what was published for LOG ${logSeq}`, () => earlier.effectsLeft(address, entry))
    const due = uncoveredDeadline(entry)
    const [wakeUp] = await Promise.all([
      due === undefined ? 'there' : wakeUps.set(address, due, { isNew: record.n === 1, isStillOwned: () => isStillOwned(partition) }),
      publishInOrder(events),
      publishInOrder(sent),
      ...tasks.map(({ subject, payload, ...publishOptions }) => publishWithRetry(deps, subject, payload, publishOptions)),
      ...deadLetters.map((deadLetter) => bury(deadLetter, record.inbox.ts)),
    ])
    if (record.resolves !== undefined) {
      await removeDeadLetter(jetstream, record.resolves)
      metrics.deadLettersResolved.inc({ end: record.resolves.end })
    }
    if (wakeUp === 'not_ours') handedOff.add(partition)
    if (wakeUp === 'set' || sent.length + tasks.length > 0) truncation.markChanged()
    metrics.stageOut.inc({ stage: 'dispatch' }, events.length + sent.length + tasks.length + deadLetters.length)
    if (sent.length > 0) metrics.sent.inc({ kind: address.kind }, sent.length)
    for (const run of abortedBy(record)) jetstream.nc.publish(abortSubject(run))
    for (const { run, task } of stoppedBy(record)) {
      await askWithRetry(deps, `the stopped run ${run} in TASKS`, () => removeStopped(jetstream, taskSubject(task, address), run))
    }
    metrics.handlerSeconds.observe({ stage: 'dispatch' }, (performance.now() - startedMs) / 1000)
  }

  /** Puts a message of LOG that is no record into DEAD. */
  const setAside = async (entry: BadRecord): Promise<void> => {
    reportBadRecord({ log, metrics }, 'dispatcher', entry)
    await bury(badRecordDeadLetter(entry, jetstream.nc.info?.max_payload), entry.bad.at)
  }
  /** The actor's next deadline, unless a wake-up is known to cover it. */
  const uncoveredDeadline = (entry: LogEntry): string | undefined => {
    const due = dueOf(entry)
    return due === undefined || wakeUps.covers(entry.address, due, entry.record.inbox.ts) ? undefined : due
  }
  /** What carries an entry out; `undefined` if it has no effects. */
  const effectOf = (entry: LogEntry | BadRecord): (() => Promise<void>) | undefined => {
    if (entry.bad !== undefined) return () => setAside(entry)
    return hasEffects(entry.record) || uncoveredDeadline(entry) !== undefined ? () => carryOut(entry) : undefined
  }
  /** Runs an effect after the earlier ones of its subject. */
  const enqueue = (subject: string, bytes: number, counter: InFlightCounter, effect: () => Promise<void> | undefined): Promise<void> => {
    inFlight.acquire(bytes)
    counter.increment()
    const before = chains.get(subject)
    const done = (before ?? Promise.resolve()).then(effect).then(() => {
      if (chains.get(subject) === done) chains.delete(subject)
      inFlight.release(bytes)
      counter.decrement()
    })
    chains.set(subject, done)
    done.catch(loop.fail)
    return done
  }
  /** Fetches a record of which only the headers were read. `undefined` if LOG lost it meanwhile. */
  const fetchEntry = async (seq: number): Promise<LogEntry | BadRecord | undefined> => {
    const found = await askWithRetry(
      { log, signal: loop.signal },
      `LOG ${seq}`,
      async () => (await messageAt(jetstream, seq, 'anyReplica')) ?? messageAt(jetstream, seq),
    )
    return found && parse(found)
  }
  /** The record of a message of which only the headers were read. The host may be about to hand it over. */
  const entryOf = ({ seq, subject }: JsMsg): Promise<LogEntry | BadRecord | undefined> => {
    if (seq <= backlogEnd || handOver?.isHosted(parse.partitionOf(subject)) !== true) return fetchEntry(seq)
    const { promise, resolve, reject } = Promise.withResolvers<LogEntry | BadRecord | undefined>()
    const late = setTimeout(() => {
      awaited.delete(seq)
      fetchEntry(seq).then(resolve, reject)
    }, HAND_OVER_MS_MAX)
    awaited.set(seq, (entry) => {
      awaited.delete(seq)
      clearTimeout(late)
      resolve(entry)
    })
    return promise
  }
  const start = (message: JsMsg, counter: InFlightCounter): Promise<void> | undefined => {
    metrics.stageIn.inc({ stage: 'dispatch' })
    const bytes = bytesOf(message)
    if (!headersOnly) {
      const effect = effectOf(parse(message))
      return effect && enqueue(message.subject, bytes, counter, effect)
    }
    const found = entryOf(message)
    found.catch(() => undefined)
    return enqueue(message.subject, bytes, counter, async () => {
      const entry = await found
      await (entry && effectOf(entry))?.()
    })
  }
  const take = (message: JsMsg): void => {
    const { seq, subject } = message
    const partition = parse.partitionOf(subject)
    const counter = inFlightOf.get(partition)
    lastTaken = message
    watermark.take(seq)
    let done = handed.get(seq)
    if (done !== undefined) handed.delete(seq)
    else if (counter !== undefined && seq > (starts.get(partition) ?? 0)) done = start(message, counter)
    if (done === undefined) return watermark.finish(seq)
    // A failure ends the loop.
    done.then(
      () => watermark.finish(seq),
      () => undefined,
    )
  }
  /**
   * Takes a record of the host if nothing of its actor can be before it: this run has done, or is doing, all records of the actor up to the
   * one that the host appended it after.
   */
  const takeAppended: TakeAppended = (appended) => {
    const { seq, subject, partition, after, bytes } = appended
    const give = awaited.get(seq)
    if (give !== undefined) {
      metrics.handedOver.inc()
      give(appended)
      return true
    }
    const counter = inFlightOf.get(partition)
    if (counter === undefined || isStopping || seq <= (lastTaken?.seq ?? 0)) return false
    if (after > Math.max(lastTaken?.seq ?? 0, starts.get(partition) ?? 0) && !handed.has(after)) return false
    if (inFlight.isFull || handed.size >= HANDED_MAX) return false
    metrics.stageIn.inc({ stage: 'dispatch' })
    metrics.handedOver.inc()
    const effect = effectOf(appended)
    handed.set(seq, effect === undefined ? Promise.resolve() : enqueue(subject, bytes, counter, effect))
    return true
  }

  /** Saves the newest position up to which all records are done. A crash repeats only later records. */
  const saveCheckpoints = async (): Promise<void> => {
    if (lastTaken !== undefined && lastTaken.seq > (candidates.at(-1)?.seq ?? saved)) candidates.push(reader.positionOf(lastTaken))
    const done = candidates.findLast((position) => position.seq <= watermark.low)
    if (done === undefined) return
    candidates = candidates.filter((position) => position.seq > done.seq)
    saved = done.seq
    await save([...inFlightOf.keys()], done)
  }
  /** Skips partitions that another member may own by now: its checkpoint is newer. */
  const save = async (owned: readonly number[], done: StreamPosition): Promise<void> => {
    await truncation.saveEnds()
    await Promise.all(
      owned
        .filter((partition) => options.hasValidLease(partition) && !handedOff.has(partition))
        .map(async (partition) => {
          const before = histories.get(partition) ?? []
          if ((before[0]?.seq ?? -1) >= done.seq) return
          const history = withPosition(before, done)
          histories.set(partition, history)
          await checkpoints.save(partition, history)
        }),
    )
  }
  const saving = periodicJob(options.checkpointMs, async () => {
    await saveCheckpoints().catch(loop.fail)
    return options.checkpointMs
  })
  loop.signal.addEventListener('abort', () => void saving.stop())
  loop.run(take)
  const leave = handOver?.addDispatcher(takeAppended)
  loop.signal.addEventListener('abort', () => leave?.())
  rearmMissing(options, repair, starts, loop.signal).catch(loop.fail)

  return {
    ended: loop.ended,
    progress: () => ({ position: watermark.low, lag: reader.pending + watermark.unfinished }),
    async release(released) {
      const counters = released.flatMap((partition) => inFlightOf.get(partition) ?? [])
      for (const partition of released) inFlightOf.delete(partition)
      const upTo = lastTaken
      await Promise.race([Promise.all(counters.map((counter) => counter.whenZero())), loop.ended.catch(() => undefined)])
      if (upTo !== undefined && counters.every((counter) => counter.count === 0)) await save(released, reader.positionOf(upTo))
    },
    async stop() {
      isStopping = true
      await loop.stop()
      await saving.stop()
      await saveCheckpoints().catch((error: unknown) =>
        log.warn({ err: error }, 'the dispatcher could not save its checkpoint; the next run repeats the records after the last one'),
      )
    },
  }
}

/** Reading may come to a record before its host has the acknowledgement. After this time nobody in this thread has appended it. */
const HAND_OVER_MS_MAX = 50
/** Records handed over that reading has not come to yet: of each the run keeps its sequence. */
const HANDED_MAX = 65_536

/** Bounds the publishing of lost messages, which must not block the start for ever. After this time the start fails and is retried. */
const RESEND_MS_MAX = 600_000

/** The position from which each partition continues, and its position history. */
async function resumeDispatching({ jetstream, checkpoints, truncation, partitions, log, metrics }: DispatcherOptions) {
  const stored = new Map<number, readonly StreamPosition[]>()
  for (const partition of partitions) stored.set(partition, await checkpoints.load(partition))
  const resumed = await resumePartitions(
    { jetstream, log, metrics, reader: 'dispatcher', remedy: 'it restores the pending tasks and wake-ups of actors', canUndo: false },
    stored,
  )
  const truncated = [...resumed].filter(([, one]) => one.truncated).map(([partition]) => partition)
  if (truncated.length > 0) await truncation.requireRepair(truncated)
  return {
    histories: new Map([...resumed].map(([partition, { history }]) => [partition, history])),
    starts: new Map([...resumed].map(([partition, { position }]) => [partition, position])),
  }
}

const startOf =
  (starts: ReadonlyMap<number, number>) =>
  (partition: number): number =>
    starts.get(partition) ?? 0

/** Publishes messages between actors that SENT lost, before the dispatcher publishes newer ones. */
async function resendLost(
  { jetstream, log, metrics }: DispatcherOptions,
  { resend: lost }: RecordRepair,
  starts: ReadonlyMap<number, number>,
): Promise<void> {
  if (lost === undefined) return
  const count = await resend({ jetstream, log, metrics, signal: AbortSignal.timeout(RESEND_MS_MAX), ...lost, upTo: startOf(starts) })
  log.warn({ partitions: lost.partitions.length, count }, 'published again the messages between actors that SENT may have lost')
}

/** Restores lost tasks and wake-ups. Runs while the dispatcher works, because many actors take long. */
async function rearmMissing(
  { jetstream, truncation, log, metrics }: DispatcherOptions,
  { epoch, rearm: partitions }: RecordRepair,
  starts: ReadonlyMap<number, number>,
  signal: AbortSignal,
): Promise<void> {
  if (partitions.length === 0) return
  const rearmed = await rearm({
    jetstream,
    log,
    metrics,
    signal,
    partitions,
    upTo: startOf(starts),
    occasion: `epoch-${epoch}`,
    now: () => new Date().toISOString(),
  })
  await truncation.completeRepair(partitions, epoch)
  log.warn({ partitions: partitions.length, ...rearmed }, 'restored the pending tasks and wake-ups that were lost')
}

const hasEffects = (record: PublicRecord): boolean =>
  record.reason !== undefined
  || record.sent !== undefined
  || record.resolves !== undefined
  || record.emitted.length + record.started.length + record.ended.length > 0
