import { LRUCache } from 'lru-cache'
import { wakeUpSubject, internalSubject, type Address } from '../../schemas/subjects.ts'
import { askWithRetry } from '../runtime/retry.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE } from '../jetstream/jetstream-codes.ts'
import { publishWithRetry, type RetryDeps } from '../jetstream/publish-with-retry.ts'

/**
 * One schedule in TIMERS per actor, at or before whatever it waits for first. When it goes off, the actor gets a message from inside, looks
 * what time has come for, and is given another alarm for the rest. So a timer that is moved a hundred times costs one schedule, and an
 * alarm for what is waited for no longer does nothing (decision 23).
 *
 * Whoever is wrong about the present schedule can only make it earlier, which does no harm; a later one is set only where there is none.
 */
export interface WakeUps {
  /**
   * Sees to it that the actor has an alarm at `at` or before.
   *
   * @throws AbortError by the signal
   */
  set(address: Address, at: string, options?: WakeUpOptions): Promise<WakeUpOutcome>
  /** Whether there is one at `at` or before for certain that goes off after `since`, both ISO. */
  covers(address: Address, at: string, since: string): boolean
}

/** `there`: it had one already. `not_ours`: it has none by this, and another sees to it. */
export type WakeUpOutcome = 'set' | 'there' | 'not_ours'

export interface WakeUpOptions {
  /** Whether the actor never had one, as far as anybody knows: then TIMERS is not asked first. Default: false. */
  readonly isNew?: boolean
  /** Asked last of all: who was paused, and has another in his place by now, would make the alarm earlier than that one knows. Default: yes. */
  readonly isOurs?: () => Promise<boolean>
}

export interface WakeUpsDeps extends Omit<RetryDeps, 'publisher'> {
  readonly jetstream: JetStreamContext
  /** Epoch milliseconds; default: the clock. */
  readonly now?: () => number
}

/** A schedule as it was last seen. */
interface Known {
  /** ISO; empty where there is none. */
  readonly at: string
  /** TIMERS sequence of it, 0 where there is none. */
  readonly seq: number
}

/** Actors whose schedule is remembered, the longest unused going first: of another one TIMERS is asked. */
const KNOWN_MAX = 100_000
/** An alarm that is this near may have gone off already by the clock of another server. */
const SKEW_MS_MAX = 5_000

/** nats-server goes off within some milliseconds; one that is overdue by this was forgotten by it (decision 23). */
const MISSED_AFTER_MS = 10_000
export const isMissed = (at: string, nowMs: number): boolean => nowMs - Date.parse(at) > MISSED_AFTER_MS

const NONE: Known = { at: '', seq: 0 }
const isLater = (present: Known, at: string): boolean => present.at === '' || present.at > at

const PAYLOAD = JSON.stringify({ type: 'alarm' })
export const SCHEDULE = 'Nats-Schedule'
export const SCHEDULE_TARGET = 'Nats-Schedule-Target'
const AT = '@at '
/** ISO; empty where the header is none of ours. */
export const timeOf = (schedule: string): string => (schedule.startsWith(AT) ? schedule.slice(AT.length) : '')

export function createWakeUps({ jetstream, now = Date.now, ...deps }: WakeUpsDeps): WakeUps {
  const known = new LRUCache<string, Known>({ max: KNOWN_MAX })
  const surely: RetryDeps = { ...deps, publisher: jetstream.publisher }

  const look = async (subject: string): Promise<Known> => {
    const message = await askWithRetry(deps, subject, () => jetstream.jsm.streams.getMessage('TIMERS', { last_by_subj: subject }))
    if (message === null) return NONE
    return { at: timeOf(message.header.get(SCHEDULE)), seq: message.seq }
  }
  return {
    async set(address, at, { isNew = false, isOurs } = {}) {
      const subject = wakeUpSubject(address)
      const remembered = isNew ? NONE : known.get(subject)
      // One that is remembered as early enough may have gone off since.
      let present = remembered !== undefined && isLater(remembered, at) ? remembered : await look(subject)
      for (;; present = await look(subject)) {
        if (!isLater(present, at) && !isMissed(present.at, now())) {
          known.set(subject, present)
          return 'there'
        }
        if (await isOurs?.() === false) return 'not_ours'
        const set = await publishWithRetry(surely, subject, PAYLOAD, {
          expectLastSubjectSequence: present.seq, headers: { [SCHEDULE]: `${AT}${at}`, [SCHEDULE_TARGET]: internalSubject(address) },
        }, [JS_CODE.wrongLastSequence])
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
