import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

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
