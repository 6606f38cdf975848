import { readFileSync } from 'node:fs'
import { codeOf } from '../../schemas/errors.ts'

/**
 * Whether a process of this machine and namespace is running. One that has ended is not, although the system keeps its pid until its parent
 * has asked for its end: the first process of a container may take seconds for that, or never ask.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM means that another user's process has this pid; only ESRCH means that none has it.
    return codeOf(error) !== 'ESRCH'
  }
  return process.platform !== 'linux' || !hasEnded(pid)
}

/** Only Linux shows this without another process. While other threads of a process still end, its pid counts as running. */
function hasEnded(pid: number): boolean {
  try {
    // Behind the name, which may contain anything: the state, and 17 fields later the number of threads.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (fields[0] === 'Z' || fields[0] === 'X') && Number(fields[17]) <= 1
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH'
  }
}
