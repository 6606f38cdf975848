import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { nextDeadline } from '../../actors/core/next-deadline.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { abortSubject, parseLogSubject, type Address } from '../../schemas/subjects.ts'
import { createWakeUps } from '../timers/wake-ups.ts'
import { askWithRetry } from '../runtime/retry.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Assignment } from '../cluster/assignment.ts'
import { createOwnershipGuard } from '../cluster/ownership-guard.ts'
import { createInFlightCounter } from '../runtime/in-flight-counter.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { PartitionRun } from '../runtime/partitioned-stage.ts'
import { createLowWatermark } from '../runtime/low-watermark.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import type { Checkpoints } from '../jetstream/checkpoints.ts'
import { rearm } from './rearm.ts'
import { resend } from './resend-events.ts'
import type { RecordRepair, StreamTruncation } from '../jetstream/stream-truncation.ts'
import { withPosition, type StreamPosition } from '../jetstream/position-history.ts'
import { resumePartitions } from '../jetstream/resume-reading.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import { deadLettersOf, hasDeadLetters } from './dead-letter-messages.ts'
import { removeDeadLetter } from './remove-dead-letter.ts'
import { abortedBy, eventsOf, sentBy, tasksOf, type Outgoing } from './outgoing-messages.ts'

export interface DispatcherOptions {
  readonly jetstream: JetStreamContext
  readonly checkpoints: Checkpoints
  readonly truncation: StreamTruncation
  readonly partitions: readonly number[]
  /** Whether a partition is this member's, and whether it is so by its own clock too. */
  readonly isAssigned: Assignment['isAssigned']
  readonly hasValidLease: Assignment['hasValidLease']
  /** Records under way, and their bytes. */
  readonly recordsMax: number
  readonly bytesMax: number
  readonly checkpointMs: number
  readonly log: Logger
  readonly metrics: Metrics
}

/**
 * The dispatcher: carries out what records ask for, at least once and under stable ids. The only place with side effects, so
 * that nothing that reads the log later repeats one. An actor's records are carried out one after another; its events
 * go out in their order, and so does what it sends to other actors.
 */
