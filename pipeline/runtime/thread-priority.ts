import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** 0 to 19 as in `nice(1)`: at 10 a thread gets about a tenth of the processor time of a thread at 0 that competes with it. */
const NICENESS = 10

/**
 * Lowers the priority of this thread and of threads that it starts later: tables and search index may lag under load, replies may not. Only
 * Linux has thread priorities; elsewhere, and where the system forbids it, nothing changes.
 *
 * @returns whether the priority was lowered
 */
export function lowerThreadPriority(niceness = NICENESS): boolean {
  if (process.platform !== 'linux') return false
  try {
    // `<pid>/task/<tid>` of the calling thread.
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness)
    return true
  } catch {
    return false
  }
}
