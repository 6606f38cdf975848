import { setTimeout as delay } from 'node:timers/promises'
import type { Assignment } from './assignment.ts'

const POLL_MS = 50

/**
 * Makes a function that tells whether this member may still write for a partition. While the member's heartbeats fail nobody knows: the
 * function then waits until the registry has answered. Work that waits here is not done yet, and no checkpoint may pass it.
 *
 * @param ownership `isAssigned` must become false as soon as the partition is to be released: the registry is polled again only after the
 * release, and the release waits for the work that waits here
 * @param signal ends the waiting, which rejects with an AbortError
 */
export function createOwnershipGuard(
  { isAssigned, hasValidLease }: Pick<Assignment, 'isAssigned' | 'hasValidLease'>,
  signal: AbortSignal,
): (partition: number) => Promise<boolean> {
  // All waiters share one timer: there may be thousands.
  let tick: Promise<void> | undefined
  return async (partition) => {
    while (!hasValidLease(partition)) {
      if (!isAssigned(partition)) return false
      tick ??= delay(POLL_MS, undefined, { signal }).finally(() => {
        tick = undefined
      })
      await tick
    }
    return true
  }
}
