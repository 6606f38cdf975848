import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Metrics } from '../../../pipeline/runtime/metrics.ts'
import { withRetry } from '../../../pipeline/runtime/retry.ts'
import { countTaskEnd } from '../../../pipeline/task-runner/task-ends.ts'
import type { KindCall } from '../../../pipeline/watchdog/call-slot.ts'
import { countHostEnd, HOST_ENDS_MAX } from '../../../pipeline/watchdog/ended-hosts.ts'
import type { TaskCode } from '../../../pipeline/watchdog/kind-code.ts'
import { clearSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import { parseLogSubject } from '../../../schemas/subjects.ts'
import type { ThreadEnd, ThreadOptions } from './stage-thread.ts'
import { decisionText, taskText } from './thread-watch.ts'

export interface EndCounterDeps {
  readonly kv: KV
  readonly metrics: Metrics
  readonly log: Logger
  /** The slot file of the host: it must not count the same end again at the next start. */
  readonly slotPath: string | undefined
}

const PAUSES = { minMs: 100, maxMs: 5_000 }

/** Counts the ends of threads for the input or the task that they were running, in the whole cluster. Only a stop ends the attempts. */
export function createEndCounter({ kv, metrics, log, slotPath }: EndCounterDeps): ThreadOptions['countEnd'] {
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
  const countDecision = async (call: KindCall, what: string, signal: AbortSignal): Promise<void> => {
    metrics.hostEnds.inc({ kind: parseLogSubject(call.subject).address.kind })
    const times = await insist(() => countHostEnd(kv, call, what, new Date().toISOString()), signal)
    // After a stop the file still has the decision: the next start counts it.
    if (times === undefined) return
    if (slotPath !== undefined) clearSlotFile(slotPath)
    const next = times >= HOST_ENDS_MAX ? 'it will be rejected as poison' : 'it will be decided once more'
    log.error({ ...call, what, times }, `${decisionText(call)} ended its host, ${times} of ${HOST_ENDS_MAX} times: it ${what}; ${next}`)
  }
  const countTask = async (task: TaskCode, { why, silentMs }: ThreadEnd, signal: AbortSignal): Promise<void> => {
    metrics.taskEnds.inc({ kind: task.kind, task: task.task })
    const times = await insist(() => countTaskEnd(kv, task.run, { what: why, silentMs, atMs: Date.now() }), signal)
    if (times !== undefined)
      log.error({ ...task, what: why, times }, `${taskText(task)} ended its thread, for the ${times}. time: it ${why}`)
  }
  return async (end, signal) => {
    if (end.call !== undefined) await countDecision(end.call, end.why, signal)
    if (end.task !== undefined) await countTask(end.task, end, signal)
  }
}
