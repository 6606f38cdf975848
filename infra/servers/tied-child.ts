import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { codeOf } from '../../schemas/errors.ts'

export interface TiedChildOptions {
  /** How it is called in a list of processes. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** All of its environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long it may take to end after SIGTERM, once we are gone. */
  readonly stopTimeoutMs: number
}

export type TiedChild = ChildProcessByStdio<Writable, Readable, Readable>

/**
 * Replaces itself by the child ("$@"), so that pid, exit code and signals are the child's own, and leaves a watchdog behind. It
 * reads fd 3, a pipe whose other end only we hold: when we die, by kill -9 too, it ends the child, after $1 seconds by force.
 */
const lifeline = `
patience=$1; shift
(
  read -r _ <&3
  kill -TERM $$
  while [ "$patience" -gt 0 ] && kill -0 $$; do sleep 1; patience=$((patience - 1)); done
  kill -KILL $$
) >/dev/null 2>&1 </dev/null &
exec "$@" 3<&-`

/**
 * Starts a child process that never outlives us: when our process ends, however it ends, its stdin closes and a watchdog terminates it. It is
 * in a session of its own: the terminal's Ctrl-C reaches us alone. What it leaves running in its process group is killed when it ends.
 *
 * Needs a POSIX `sh`. What it writes must be read, or it stands still once the pipe is full.
 */
export function spawnTied({ name, command, args, env, stopTimeoutMs }: TiedChildOptions): TiedChild {
  const child = spawn('sh', ['-c', lifeline, name, String(Math.ceil(stopTimeoutMs / 1_000)), command, ...args], {
    detached: true, env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  // A pipe breaks with the child, whose end is told by itself.
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  child.once('exit', () => killGroup(child.pid))
  return child
}

/** The watchdog, and whatever else is left in the child's process group. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Nobody is left; macOS says EPERM when only zombies are.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error
  }
}
