import type { Logger } from 'pino'
import { decide } from '../../actors/core/decide.ts'
import type { Decision, Message, PendingRecord } from '../../actors/core/decision.ts'
import { nextDeadline } from '../../actors/core/next-deadline.ts'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { hasCode } from '../../schemas/errors.ts'
import { createOwnershipGuard } from '../cluster/ownership-guard.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import type { ReadFrom } from '../jetstream/last-record.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { askWithRetry } from '../runtime/retry.ts'
import { createWakeUps } from '../timers/wake-ups.ts'
import { type CachedActor, loadActor, type Mailbox } from './actor-cache.ts'
import { observeTimer } from './timer-lateness.ts'

/** A message under way, with the partition whose `low` waits for it. */
export interface Delivery extends Message {
  readonly partition: number
}

export interface HandlerDeps {
  readonly jetstream: JetStreamContext
  readonly kinds: Kinds
  readonly log: Logger
  readonly metrics: Metrics
  readonly now: () => string
  readonly signal: AbortSignal
  readonly lowOf: (partition: number) => number
  /** Whether a partition is this host's, as far as it knows. */
  readonly isAssigned: (partition: number) => boolean
  /** Whether it may append for it too: by its own clock it was heard of lately. */
  readonly hasValidLease: (partition: number) => boolean
  /** After a refused append: whether the partition has another owner by now, as the cluster's board says. */
  readonly isLost: (partition: number) => Promise<boolean>
  /** Gives a partition up whose records are of a newer machine than this host has. */
  readonly yieldPartition: (partition: number) => Promise<void>
  /** Told the LOG sequence of each record that was acknowledged. */
  readonly onAppended: (seq: number) => void
}

/** `lost`: the partition is another's by now, and so is the message. */
export type Handled = 'done' | 'lost'

/**
 * Handles one message of one actor: decides, and appends the record under the expectation that nobody else did. Settles once the
 * message has a record that LOG acknowledged, needs none, or is another host's; rejects only where the host has to begin anew.
 */
export function createHandler(deps: HandlerDeps): (mailbox: Mailbox<Delivery>, delivery: Delivery) => Promise<Handled> {
  const { jetstream, kinds, log, metrics, signal } = deps
  const wakeUps = createWakeUps({ jetstream, log, metrics, signal })
  const isStillOwned = createOwnershipGuard(deps, signal)

  const load = async (mailbox: Mailbox<Delivery>, from: ReadFrom): Promise<CachedActor> => {
    metrics.actorLoads.inc()
    return askWithRetry(deps, mailbox.subject, () => loadActor(jetstream, mailbox.subject, mailbox.address, from))
  }
  const decideOn = (live: CachedActor, delivery: Delivery, fresh: boolean) => {
    const begun = performance.now()
    const decision = decide(
      kinds,
      live.actor,
      delivery,
      { now: deps.now(), low: deps.lowOf(delivery.partition), lastSeq: live.lastSeq },
      fresh,
    )
    metrics.handlerSeconds.observe({ stage: 'host' }, (performance.now() - begun) / 1000)
    return decision
  }
  /** An alarm that was for something else by the time it went off is followed by one for what the actor waits for now. */
  const setNextWakeUp = async ({ actor: { address, state } }: CachedActor): Promise<void> => {
    const due = nextDeadline(state)
    if (due !== undefined) await wakeUps.set(address, due.at)
  }
  /** `undefined` where the actor's machine is newer than this host's: deciding with older code could undo what it knows. */
  const decideUnlessNewer = (live: CachedActor, delivery: Delivery, fresh: boolean): Decision | undefined => {
    try {
      return decideOn(live, delivery, fresh)
    } catch (error) {
      if (!hasCode(error, 'newer_machine')) throw error
      log.error({ partition: delivery.partition, err: error }, 'a partition is left to hosts with newer code; upgrade this one')
      deps
        .yieldPartition(delivery.partition)
        .catch((failure: unknown) => log.warn({ err: failure }, 'a partition could not be given up in order'))
      return undefined
    }
  }
  /** False where somebody else was first, or an earlier try of this very append did succeed: only the log knows which. */
  const append = async (mailbox: Mailbox<Delivery>, live: CachedActor, draft: PendingRecord): Promise<boolean> => {
    const appended = await publishWithRetry(
      { publisher: jetstream.publisher, log, metrics, signal },
      mailbox.subject,
      draft.encoded,
      { expectLastSubjectSequence: live.lastSeq },
      [JS_CODE.wrongLastSequence],
    )
    if (!appended.ok) return false
    deps.onAppended(appended.seq)
    mailbox.live = draft.next === undefined ? undefined : { actor: draft.next, lastSeq: appended.seq }
    count(metrics, live, draft)
    return true
  }

  return async (mailbox, delivery) => {
    let fresh = mailbox.live === undefined
    let from: ReadFrom = 'anyReplica'
    for (;;) {
      signal.throwIfAborted()
      mailbox.live ??= await load(mailbox, from)
      const decision = decideUnlessNewer(mailbox.live, delivery, fresh)
      if (decision === undefined) return 'lost'
      switch (decision.kind) {
        case 'duplicate':
          metrics.duplicates.inc({ by: decision.by })
          return 'done'
        case 'ignored':
          metrics.ignored.inc({ why: decision.why })
          if (decision.why === 'nothing_expired') await setNextWakeUp(mailbox.live)
          return 'done'
        case 'threw':
          log.warn({ subject: mailbox.subject, err: decision.error }, 'a machine threw; it is tried again on a fresh actor')
          break
        case 'record':
          // A host that was paused for too long finds out by its own clock, or else by the first append that is refused.
          if (!deps.hasValidLease(delivery.partition) && !(await isStillOwned(delivery.partition))) return 'lost'
          if (await append(mailbox, mailbox.live, decision)) return 'done'
          if (await askWithRetry(deps, `the owner of partition ${delivery.partition}`, () => deps.isLost(delivery.partition))) return 'lost'
          from = 'leader'
      }
      mailbox.live = undefined
      fresh = true
    }
  }
}

function count(metrics: Metrics, { actor }: CachedActor, { record }: PendingRecord): void {
  metrics.stageOut.inc({ stage: 'host' })
  observeTimer(metrics, actor, record)
  if (record.reason !== undefined) metrics.rejected.inc({ reason: record.reason })
  if (record.status === 'error' && actor.status !== 'error') metrics.actorErrors.inc({ kind: actor.address.kind })
}
