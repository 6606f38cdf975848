import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { decide } from '../../actors/core/decide.ts'
import type { Decision, Message, PendingRecord } from '../../actors/core/decision.ts'
import { nextDeadline } from '../../actors/core/next-deadline.ts'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { hasCode } from '../../schemas/errors.ts'
import type { RecordForm } from '../../schemas/record-form.ts'
import { createOwnershipGuard } from '../cluster/ownership-guard.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import type { ReadFrom } from '../jetstream/last-record.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { askWithRetry } from '../runtime/retry.ts'
import { createWakeUps } from '../timers/wake-ups.ts'
import type { CallSlot } from '../watchdog/call-slot.ts'
import { runKindCode } from '../watchdog/kind-code.ts'
import type { Suspects, Suspicion } from '../watchdog/suspects.ts'
import { type CachedActor, loadActor, type Mailbox } from './actor-cache.ts'
import type { Appended } from './hand-over.ts'
import type { LateSends } from './late-sends.ts'
import { observeQuality } from './quality-scores.ts'
import { newSalt, recordHash } from './record-chain.ts'
import { observeTimer } from './timer-lateness.ts'

/** A message in flight, with the partition whose watermark waits for it. */
export interface Delivery extends Message {
  readonly partition: number
  /** `ts` in milliseconds since 1970. */
  readonly storedMs: number
}

export interface HandlerDeps {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => string
  readonly signal: AbortSignal
  readonly lowOf: (partition: number) => number
  /** Whether a partition is assigned to this host, as far as it knows. */
  readonly isAssigned: (partition: number) => boolean
  /** Whether the host may append for it: by its own clock its heartbeats are current. */
  readonly hasValidLease: (partition: number) => boolean
  /** After a refused append: whether the cluster registry has another owner for the partition. */
  readonly isLost: (partition: number) => Promise<boolean>
  /** The form in which the host writes the next record. */
  readonly recordForm: () => RecordForm
  /** Gives up a partition whose records are of a newer machine or form than this host has. */
  readonly yieldPartition: (partition: number) => Promise<void>
  /** Shows the decision under way to the watchdog outside this thread. */
  readonly calls: CallSlot
  /** Inputs that ended a host; usually none. */
  readonly suspects: Suspects
  /** Forgets such an input in the whole cluster, once it is recorded. */
  readonly forgetHostEnds: (seq: number) => Promise<void>
  /** Recognises repeats that the actor cannot. */
  readonly lateSends: LateSends
  /** Called with each acknowledged record. */
  readonly onAppended: (appended: Appended) => void
}

/**
 * Actors that are loaded at a time. For an actor that rested, nats-server reads a whole block of LOG, 8 MB, into its memory, and appends
 * nothing meanwhile: a thousand such loads held up all appends for 10 s, 32 of them for 0.6 s, and were done five times sooner
 * (decision 39).
 */
const LOADS_MAX = 32

/** In this time a host decides what has gathered during a restart. */
const SUSPECT_PAUSE_MS = 500

interface Attempt {
  /** As for `decide`. */
  readonly fresh: boolean
  readonly suspicion: Suspicion | undefined
}

/** `lost`: another host owns the partition and will handle the message. */
export type Handled = 'done' | 'lost'

/**
 * Creates the handler of one message of one actor: it decides, and appends the record with the expected last sequence of the actor's
 * subject. The handler settles when LOG has acknowledged the record, when the message needs none, or when another host owns it. It rejects
 * only when the host has to restart.
 */
