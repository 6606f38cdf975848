import type { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Metrics } from '../../../pipeline/runtime/metrics.ts'
import { askBlockedThread } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { readSlot } from '../../../pipeline/watchdog/call-slot.ts'
import { isDecision } from '../../../pipeline/watchdog/kind-code.ts'
import {
  type Block,
  codeText,
  GROWTH_SHARE_MAX,
  secondsText,
  SLOW_MS,
  startWatchdog,
  UNKNOWN_BLOCK_MS_MAX,
} from '../../../pipeline/watchdog/watchdog.ts'
import { parseLogSubject } from '../../../schemas/subjects.ts'
import type { Role, Settings } from '../../settings.ts'
import { slotOfBlock } from '../watchdog/slot-of-block.ts'

/** Watches the thread of a role from the main thread. */
export interface ThreadWatch {
  /** Why the thread does not answer; `undefined` while it does. */
  silence(): { readonly ms: number; readonly why: string } | undefined
  /** What the thread was running when it ended. @param isByItself nobody else ended it */
  stop(isByItself: boolean): ThreadEnding
}

/** What a thread was running when it ended. */
export interface ThreadEnding extends Pick<Block, 'code' | 'isLeftBehind'> {
  /** The watchdog ended it. */
  readonly isOverrun: boolean
  /** How long it had been silent. */
  readonly silentMs: number
}

export interface ThreadWatchOptions {
  readonly role: Role
  readonly worker: Worker
  readonly memory: SharedArrayBuffer
  /** The slot file of the host; absent for other roles. */
  readonly slotPath: string | undefined
  readonly settings: Settings
  readonly metrics: Metrics
  readonly log: Logger
  /** Ends the thread: what its code did. */
  readonly end: (what: string) => void
}

/** The projector lets others go first: on a busy machine it may be silent for a while, and nobody but the tables waits for it. */
const IS_PATIENT: Partial<Record<Role, true>> = { project: true }
const PATIENCE = 10

export function watchThread({ role, worker, memory, slotPath, settings, metrics, log, end }: ThreadWatchOptions): ThreadWatch {
  const { threadId } = worker
  const patience = IS_PATIENT[role] === true ? PATIENCE : 1
  const slot = slotOfBlock(slotPath)
  let over: Block | undefined
  const watchdog = startWatchdog({
    memory,
    callMsMax: settings.DECISION_MS_MAX,
    unknownMsMax: UNKNOWN_BLOCK_MS_MAX * patience,
    silentMsMin: SLOW_MS * patience,
    growthBytesMax: settings.HEAP_BYTES_MAX * GROWTH_SHARE_MAX,
    ask: () => askBlockedThread(threadId),
    onBlocked(block) {
      const { code, at, isLeftBehind } = block
      slot.blame(block)
      if (isDecision(code) && !isLeftBehind) {
        metrics.slowDecisions.inc({ kind: parseLogSubject(code.subject).address.kind })
        log.warn({ ...code, ms: block.ms }, `${codeText(block)} has not returned for ${secondsText(block.ms)}${at}; the whole stage waits`)
      } else {
        const advice = code === undefined ? '' : '. Make it await, or move the computation to another process'
        log.warn({ stage: role, ...code, ms: block.ms }, `${blocksText(block, role)}${at}: nothing else of ${role} goes on${advice}`)
      }
    },
    onOverrun(block, what) {
      over = block
      end(`${what}${block.at}`)
    },
    onAnswer: slot.forget,
  })
  return {
    silence() {
      const ms = watchdog.silentMs()
      if (ms < SLOW_MS * patience) return undefined
      const block = watchdog.block()
      const during =
        block?.code === undefined
          ? ''
          : isDecision(block.code) && !block.isLeftBehind
            ? `: ${codeText(block)} has not returned${block.at}`
            : `: ${codeText(block)} blocks it${block.at}`
      return { ms, why: `its thread has not answered for ${secondsText(ms)}${during}` }
    },
    stop(isByItself) {
      const silentMs = watchdog.silentMs()
      const { call, recent } = readSlot(memory)
      const block = over ?? watchdog.block()
      watchdog.stop()
      // The microtasks of the newest decision may have ended it.
      const code = call ?? block?.code ?? (isByItself ? recent : undefined)
      return { code, isLeftBehind: isDecision(code) && call === undefined, isOverrun: over !== undefined, silentMs }
    },
  }
}

const blocksText = (block: Block, role: Role): string =>
  `${codeText(block)} blocks the thread of ${role === 'tasks' ? 'the tasks' : `the role ${role}`}`