export async function startDispatcher(options: DispatcherOptions): Promise<PartitionRun> {
  const { jetstream, metrics, log, checkpoints, truncation, partitions } = options
  const { histories, starts } = await resume(options)
  const owed = await truncation.findRepairs(partitions)
  await resendLost(options, owed, starts)
  const startSeq = Math.min(...starts.values())
  const reader = await openReader(jetstream, {
    stream: 'LOG',
    filterSubjects: [],
    startSeq: startSeq + 1,
    messagesMax: options.recordsMax,
  })
  const inFlight = createInFlightLimiter({ countMax: options.recordsMax, bytesMax: options.bytesMax })
  const loop = createConsumeLoop(reader, inFlight)
  const deps = { publisher: jetstream.publisher, log, metrics, signal: loop.signal }
  const wakeUps = createWakeUps({ jetstream, log, metrics, signal: loop.signal })
  const watermark = createLowWatermark(startSeq)
  /** The last record under way of each actor that has one. */
  const chains = new Map<string, Promise<void>>()
  /** The reader may have the next one in its hand already. */
  let lastTaken: JsMsg | undefined
  /** Positions that were taken and may become the checkpoint once all up to them is done, oldest first. */
  let candidates: StreamPosition[] = []
  let saved = startSeq
  /** Records under way of each partition that this run still has. */
  const underWay = new Map(partitions.map((partition) => [partition, createInFlightCounter()]))
  /** Partitions of which something was left to another: nothing of them is wholly done by this run. */
  const handedOff = new Set<number>()
  let isStopping = false
  const isStillOwned = createOwnershipGuard({
    isAssigned: (partition) => !isStopping && underWay.has(partition) && options.isAssigned(partition), hasValidLease: options.hasValidLease,
  }, loop.signal)

  const inTurn = async (messages: readonly Outgoing[]): Promise<void> => {
    for (const { subject, payload, ...how } of messages) await publishWithRetry(deps, subject, payload, how)
  }
  const carryOut = async ({ partition, address }: Placed, record: LogRecord, logSeq: number): Promise<void> => {
    const begun = performance.now()
    const deadLetters = hasDeadLetters(record) ? await askWithRetry(deps, `the original of LOG ${logSeq}`, () => deadLettersOf(jetstream, address, record, logSeq)) : []
    const sent = sentBy(address, record)
    const others = [...tasksOf(address, record), ...deadLetters]
    const due = dueUnlessCovered(address, record)
    const [wakeUp] = await Promise.all([
      due === undefined ? 'there' : wakeUps.set(address, due.at, { isNew: record.n === 1, isOurs: () => isStillOwned(partition) }),
      inTurn(eventsOf(address, record)),
      inTurn(sent),
      ...others.map(({ subject, payload, ...how }) => publishWithRetry(deps, subject, payload, how)),
    ])
    if (record.resolves !== undefined) {
      await removeDeadLetter(jetstream, record.resolves)
      metrics.deadLettersResolved.inc({ end: record.resolves.end })
    }
    if (wakeUp === 'not_ours') handedOff.add(partition)
    if (wakeUp === 'set' || sent.length + others.length > deadLetters.length) truncation.markChanged()
    for (const deadLetter of deadLetters) metrics.deadLetters.inc({ reason: deadLetter.reason })
    metrics.stageOut.inc({ stage: 'dispatch' }, record.emitted.length + sent.length + others.length)
    if (sent.length > 0) metrics.sent.inc({ kind: address.kind }, sent.length)
    for (const run of abortedBy(record)) jetstream.nc.publish(abortSubject(run))
    metrics.handlerSeconds.observe({ stage: 'dispatch' }, (performance.now() - begun) / 1000)
  }

  /** What the actor waits for first, if it may be without an alarm for that. */
  const dueUnlessCovered = (address: Address, { state, inbox }: LogRecord) => {
    const due = nextDeadline(state)
    return due === undefined || wakeUps.covers(address, due.at, inbox.ts) ? undefined : due
  }
  const take = (message: JsMsg): void => {
    const { partition, address } = parseLogSubject(message.subject)
    const working = underWay.get(partition)
    lastTaken = message
    watermark.take(message.seq)
    if (working === undefined || message.seq <= (starts.get(partition) ?? 0)) return watermark.finish(message.seq)
    metrics.stageIn.inc({ stage: 'dispatch' })
    const record = message.json<LogRecord>()
    if (!hasEffects(record) && dueUnlessCovered(address, record) === undefined) return watermark.finish(message.seq)
    inFlight.acquire(message.data.length)
    working.increment()
    const before = chains.get(message.subject)
    const done = (before ?? Promise.resolve()).then(() => carryOut({ partition, address }, record, message.seq)).then(() => {
      if (chains.get(message.subject) === done) chains.delete(message.subject)
      watermark.finish(message.seq)
      inFlight.release(message.data.length)
      working.decrement()
    })
    chains.set(message.subject, done)
    done.catch(loop.fail)
  }

  /** Writes down what is wholly done; a crash repeats only what came after. */
  const saveCheckpoints = async (): Promise<void> => {
    if (lastTaken !== undefined && lastTaken.seq > (candidates.at(-1)?.seq ?? saved)) candidates.push(reader.positionOf(lastTaken))
    const done = candidates.findLast((position) => position.seq <= watermark.low)
    if (done === undefined) return
    candidates = candidates.filter((position) => position.seq > done.seq)
    saved = done.seq
    await save([...underWay.keys()], done)
  }
  /** What another may own by now is left to him: his checkpoint is the newer one. */
  const save = async (some: readonly number[], done: StreamPosition): Promise<void> => {
    await truncation.saveEnds()
    await Promise.all(some.filter((partition) => options.hasValidLease(partition) && !handedOff.has(partition)).map(async (partition) => {
      const before = histories.get(partition) ?? []
      if ((before[0]?.seq ?? -1) >= done.seq) return
      const history = withPosition(before, done)
      histories.set(partition, history)
      await checkpoints.save(partition, history)
    }))
  }
  const saving = periodicJob(options.checkpointMs, async () => {
    await saveCheckpoints().catch(loop.fail)
    return options.checkpointMs
  })
  loop.signal.addEventListener('abort', () => void saving.stop())
  loop.run(take)
  rearmMissing(options, owed, starts, loop.signal).catch(loop.fail)

  return {
    ended: loop.ended,
    progress: () => ({ position: watermark.low, lag: reader.pending + watermark.unfinished }),
    async release(gone) {
      const waits = gone.flatMap((partition) => underWay.get(partition) ?? [])
      for (const partition of gone) underWay.delete(partition)
      const upTo = lastTaken
      await Promise.race([Promise.all(waits.map((working) => working.whenZero())), loop.ended.catch(() => undefined)])
      if (upTo !== undefined && waits.every((working) => working.count === 0)) await save(gone, reader.positionOf(upTo))
    },
    async stop() {
      isStopping = true
      await loop.stop()
      await saving.stop()
      await saveCheckpoints().catch((error: unknown) => log.warn({ err: error }, 'the dispatcher could not save its checkpoint; it will repeat a little'))
    },
  }
}

