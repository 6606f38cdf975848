import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import { isMissed, SCHEDULE, SCHEDULE_TARGET, timeOf } from './wake-ups.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { periodicJob, type PeriodicJob } from '../runtime/periodic-job.ts'
import { readToEnd } from '../jetstream/read-to-end.ts'

export interface WakeUpSweeperOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly everyMs: number
}

/** Of many schedules it takes its time: at most this part of it. */
const SHARE = 0.05

/**
 * Looks over the schedules in TIMERS now and then, for all members, and sets those again that their server has forgotten: after a kill -9 nats-server 2.15
 * was seen to keep the messages of some, and never to send them. They go off at once then.
 */
export const startWakeUpSweeper = ({ everyMs, ...options }: WakeUpSweeperOptions): PeriodicJob => periodicJob(everyMs, async (signal) => {
  const begunMs = performance.now()
  try {
    const count = await sweepWakeUps(options, signal)
    if (count > 0) options.log.warn({ count }, 'alarms that NATS had forgotten are set again; they are late')
  } catch (error) {
    options.log.warn({ code: codeOf(error), err: error }, 'the alarms could not be looked over; it is tried again')
  }
  return Math.max(everyMs, (performance.now() - begunMs) / SHARE)
})

/** One look at all schedules. @returns how many were set again @throws ColloquyError `interrupted` where TIMERS stopped answering */
export async function sweepWakeUps({ jetstream, now }: Omit<WakeUpSweeperOptions, 'everyMs'>, signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const batch of readToEnd(jetstream, 'TIMERS', { filter_subjects: ['timer.>'] })) {
    for (const message of batch) {
      const at = timeOf(message.headers?.get(SCHEDULE) ?? '')
      if (at !== '' && isMissed(at, now()) && await setAgain(jetstream, message)) count += 1
    }
    if (signal.aborted) break
  }
  return count
}

/** False where it has gone off or was replaced meanwhile. */
async function setAgain({ publisher }: JetStreamContext, { subject, seq, data, headers }: JsMsg): Promise<boolean> {
  const result = await publisher.publish(subject, data, {
    expectLastSubjectSequence: seq, headers: { [SCHEDULE]: headers?.get(SCHEDULE) ?? '', [SCHEDULE_TARGET]: headers?.get(SCHEDULE_TARGET) ?? '' },
  })
  return result.ok
}
