import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { KindCall } from '../../../pipeline/watchdog/call-slot.ts'
import { writeWhat } from '../../../pipeline/watchdog/slot-file.ts'
import { secondsText, startWatchdog } from '../../../pipeline/watchdog/watchdog.ts'
import { actorKey, parseLogSubject } from '../../../schemas/subjects.ts'

export interface ProcessWatchdogData {
  readonly memory: SharedArrayBuffer
  readonly callMsMax: number
  readonly growthBytesMax: number
  /** The slot file, whose next reader learns what the decision did. */
  readonly path: string | undefined
  /** What the thread does with an input: `decision`. */
  readonly noun: string
}

const STDERR = 2
/** Time for the signal to end the process, before SIGKILL. */
const SIGNAL_MS = 1_000

const { path, noun, ...watched } = workerData as ProcessWatchdogData
const nameOf = ({ seq, subject }: KindCall): string => `the ${noun} on input ${seq} of ${actorKey(parseLogSubject(subject).address)}`
/** Past the log of the main thread, which is blocked. */
const write = (text: string): void => void writeSync(STDERR, `${text}\n`)

startWatchdog({
  ...watched,
  onSlow: (call, ms) => write(`${nameOf(call)} has not returned for ${secondsText(ms)}`),
  onOverrun(call, what) {
    if (path !== undefined) writeWhat(path, what)
    write(`${nameOf(call)} ${what}; ending this process`)
    // Its default action ends the process (exit code 142 in a shell), whatever the main thread does. Windows has only SIGKILL.
    process.kill(process.pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGALRM')
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), SIGNAL_MS)
  },
})
