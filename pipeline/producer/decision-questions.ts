import type { Logger } from 'pino'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord } from '../jetstream/last-record.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { ActorWaiters, Waiter } from './actor-waiters.ts'
import { type Decision, decisionByLast, findDecision } from './find-decision.ts'

/** Asks LOG for the decisions that its reader does not show: one question for an actor at a time answers all of its waiters. */
export interface DecisionQuestions {
  /** Asks after a pause, unless the reader tells all waiters of the actor before. Call it when the first one begins to wait. */
  askLater(actor: ActorWaiters): void
  /** Asks for all actors that are urgent, after this turn of the event loop. */
  askSoon(): void
  stop(): void
}

export interface NewestDecision {
  /** The highest INBOX position that was told; 0 before the first. */
  readonly position: number
  /** When one was told last, by `performance.now()`. */
  readonly atMs: number
}

export interface QuestionDeps {
  readonly jetstream: JetStreamContext
  /** By subject. Those that were asked for move to the end. */
  readonly followed: Map<string, ActorWaiters>
  /** The present run of the reader; `undefined` while there is none. */
  readonly run: () => number | undefined
  /** The newest decision that the reader has told anybody. */
  readonly newest: () => NewestDecision
  readonly log: Logger
}

/** How often it is looked which actors are to be asked for. */
const SWEEP_MS = 10
/** Actors asked for at one time. A tenant gets at most three quarters of these places. */
const ASKED_MAX = 16
/** Searches for one actor, each of some forty reads at most, before it is another one's turn. */
const SEARCHES_MAX = 16
/**
 * Pause before the first question about an actor, and before a repeated one. The first is at least a millisecond for each actor of its
 * tenant that is followed: a tenant causes at most one question a millisecond, however many of its producers wait.
 */
const FIRST_PAUSE_MS = 10
const PAUSE_MS_MAX = 1_000

export function createDecisionQuestions({ jetstream, followed, run, newest, log }: QuestionDeps): DecisionQuestions {
  const places = createFairPlaces(ASKED_MAX)
  let sweeping: NodeJS.Timeout | undefined
  let isSweepDue = false
  /** The last sweep found no place for somebody. */
  let isCrowded = false

  const tell = ({ waiting }: ActorWaiters, waiter: Waiter, decision: Decision): void => {
    if (waiting.delete(waiter)) waiter.settle(decision)
  }
  const askFor = async (subject: string, actor: ActorWaiters): Promise<void> => {
    const { waiting } = actor
    const asked = [...waiting]
    const runAsked = run()
    actor.isUrgent = false
    let searches = 0
    const last = await lastRecord(jetstream, subject)
    for (const waiter of asked) {
      if (!waiting.has(waiter)) continue
      const byLast = decisionByLast(last, waiter.input)
      // That run of the reader shows all records after the last one.
      if (byLast === undefined) waiter.run = runAsked
      else if (byLast !== 'earlier') tell(actor, waiter, byLast)
      else if (last === undefined || ++searches > SEARCHES_MAX) actor.isUrgent = true
      else tell(actor, waiter, await findDecision(jetstream, subject, last, waiter.input.position))
    }
  }
  const postpone = (actor: ActorWaiters, pauseMs: number): void => {
    actor.pauseMs = Math.min(pauseMs, PAUSE_MS_MAX)
    actor.dueMs = performance.now() + actor.pauseMs
  }
  const askInPlace = async (subject: string, actor: ActorWaiters): Promise<void> => {
    actor.isAsking = true
    try {
      await askFor(subject, actor)
    } catch (err) {
      // Waiters give up by timeouts of their own.
      rateLimitedWarn(log, { err }, 'LOG did not tell the decisions that producers wait for; asking again')
    }
    places.release(actor.tenant.name)
    actor.isAsking = false
    postpone(actor, actor.pauseMs * 2)
    if (actor.isUrgent || isCrowded) askSoon()
  }
  /**
   * A host decides in the order of INBOX. While the reader tells decisions about earlier inputs than those that wait, a question would
   * only add to the load that they wait for.
   */
  const isDue = ({ dueMs, pauseMs, waiting }: ActorWaiters, nowMs: number): boolean => {
    if (nowMs < dueMs) return false
    const { position, atMs } = newest()
    if (run() === undefined || nowMs - atMs > pauseMs || nowMs - dueMs > PAUSE_MS_MAX) return true
    for (const { input } of waiting) return input.position < position
    return false
  }
  const sweep = (): void => {
    const nowMs = performance.now()
    let waiters = 0
    isCrowded = false
    for (const [subject, actor] of followed) {
      const {
        waiting,
        tenant: { name: tenant },
        isUrgent,
        isAsking,
      } = actor
      waiters += waiting.size
      if (waiting.size === 0 || isAsking || (!isUrgent && !isDue(actor, nowMs))) continue
      if (!places.acquire(tenant)) {
        isCrowded = true
        continue
      }
      followed.delete(subject)
      followed.set(subject, actor)
      void askInPlace(subject, actor)
    }
    if (waiters > 0) return
    clearInterval(sweeping)
    sweeping = undefined
  }
  const askSoon = (): void => {
    if (isSweepDue) return
    isSweepDue = true
    setImmediate(() => {
      isSweepDue = false
      sweep()
    })
  }
  return {
    askLater(actor) {
      postpone(actor, Math.max(FIRST_PAUSE_MS, actor.tenant.actors))
      sweeping ??= setInterval(sweep, SWEEP_MS)
    },
    askSoon,
    stop: () => clearInterval(sweeping),
  }
}
