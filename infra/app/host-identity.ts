import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { codeOf } from '../../schemas/errors.ts'

/** Names the machine and, on Linux, its process namespace: processes of one place can see whether another one still runs. */
export function hostIdentity(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It may be another user's; only ESRCH says that nobody has that pid.
    return codeOf(error) !== 'ESRCH'
  }
}
