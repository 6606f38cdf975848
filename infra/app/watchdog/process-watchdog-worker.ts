import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { askMainThread } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { isDecision } from '../../../pipeline/watchdog/kind-code.ts'
import { blameInSlotFile, writeWhat } from '../../../pipeline/watchdog/slot-file.ts'
import { codeText, secondsText, startWatchdog } from '../../../pipeline/watchdog/watchdog.ts'
import { slotOfBlock } from './slot-of-block.ts'

export interface ProcessWatchdogData {
  readonly memory: SharedArrayBuffer
  readonly callMsMax: number
  readonly growthBytesMax: number
  readonly unknownMsMax: number
  readonly silentMsMin?: number
  /** The slot file, whose next reader learns what the decision did. */
  readonly path: string | undefined
  /** What the thread does with an input: `decision`. */
  readonly noun: string
}

const STDERR = 2
/** Time for the signal to end the process, before SIGKILL. */
const SIGNAL_MS = 1_000

const { path, noun, ...watched } = workerData as ProcessWatchdogData
/** Past the log of the main thread, which is blocked. */
const write = (text: string): void => void writeSync(STDERR, `${text}\n`)
const slot = slotOfBlock(path)

startWatchdog({
  ...watched,
  ask: askMainThread,
  onBlocked(block) {
    slot.blame(block)
    const isCall = isDecision(block.code) && !block.isLeftBehind
    write(`${codeText(block, noun)} ${isCall ? 'has not returned' : 'has blocked this process'} for ${secondsText(block.ms)}${block.at}`)
  },
  onAnswer: slot.forget,
  onOverrun(block, what) {
    const { code, isLeftBehind } = block
    if (path !== undefined && isDecision(code)) {
      if (isLeftBehind) blameInSlotFile(path, code)
      writeWhat(path, { isLeftBehind, isSuspect: code.isSuspect }, `${what}${block.at}`)
    }
    write(`${codeText(block, noun)} ${what}${block.at}; ending this process`)
    // Its default action ends the process (exit code 142 in a shell), whatever the main thread does. Windows has only SIGKILL.
    process.kill(process.pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGALRM')
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), SIGNAL_MS)
  },
})
