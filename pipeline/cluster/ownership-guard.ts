import { setTimeout as delay } from 'node:timers/promises'
import type { Assignment } from './assignment.ts'

/** How often somebody looks who waits until this member is heard of again. */
const UNHEARD_POLL_MS = 50

/**
 * Tells whether a partition is still this member's to write for. While the member is not heard of nobody knows: then this waits until the board has said
 * whose the partition is. What is put off so must not be taken for done.
 *
 * @param ownership `owns` must become false as soon as the partition is to be released: the board is looked at again only after that, and whoever waits here
 * would wait for himself
 * @param signal ends the waiting, which rejects with an AbortError
 */
export function createOwnershipGuard({ isAssigned: owns, hasValidLease: holds }: Pick<Assignment, 'isAssigned' | 'hasValidLease'>, signal: AbortSignal): (partition: number) => Promise<boolean> {
  // One timer for all who wait: there may be thousands.
  let tick: Promise<void> | undefined
  return async (partition) => {
    while (!holds(partition)) {
      if (!owns(partition)) return false
      tick ??= delay(UNHEARD_POLL_MS, undefined, { signal }).finally(() => { tick = undefined })
      await tick
    }
    return true
  }
}