type Placed = ReturnType<typeof parseLogSubject>

/** Sending again what SENT lost must not keep a dispatcher from beginning for ever: it fails then, and is tried again. */
const RESEND_MS_MAX = 600_000

/** Where each partition goes on, with the history of positions that led there. */
async function resume({ jetstream, checkpoints, truncation, partitions, log, metrics }: DispatcherOptions) {
  const stored = new Map<number, readonly StreamPosition[]>()
  for (const partition of partitions) stored.set(partition, await checkpoints.load(partition))
  const resumed = await resumePartitions({
    jetstream, log, metrics, reader: 'dispatcher', remedy: 'it arms again what actors wait for',
  }, stored)
  const truncated = [...resumed].filter(([, one]) => one.truncated).map(([partition]) => partition)
  if (truncated.length > 0) await truncation.requireRepair(truncated)
  return {
    histories: new Map([...resumed].map(([partition, { history }]) => [partition, history])),
    starts: new Map([...resumed].map(([partition, { position }]) => [partition, position])),
  }
}

const startOf = (starts: ReadonlyMap<number, number>) => (partition: number): number => starts.get(partition) ?? 0

async function resendLost({ jetstream, log, metrics }: DispatcherOptions, { resend: lost }: RecordRepair, starts: ReadonlyMap<number, number>): Promise<void> {
  if (lost === undefined) return
  const count = await resend({ jetstream, log, metrics, signal: AbortSignal.timeout(RESEND_MS_MAX), ...lost, upTo: startOf(starts) })
  log.warn({ partitions: lost.partitions.length, count }, 'events from actor to actor were sent again')
}

/** Beside the dispatcher's work: of many actors it takes its time. */
async function rearmMissing({ jetstream, truncation, log, metrics }: DispatcherOptions, { epoch, rearm: partitions }: RecordRepair, starts: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void> {
  if (partitions.length === 0) return
  const rearmed = await rearm({
    jetstream, log, metrics, signal, partitions, upTo: startOf(starts), occasion: `epoch-${epoch}`, now: () => new Date().toISOString(),
  })
  await truncation.completeRepair(partitions, epoch)
  log.warn({ partitions: partitions.length, ...rearmed }, 'tasks and timers that were missing are armed again')
}

const hasEffects = (record: LogRecord): boolean =>
  record.reason !== undefined
  || record.sent !== undefined
  || record.resolves !== undefined
  || record.emitted.length + record.started.length + record.ended.length > 0
