import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer, JsMsg } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { codeOf, ColloquyError } from '../schemas/errors.ts'
import { isForgotten, SCHEDULE, SCHEDULE_TARGET, timeOf } from './alarms.ts'
import type { Bus } from './bus.ts'

export interface AlarmSweepOptions {
  readonly bus: Bus
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly everyMs: number
}

/** Of many schedules it takes its time: at most this part of it. */
const SHARE = 0.05
const FETCH_MAX = 1_000
const FETCH_MS_MAX = 10_000

/**
 * Looks over the schedules in TIMERS now and then, for all members, and sets those again that their server has forgotten: after a kill -9 nats-server 2.15
 * was seen to keep the messages of some, and never to send them. They go off at once then.
 */
export function startAlarmSweep({ everyMs, ...options }: AlarmSweepOptions): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async (): Promise<void> => {
    for (let pauseMs = everyMs; ;) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const begunMs = performance.now()
      try {
        const count = await sweepAlarms(options, signal)
        if (count > 0) options.log.warn({ count }, 'alarms that NATS had forgotten are set again; they are late')
      } catch (error) {
        options.log.warn({ code: codeOf(error), err: error }, 'the alarms could not be looked over; it is tried again')
      }
      pauseMs = Math.max(everyMs, (performance.now() - begunMs) / SHARE)
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** One look at all schedules. @returns how many were set again @throws ColloquyError `interrupted` where TIMERS stopped answering */
export async function sweepAlarms({ bus, now }: Omit<AlarmSweepOptions, 'everyMs'>, signal: AbortSignal): Promise<number> {
  const consumer = await bus.js.consumers.get('TIMERS', { filter_subjects: ['timer.>'] })
  try {
    return await sweep(bus, consumer, now, signal)
  } finally {
    // It would stay with the server for minutes, and another one comes with each look.
    await consumer.delete().catch(() => false)
  }
}

async function sweep(bus: Bus, consumer: Consumer, now: () => number, signal: AbortSignal): Promise<number> {
  let count = 0
  for (let pending = (await consumer.info(true)).num_pending; pending > 0 && !signal.aborted;) {
    const forgotten: JsMsg[] = []
    let got = 0
    for await (const message of await consumer.fetch({ max_messages: Math.min(FETCH_MAX, pending), expires: FETCH_MS_MAX })) {
      got += 1
      pending = message.info.pending
      const at = timeOf(message.headers?.get(SCHEDULE) ?? '')
      if (at !== '' && isForgotten(at, now())) forgotten.push(message)
    }
    if (got === 0) throw new ColloquyError('interrupted', `TIMERS did not answer for ${FETCH_MS_MAX / 1_000} s, with ${pending} schedules still to come`)
    for (const message of forgotten) if (await setAgain(bus, message)) count += 1
  }
  return count
}

/** False where it has gone off or was replaced meanwhile. */
async function setAgain({ publisher }: Bus, { subject, seq, data, headers }: JsMsg): Promise<boolean> {
  const result = await publisher.publish(subject, data, {
    expectLastSubjectSequence: seq, headers: { [SCHEDULE]: headers?.get(SCHEDULE) ?? '', [SCHEDULE_TARGET]: headers?.get(SCHEDULE_TARGET) ?? '' },
  })
  return result.ok
}
