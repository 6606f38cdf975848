import { LRUCache } from 'lru-cache'
import { type Address, internalSubject, wakeUpSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'
import { askWithRetry } from '../runtime/retry.ts'

/**
 * The wake-ups of actors: one schedule in TIMERS per actor, at or before its next deadline. When it fires, the actor receives an internal
 * message, handles every run whose deadline has passed, and gets another wake-up for the rest. A timer that moves a hundred times costs one
 * schedule, and a wake-up for a deadline that no longer exists changes nothing (decision 23).
 *
 * A member that is wrong about the present schedule can only make it earlier, which is harmless: it sets a later one only when there is
 * none.
 */
export interface WakeUps {
  /**
   * Makes sure that the actor has a wake-up at `at` or before.
   *
   * @throws AbortError by the signal
   */
  set(address: Address, at: string, options?: WakeUpOptions): Promise<WakeUpOutcome>
  /** Whether it is certain that a wake-up fires after `since` and at `at` or before; both ISO. */
  covers(address: Address, at: string, since: string): boolean
}

/** `there`: one was set already. `not_ours`: another member owns the partition and sets it. */
export type WakeUpOutcome = 'set' | 'there' | 'not_ours'

export interface WakeUpOptions {
  /** The actor is new: TIMERS is not read before the first publish. Default: false. */
  readonly isNew?: boolean
  /** Checked last: a member that was paused and replaced would make the wake-up earlier than its successor knows. Default: true. */
  readonly isStillOwned?: () => Promise<boolean>
}

export interface WakeUpsDeps extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  /** Epoch milliseconds; default: the clock. */
  readonly now?: () => number
}

/** A schedule as last read. */
interface Known {
  /** ISO; empty: none. */
  readonly at: string
  /** Its TIMERS sequence; 0: none. */
  readonly seq: number
}

/** Schedules kept in memory, least recently used evicted first; others are read from TIMERS. */
const KNOWN_MAX = 100_000
/** A wake-up this near may have fired already by another server's clock. */
const SKEW_MS_MAX = 5_000

/** nats-server fires within some milliseconds; a schedule that is this late was missed (decision 23). */
const MISSED_AFTER_MS = 10_000
export const isMissed = (at: string, nowMs: number): boolean => nowMs - Date.parse(at) > MISSED_AFTER_MS

const NONE: Known = { at: '', seq: 0 }
const isLater = (present: Known, at: string): boolean => present.at === '' || present.at > at

const PAYLOAD = JSON.stringify({ type: 'alarm' })
export const SCHEDULE = 'Nats-Schedule'
export const SCHEDULE_TARGET = 'Nats-Schedule-Target'
const AT = '@at '
/** ISO; empty for a header in another format. */
export const timeOf = (schedule: string): string => (schedule.startsWith(AT) ? schedule.slice(AT.length) : '')

export function createWakeUps({ jetstream, now = Date.now, ...deps }: WakeUpsDeps): WakeUps {
  const known = new LRUCache<string, Known>({ max: KNOWN_MAX })
  const retryDeps: RetryDeps = { ...deps, publisher: jetstream.publisher }

  const read = async (subject: string): Promise<Known> => {
    const message = await askWithRetry(deps, subject, () => jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: subject }))
    if (message === null) return NONE
    return { at: timeOf(message.header.get(SCHEDULE)), seq: message.seq }
  }
  return {
    async set(address, at, { isNew = false, isStillOwned } = {}) {
      const subject = wakeUpSubject(address)
      const remembered = isNew ? NONE : known.get(subject)
      // A known schedule that is early enough may have fired since.
      let present = remembered !== undefined && isLater(remembered, at) ? remembered : await read(subject)
      for (; ; present = await read(subject)) {
        if (!isLater(present, at) && !isMissed(present.at, now())) {
          known.set(subject, present)
          return 'there'
        }
        if ((await isStillOwned?.()) === false) return 'not_ours'
        const set = await publishWithRetry(
          retryDeps,
          subject,
          PAYLOAD,
          { expectLastSubjectSequence: present.seq, headers: { [SCHEDULE]: `${AT}${at}`, [SCHEDULE_TARGET]: internalSubject(address) } },
          [JS_CODE.wrongLastSequence],
        )
        if (!set.ok) continue
        known.set(subject, { at, seq: set.seq })
        return 'set'
      }
    },
    covers(address, at, since) {
      const present = known.get(wakeUpSubject(address))
      return present !== undefined && !isLater(present, at) && Date.parse(present.at) - Date.parse(since) > SKEW_MS_MAX
    },
  }
}
