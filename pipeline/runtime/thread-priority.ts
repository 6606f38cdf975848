import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** As `nice` has it, 0 to 19: with this a thread gets about a tenth of what another one gets that wants the same processor. */
const NICENESS = 10

/**
 * Lets this thread, and those that it starts from now on, stand back behind the others where there are too few processors for all: tables and
 * memory may be behind, replies may not. Linux alone knows priorities of threads; elsewhere, and where it is forbidden, nothing changes.
 *
 * @returns whether it does
 */
export function lowerThreadPriority(niceness = NICENESS): boolean {
  if (process.platform !== 'linux') return false
  try {
    // `<pid>/task/<tid>`, of whoever asks.
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness)
    return true
  } catch {
    return false
  }
}
