import type { JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { readToEnd } from '../jetstream/read-to-end.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import { isMissed, SCHEDULE, SCHEDULE_TARGET, timeOf } from './wake-ups.ts'

export interface WakeUpSweeperOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly everyMs: number
}

/** At most this share of the time goes into sweeps. */
const SHARE = 0.05

/**
 * Sweeps the schedules in TIMERS periodically, for all members, and sets missed ones again: after a kill -9 nats-server 2.15 may keep the
 * message of a schedule and never deliver it. A schedule that is set again fires at once.
 */
export const startWakeUpSweeper = ({ everyMs, ...options }: WakeUpSweeperOptions): PeriodicJob =>
  periodicJob(everyMs, async (signal) => {
    const startedMs = performance.now()
    try {
      const count = await sweepWakeUps(options, signal)
      if (count > 0) options.log.warn({ count }, 'NATS had missed wake-ups; set them again, they fire late')
    } catch (error) {
      options.log.warn({ code: codeOf(error), err: error }, 'could not sweep the wake-ups; retrying')
    }
    return Math.max(everyMs, (performance.now() - startedMs) / SHARE)
  })

/** Sweeps all schedules once. @returns how many were set again @throws ColloquyError `interrupted` when TIMERS stops answering */
export async function sweepWakeUps({ jetstream, now }: Omit<WakeUpSweeperOptions, 'everyMs'>, signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const batch of readToEnd(jetstream, 'TIMERS', { filter_subjects: ['timer.>'] })) {
    for (const message of batch) {
      const at = timeOf(message.headers?.get(SCHEDULE) ?? '')
      if (at !== '' && isMissed(at, now()) && (await setAgain(jetstream, message))) count += 1
    }
    if (signal.aborted) break
  }
  return count
}

/** False when the wake-up has fired or was replaced in the meantime. */
async function setAgain({ publisher }: JetStreamContext, { subject, seq, data, headers }: JsMsg): Promise<boolean> {
  const result = await publisher.publish(subject, data, {
    expectLastSubjectSequence: seq,
    headers: { [SCHEDULE]: headers?.get(SCHEDULE) ?? '', [SCHEDULE_TARGET]: headers?.get(SCHEDULE_TARGET) ?? '' },
  })
  return result.ok
}
