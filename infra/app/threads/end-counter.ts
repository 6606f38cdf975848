import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'
import { lastRecord } from '../../../pipeline/jetstream/last-record.ts'
import type { Metrics } from '../../../pipeline/runtime/metrics.ts'
import { withRetry } from '../../../pipeline/runtime/retry.ts'
import { countTaskEnd } from '../../../pipeline/task-runner/task-ends.ts'
import { countHostEnd, HOST_ENDS_MAX } from '../../../pipeline/watchdog/ended-hosts.ts'
import { type DecisionCode, isDecision, type TaskCode } from '../../../pipeline/watchdog/kind-code.ts'
import { clearSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import { codeText } from '../../../pipeline/watchdog/watchdog.ts'
import { parseLogSubject } from '../../../schemas/subjects.ts'
import type { ThreadEnd, ThreadOptions } from './stage-thread.ts'

export interface EndCounterDeps {
  readonly kv: KV
  readonly jetstream: JetStreamContext
  readonly metrics: Metrics
  readonly log: Logger
  /** The slot file of the host: it must not count the same end again at the next start. */
  readonly slotPath: string | undefined
}

const UNLESS = ', unless it is recorded'
const PAUSES = { minMs: 100, maxMs: 5_000 }

/** Counts the ends of threads for the input or the task that they were running, in the whole cluster. Only a stop ends the attempts. */
export function createEndCounter({ kv, jetstream, metrics, log, slotPath }: EndCounterDeps): ThreadOptions['countEnd'] {
  /** `undefined` after a stop. */
  const insist = (count: () => Promise<number>, signal: AbortSignal): Promise<number | undefined> =>
    withRetry(count, {
      pauses: PAUSES,
      signal,
      onRetry: (err, pauseMs) => log.warn({ err, pauseMs }, 'could not count the end of a thread; its restart waits'),
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error
      return undefined
    })
  /** An actor's inputs are recorded in their order. `undefined` if LOG does not answer. */
  const wasRecorded = async ({ seq, subject }: DecisionCode): Promise<boolean | undefined> => {
    try {
      return ((await lastRecord(jetstream, subject))?.record.inbox.seq ?? 0) >= seq
    } catch {
      return undefined
    }
  }
  const countDecision = async (decision: DecisionCode, end: ThreadEnd, signal: AbortSignal): Promise<void> => {
    const { seq, storedMs, subject, isSuspect: wasSuspect } = decision
    const { why: what, isLeftBehind, isOverrun } = end
    metrics.hostEnds.inc({ kind: parseLogSubject(subject).address.kind })
    const hostEnd = { seq, storedMs, subject, what, isLeftBehind, isOverrun, wasSuspect, at: new Date().toISOString() }
    const times = await insist(() => countHostEnd(kv, hostEnd), signal)
    // After a stop the file still has the decision: the next start counts it.
    if (times === undefined) return
    if (slotPath !== undefined) clearSlotFile(slotPath)
    const isRecorded = isLeftBehind ? await wasRecorded(decision) : false
    const next = times >= HOST_ENDS_MAX ? 'the input will be rejected as poison' : 'the input will be decided once more'
    const outlook =
      isRecorded === true ? 'the input is recorded, and is not decided again' : `${next}${isRecorded === undefined ? UNLESS : ''}`
    log.error({ seq, subject, what, times }, `${codeText(end)} ended its host (${times} of ${HOST_ENDS_MAX} times): it ${what}; ${outlook}`)
  }
  const countTask = async (task: TaskCode, { why, silentMs }: ThreadEnd, signal: AbortSignal): Promise<void> => {
    metrics.taskEnds.inc({ kind: task.kind, task: task.task })
    const times = await insist(() => countTaskEnd(kv, task.run, { what: why, silentMs, atMs: Date.now() }), signal)
    const text = codeText({ code: task, isLeftBehind: false })
    if (times !== undefined)
      log.error({ ...task, what: why, times }, `${text} ended its thread, ${times === 1 ? 'once' : `${times} times`} so far: it ${why}`)
  }
  return async (end, signal) => {
    const { code } = end
    if (isDecision(code)) await countDecision(code, end, signal)
    else if (code !== undefined) await countTask(code, end, signal)
  }
}
