import type { SlaClock, TeamSettings } from '../../../schemas/desk-events.ts'
import { spanMs } from '../../../schemas/trigger-events.ts'
import type { DeskCase } from './desk-state.ts'
import type { OfficeHours } from './office-hours.ts'

/** A promise of time that a desk keeps, or misses at a time. */
export interface PromiseDue {
  readonly clock: SlaClock
  /** Milliseconds since 1970. */
  readonly at: number
}

/** No escalation waits without an end. */
const FIRST_REPLY_DEFAULT = '30m'

type Promised = Pick<DeskCase, 'since' | 'held' | 'isAnswered' | 'askedAt' | 'missed'>

/**
 * The promise to a case that is missed next; `undefined` where none is running. Each is missed once, and the next reply once a message. A
 * case that nobody has is promised a reply also where the team promises none.
 */
export function nextPromise(one: Promised, sla: TeamSettings['sla'], hours: OfficeHours): PromiseDue | undefined {
  const { since, held, isAnswered, askedAt, missed } = one
  const firstReply = sla?.firstReply ?? FIRST_REPLY_DEFAULT
  const running = (clock: SlaClock, from: number | null, span: string | undefined): PromiseDue[] => {
    const ms = span === undefined ? undefined : spanMs(span)
    return from === null || ms === undefined || missed.has(clock) ? [] : [{ clock, at: hours.after(from, ms) }]
  }
  return [
    ...running('first_reply', isAnswered ? null : since, firstReply),
    ...running('next_reply', askedAt, sla?.nextReply ?? (held === 'assigned' ? undefined : firstReply)),
    ...running('resolution', since, sla?.resolution),
  ].toSorted((a, b) => a.at - b.at)[0]
}