export function createHandler(deps: HandlerDeps): (mailbox: Mailbox<Delivery>, delivery: Delivery) => Promise<Handled> {
  const { jetstream, kinds, log, metrics, signal, calls, suspects } = deps
  const wakeUps = createWakeUps({ jetstream, log, metrics, signal })
  const isStillOwned = createOwnershipGuard(deps, signal)

  const loads = pLimit(LOADS_MAX)
  const load = async ({ subject, address }: Mailbox<Delivery>, from: ReadFrom): Promise<CachedActor> => {
    metrics.actorLoads.inc()
    // A load that pauses between two attempts holds up no other.
    return askWithRetry(deps, subject, () =>
      loads(() => {
        signal.throwIfAborted()
        return loadActor(jetstream, subject, address, from)
      }),
    )
  }
  const decideOn = ({ subject }: Mailbox<Delivery>, cached: CachedActor, delivery: Delivery, { fresh, suspicion }: Attempt) => {
    const { seq, storedMs, partition } = delivery
    const { lastSeq, lastHash: prev } = cached
    const chain = deps.recordForm() === 1 ? undefined : { prev, salt: newSalt() }
    const context = { now: deps.now(), low: deps.lowOf(partition), lastSeq, hostEnds: suspicion?.poison, chain }
    const startedMs = performance.now()
    const decision = { seq, storedMs, subject, isSuspect: suspicion?.isSuspect === true }
    calls.enter(decision)
    try {
      return runKindCode(decision, decide, kinds, cached.actor, delivery, context, fresh)
    } finally {
      calls.leave()
      metrics.handlerSeconds.observe({ stage: 'host' }, (performance.now() - startedMs) / 1000)
    }
  }
  /** An input that is recorded now is no longer suspected. */
  const acquit = async ({ seq }: Delivery): Promise<void> => {
    if (!suspects.acquit(seq)) return
    await askWithRetry(deps, `the host ends of input ${seq}`, () => deps.forgetHostEnds(seq))
  }
  /** Sets the next wake-up after one that fired for a deadline that no longer exists. */
  const setNextWakeUp = async ({ actor: { address, state } }: CachedActor): Promise<void> => {
    const due = nextDeadline(state)
    if (due !== undefined) await wakeUps.set(address, due.at)
  }
  /** Leaves a partition to hosts with newer code: older code could damage the state of its actors. */
  const leaveToNewer = (error: unknown, { partition }: Delivery): undefined => {
    if (!hasCode(error, 'newer_machine') && !hasCode(error, 'newer_record')) throw error
    log.error({ partition, err: error }, 'left a partition to hosts with newer code; upgrade this host')
    deps.yieldPartition(partition).catch((failure: unknown) => log.warn({ err: failure }, 'could not give up a partition in order'))
  }
  /** `undefined` if the actor's machine is newer than this host's. */
  const decideUnlessNewer = (
    mailbox: Mailbox<Delivery>,
    cached: CachedActor,
    delivery: Delivery,
    attempt: Attempt,
  ): Decision | undefined => {
    try {
      return decideOn(mailbox, cached, delivery, attempt)
    } catch (error) {
      return leaveToNewer(error, delivery)
    }
  }
  /** False if another host appended first, or an earlier attempt of this append succeeded: only the log tells which. */
  const append = async (
    { partition }: Delivery,
    mailbox: Mailbox<Delivery>,
    cached: CachedActor,
    pending: PendingRecord,
  ): Promise<boolean> => {
    const { subject, address } = mailbox
    const { record, encoded, next: actor } = pending
    const appended = await publishWithRetry(
      { publisher: jetstream.publisher, log, metrics, signal },
      subject,
      encoded,
      { expectLastSubjectSequence: cached.expectedSeq },
      [JS_CODE.wrongLastSequence],
    )
    if (!appended.ok) return false
    const { seq } = appended
    const after = Math.max(cached.lastSeq, cached.expectedSeq)
    mailbox.cached = actor && { actor, lastSeq: seq, expectedSeq: seq, lastHash: recordHash(encoded) }
    deps.onAppended({ seq, subject, partition, address, record, whole: () => record, bytes: encoded.length, after })
    count(metrics, cached, pending)
    return true
  }

  const handle = async (mailbox: Mailbox<Delivery>, delivery: Delivery): Promise<Handled> => {
    let fresh = mailbox.cached === undefined
    let from: ReadFrom = 'anyReplica'
    for (;;) {
      signal.throwIfAborted()
      const cached = mailbox.cached ?? (await load(mailbox, from).catch((error: unknown) => leaveToNewer(error, delivery)))
      if (cached === undefined) return 'lost'
      const suspicion = suspects.against(delivery, mailbox.subject)
      // After inputs that others have stored meanwhile: they do not wait for another end and restart.
      if (suspicion?.hasEndedHost === true && suspicion.poison === undefined) await delay(SUSPECT_PAUSE_MS, undefined, { signal })
      // Alone in its turn: if it ends the process again, the file names no other input.
      if (suspicion !== undefined) await nextTurn()
      const decision = decideUnlessNewer(mailbox, cached, delivery, { fresh, suspicion })
      if (decision === undefined) return 'lost'
      switch (decision.kind) {
        case 'duplicate':
          metrics.duplicates.inc({ by: decision.by })
          if (suspicion?.isLeftBehind === false) await acquit(delivery)
          return 'done'
        case 'ignored':
          metrics.ignored.inc({ why: decision.why })
          if (decision.why === 'nothing_expired') await setNextWakeUp(cached)
          await acquit(delivery)
          return 'done'
        case 'threw':
          log.warn({ subject: mailbox.subject, err: decision.error }, 'a machine threw; retrying on a reloaded actor')
          break
        case 'record':
          if (delivery.origin === 'actor' && (await deps.lateSends.isRecorded(cached, delivery, mailbox.subject, decision.record.input))) {
            metrics.duplicates.inc({ by: 'sequence' })
            await acquit(delivery)
            return 'done'
          }
          // A host that was paused for too long notices by its own clock, or by the first refused append.
          if (!deps.hasValidLease(delivery.partition) && !(await isStillOwned(delivery.partition))) return 'lost'
          if (await append(delivery, mailbox, cached, decision)) {
            await acquit(delivery)
            return 'done'
          }
          if (await askWithRetry(deps, `the owner of partition ${delivery.partition}`, () => deps.isLost(delivery.partition))) return 'lost'
          from = 'leader'
      }
      mailbox.cached = undefined
      fresh = true
    }
  }
  return handle
}

function count(metrics: Metrics, { actor }: CachedActor, { record }: PendingRecord): void {
  metrics.stageOut.inc({ stage: 'host' })
  observeTimer(metrics, actor, record)
  observeQuality(metrics, actor.address.kind, record)
  if (record.reason !== undefined) metrics.rejected.inc({ reason: record.reason })
  if (record.status === 'error' && actor.status !== 'error') metrics.actorErrors.inc({ kind: actor.address.kind })
}
