import { spawn } from 'node:child_process'
import type { StopTracker } from './stop-tracker.ts'

/** Time for the process to end by itself. */
const GRACE_SEC = 1

/** Kills a process after some seconds, unless its end closes the pipe before. */
const GUARD = `(sleep "$2"; kill -KILL "$1") & sleeper=$!; read -r _; kill "$sleeper"`

/** Lets another process kill this one: its own thread may be blocked. */
function killAfter(sec: number): void {
  const args = ['-c', GUARD, 'colloquy-end', String(process.pid), String(sec)]
  const guard = spawn('sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.on('error', () => undefined)
  guard.unref()
}

/**
 * Ends the process at once. `process.exit` alone waits for a thread that is blocked in native code. The servers of this process end too:
 * each has a watchdog of its own.
 */
export function endAtOnce(code: number): never {
  killAfter(GRACE_SEC)
  process.exit(code)
}

/** Time from the signal to the end of the process, whatever hangs. Service managers kill after 10 s (Docker) or later. */
const STOP_MS_MAX = 6_500
const STOPPED_LATE = 1
/** Code that a decision left behind may block this thread after its watchdog has stopped: then another process ends it. */
const KILLED_SEC = Math.ceil(STOP_MS_MAX / 1_000 + GRACE_SEC)

/** Ends the process if it has not ended by itself in time. @param say is called with a last line, which names what was hanging */
export function endInTime({ stopping }: StopTracker, say: (line: string) => void): void {
  killAfter(KILLED_SEC)
  const timeout = setTimeout(() => {
    const names = stopping().join(', ') || 'the start, or a part without a name'
    say(`stopping took longer than ${STOP_MS_MAX / 1_000} s; ending now. Still running: ${names}`)
    endAtOnce(STOPPED_LATE)
  }, STOP_MS_MAX)
  timeout.unref()
}
