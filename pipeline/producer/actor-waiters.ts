import type { Decision, StoredInput } from './find-decision.ts'

/** A stored input whose decision somebody waits for. */
export interface Waiter {
  readonly input: StoredInput
  /**
   * The reader's run that shows every record of the actor since this input was stored: a record of a later input then means that this one
   * was a repeat. `undefined` if there is no such run.
   */
  run: number | undefined
  readonly settle: (decision: Decision) => void
}

/** A tenant of which actors are followed. */
export interface FollowedTenant {
  readonly name: string
  /** How many. */
  actors: number
}

/** Those who wait for decisions of one actor. */
export interface ActorWaiters {
  readonly tenant: FollowedTenant
  /** How many follow the actor. Their inputs may not be stored yet. */
  followers: number
  readonly waiting: Set<Waiter>
  /** Someone waits whom the reader alone cannot tell: LOG has to be asked. */
  isUrgent: boolean
  /** When LOG is to be asked if the reader tells nothing until then, by `performance.now()`, and the pause before that. */
  dueMs: number
  pauseMs: number
  isAsking: boolean
  /** Adds a waiter, or settles it at once if its decision was told between its storing and its acknowledgement. */
  add(waiter: Waiter): void
  /** Settles those who wait for the input at this INBOX position, and those of earlier inputs that were repeats. */
  tell(position: number, decision: Decision, run: number): void
}

/** Decisions of one actor that are kept for inputs whose acknowledgement is still under way. */
const RECENT_MAX = 64

export function createActorWaiters(tenant: FollowedTenant): ActorWaiters {
  const waiting = new Set<Waiter>()
  const recent = new Map<number, Decision>()
  let newest: { readonly position: number; readonly logSeq: number; readonly run: number } | undefined
  /** Decisions up to this position may have been dropped from `recent`. */
  let droppedTo = 0

  const settle = (waiter: Waiter, decision: Decision): void => {
    waiting.delete(waiter)
    waiter.settle(decision)
  }
  const self: ActorWaiters = {
    tenant,
    followers: 0,
    waiting,
    isUrgent: false,
    dueMs: Infinity,
    pauseMs: 0,
    isAsking: false,
    add(waiter) {
      const { position } = waiter.input
      const told = recent.get(position)
      if (told !== undefined) return waiter.settle(told)
      waiting.add(waiter)
      if (waiter.run === undefined) self.isUrgent = true
      if (newest === undefined || position > newest.position) return
      if (waiter.run === newest.run && position > droppedTo) settle(waiter, { outcome: 'repeat', logSeq: newest.logSeq })
      else self.isUrgent = true
    },
    tell(position, decision, run) {
      newest = { position, logSeq: decision.logSeq, run }
      recent.set(position, decision)
      if (recent.size > RECENT_MAX) {
        const [oldest = 0] = recent.keys()
        recent.delete(oldest)
        droppedTo = Math.max(droppedTo, oldest)
      }
      for (const waiter of waiting) {
        if (waiter.input.position > position) continue
        if (waiter.input.position === position) settle(waiter, decision)
        else if (waiter.run === run) settle(waiter, { outcome: 'repeat', logSeq: decision.logSeq })
        else self.isUrgent = true
      }
    },
  }
  return self
}
