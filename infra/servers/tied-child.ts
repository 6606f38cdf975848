import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { codeOf } from '../../schemas/errors.ts'

export interface TiedChildOptions {
  /** Name in a list of processes. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Time between SIGTERM and SIGKILL once this process is gone. */
  readonly stopTimeoutMs: number
}

export type TiedChild = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * The shell starts a watchdog and then replaces itself with the child ("$@"), so that pid, exit code and signals are the child's. The
 * watchdog reads fd 3, a pipe whose other end only this process holds. When this process dies, even by kill -9, the pipe ends, and the
 * watchdog sends the child SIGTERM, and SIGKILL after $1 seconds.
 */
const lifeline = `
timeout=$1; shift
(
  read -r _ <&3
  kill -TERM $$
  while [ "$timeout" -gt 0 ] && kill -0 $$; do sleep 1; timeout=$((timeout - 1)); done
  kill -KILL $$
) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-`

/**
 * Starts a child process that never outlives this one. When this process ends for any reason, the child's stdin closes and a watchdog
 * terminates the child. The child has a session of its own, so that the terminal's Ctrl-C does not reach it. When the child ends, all
 * other processes in its process group are killed.
 *
 * Needs a POSIX `sh`. The caller must read its output, or it blocks once the pipe is full.
 */
export function spawnTied({ name, command, args, env, stopTimeoutMs }: TiedChildOptions): TiedChild {
  const child = spawn('sh', ['-c', lifeline, name, String(Math.ceil(stopTimeoutMs / 1_000)), command, ...args], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  // The pipe breaks when the child ends. The error is ignored, because `exit` reports the end.
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  child.once('exit', () => killGroup(child.pid))
  return child
}

/** Kills the watchdog and all other processes in the child's process group. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // No process is left in the group. macOS reports EPERM if only zombies are left.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error
  }
}
