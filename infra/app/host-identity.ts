import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from '../../schemas/errors.ts'

/**
 * Identifies the machine and, on Linux, the process namespace. Two processes with the same identity can check whether the other is alive.
 */
export function hostIdentity(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

/** Whether a process of this machine and namespace is running. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM means that another user's process has this pid; only ESRCH means that none has it.
    return codeOf(error) !== 'ESRCH'
  }
}
