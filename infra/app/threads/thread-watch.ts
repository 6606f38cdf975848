import type { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Metrics } from '../../../pipeline/runtime/metrics.ts'
import { askBlockedThread } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { type KindCall, readSlot } from '../../../pipeline/watchdog/call-slot.ts'
import type { TaskCode } from '../../../pipeline/watchdog/kind-code.ts'
import { secondsText, SLOW_MS, startWatchdog } from '../../../pipeline/watchdog/watchdog.ts'
import { actorKey, parseLogSubject } from '../../../schemas/subjects.ts'
import type { Role, Settings } from '../../settings.ts'

/** Watches the thread of a role from the main thread. */
export interface ThreadWatch {
  /** Why the thread does not answer; `undefined` while it does. */
  silence(): { readonly ms: number; readonly why: string } | undefined
  /** What the thread was running when it ended. */
  stop(): ThreadEnding
}

/** What a thread was running when it ended; both are absent if it ran no code of a kind, or if nobody knows whose. */
export interface ThreadEnding {
  readonly call?: KindCall | undefined
  readonly task?: TaskCode | undefined
  /** How long it had been silent. */
  readonly silentMs: number
}

export interface ThreadWatchOptions {
  readonly role: Role
  readonly worker: Worker
  readonly memory: SharedArrayBuffer
  readonly settings: Settings
  readonly metrics: Metrics
  readonly log: Logger
  /** Ends the thread: what its code did. */
  readonly end: (what: string) => void
}

/** A thread whose event loop has not turned for this long is not ready. The projector lets others go first. */
const silentMsMax = (role: Role): number => (role === 'project' ? 10_000 : SLOW_MS)
const ANSWER_MS_MAX = 1_000
/** A blocked task has this long after its deadline, when its machine goes on without it. */
const DEADLINE_MARGIN_MS = 5_000
/** The thread of the tasks is ended after this long where nobody knows which task blocks it. */
const UNKNOWN_BLOCK_MS_MAX = 60_000

export function watchThread({ role, worker, memory, settings, metrics, log, end }: ThreadWatchOptions): ThreadWatch {
  const { threadId } = worker
  /** The task that blocks the event loop, while it does. */
  let blocking: TaskCode | undefined
  let at = ''
  let isAsked = false

  /** Once for each block: where the thread is. */
  const ask = async (): Promise<void> => {
    isAsked = true
    const position = await askBlockedThread(threadId, ANSWER_MS_MAX)
    if (watchdog.silentMs() < SLOW_MS) return
    if (position?.at !== undefined) at = `, at ${position.at}`
    if (position?.code !== undefined && 'run' in position.code) blocking = position.code
  }
  const reportTask = async (): Promise<void> => {
    await ask()
    if (watchdog.silentMs() < SLOW_MS) return
    const who = blocking === undefined ? 'something' : taskText(blocking)
    log.warn(
      { ...blocking },
      `${who} blocks the thread of the tasks${at}: no other task goes on. Make it await, or move the computation to another process`,
    )
  }
  const reportDecision = async (call: KindCall, ms: number): Promise<void> => {
    metrics.slowDecisions.inc({ kind: parseLogSubject(call.subject).address.kind })
    await ask()
    log.warn({ ...call, ms }, `${decisionText(call)} has not returned for ${secondsText(ms)}${at}; the whole stage waits`)
  }
  const checkTask = (silentMs: number): void => {
    if (role !== 'tasks') return
    if (!isAsked) void reportTask()
    const overdue =
      blocking === undefined ? silentMs > UNKNOWN_BLOCK_MS_MAX : Date.now() > Date.parse(blocking.deadlineAt) + DEADLINE_MARGIN_MS
    if (overdue) end(`blocked its thread for ${secondsText(silentMs)}${at}`)
  }
  const watchdog = startWatchdog({
    memory,
    callMsMax: settings.DECISION_MS_MAX,
    growthBytesMax: settings.HEAP_BYTES_MAX,
    onSlow: (call, ms) => void reportDecision(call, ms),
    onOverrun: (_call, what) => end(`${what}${at}`),
    onSilent: checkTask,
    onAnswer() {
      blocking = undefined
      at = ''
      isAsked = false
    },
  })
  return {
    silence() {
      const ms = watchdog.silentMs()
      if (ms < silentMsMax(role)) return undefined
      const call = watchdog.slow()
      const during =
        call !== undefined ? `${decisionText(call)} has not returned` : blocking === undefined ? '' : `${taskText(blocking)} blocks it`
      return { ms, why: `its thread has not answered for ${secondsText(ms)}${during === '' ? '' : `: ${during}${at}`}` }
    },
    stop() {
      const silentMs = watchdog.silentMs()
      watchdog.stop()
      return { call: readSlot(memory).call, task: blocking, silentMs }
    },
  }
}

export const decisionText = ({ seq, subject }: KindCall): string =>
  `the decision on input ${seq} of ${actorKey(parseLogSubject(subject).address)}`

export const taskText = ({ task, run, actor }: TaskCode): string => `task "${task}" (run ${run}) of ${actor}`
