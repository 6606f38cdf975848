import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Metrics } from '../../../pipeline/runtime/metrics.ts'
import { withRetry } from '../../../pipeline/runtime/retry.ts'
import { countHostEnd, HOST_ENDS_MAX } from '../../../pipeline/watchdog/ended-hosts.ts'
import { clearSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import { parseLogSubject } from '../../../schemas/subjects.ts'
import { decisionText, type ThreadOptions } from './stage-thread.ts'

export interface EndCounterDeps {
  readonly kv: KV
  readonly metrics: Metrics
  readonly log: Logger
  /** The slot file of the host: it must not count the same end again at the next start. */
  readonly slotPath: string | undefined
}

const PAUSES = { minMs: 100, maxMs: 5_000 }

/** Counts the ends of a thread for the inputs that it was deciding, in the whole cluster. Only a stop ends the attempts. */
export function createEndCounter({ kv, metrics, log, slotPath }: EndCounterDeps): ThreadOptions['onEndInCall'] {
  return async (call, what, signal) => {
    metrics.hostEnds.inc({ kind: parseLogSubject(call.subject).address.kind })
    const count = (): Promise<number> => countHostEnd(kv, call, what, new Date().toISOString())
    const onRetry = (err: unknown, pauseMs: number): void =>
      log.warn({ err, pauseMs, seq: call.seq }, 'could not count the end of a host; its restart waits')
    const times = await withRetry(count, { pauses: PAUSES, signal, onRetry }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    // After a stop the file still has the decision: the next start counts it.
    if (times === undefined) return
    if (slotPath !== undefined) clearSlotFile(slotPath)
    const next = times >= HOST_ENDS_MAX ? 'it will be rejected as poison' : 'it will be decided once more'
    log.error({ ...call, what, times }, `${decisionText(call)} ended its host, ${times} of ${HOST_ENDS_MAX} times: it ${what}; ${next}`)
  }
}
