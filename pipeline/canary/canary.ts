import type { Logger } from 'pino'
import { z } from 'zod'
import { CANARY_ADDRESS, canaryReached, type CanarySent } from '../../schemas/canary-events.ts'
import { codeOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { inputSubject, messageIdOf, outSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { publishWithRetry } from '../jetstream/publish-with-retry.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

export interface CanaryOptions {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  readonly metrics: Metrics
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Whether every host of the cluster knows the kind: another would reject the input. */
  readonly isKnownEverywhere: () => boolean
  /** Default: a minute. Canaries are sent at its multiples. */
  readonly everyMs?: number
}

const MINUTE_MS = 60_000
const OUT = outSubject(CANARY_ADDRESS, 'canary.reached')
const eventSchema = z.object({ data: canaryReached })

/**
 * Sends a canary each minute, for the whole cluster. Each says what happened to the one before, so that every minute is recorded: whether
 * its event was in OUT when the next one was sent, and after how long by the clocks of the sender and of NATS. A minute of which nothing is
 * recorded had no canary, or nobody could record it.
 */
export function startCanary({ everyMs = MINUTE_MS, ...options }: CanaryOptions): PeriodicJob {
  const { log, now, isKnownEverywhere } = options
  const untilNextMs = (): number => everyMs - (now() % everyMs)
  let last: string | undefined
  return periodicJob(untilNextMs(), async (stopping) => {
    if (isKnownEverywhere()) {
      const minute = new Date(Math.floor(now() / everyMs) * everyMs).toISOString()
      // The next one must not wait for this one.
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(untilNextMs())])
      try {
        const before = await readBefore(options.jetstream, last)
        last = minute
        await send(options, { minute, sentAt: new Date(now()).toISOString(), ...(before && { before }) }, signal)
      } catch (error) {
        if (!stopping.aborted) rateLimitedWarn(log, { code: codeOf(error), err: error }, 'could not send the canary of this minute')
      }
    }
    return untilNextMs()
  })
}

/** @param last the minute of the last canary; undefined: another member sent it, and only OUT tells which one came last */
async function readBefore({ jsm }: JetStreamContext, last: string | undefined): Promise<CanarySent['before']> {
  const message = await jsm.direct.getMessage('OUT', { last_by_subj: OUT })
  const reached = message === null ? undefined : eventSchema.safeParse(parseJson(message.string())).data?.data
  if (message === null || reached === undefined || (last !== undefined && reached.minute !== last)) {
    return last === undefined ? undefined : { minute: last, reachedMs: null }
  }
  return { minute: reached.minute, reachedMs: Math.max(0, message.time.getTime() - Date.parse(reached.sentAt)) }
}

/** The sequence makes the second of two canaries of one minute a duplicate, after a change of the member that sends them. */
async function send({ jetstream, log, metrics }: CanaryOptions, data: CanarySent, signal: AbortSignal): Promise<void> {
  const id = `canary-${data.minute}`
  const input = { type: 'canary.sent', id, source: 'colloquy/canary', sequence: Date.parse(data.minute), data }
  const payload = JSON.stringify(input)
  const msgId = messageIdOf(CANARY_ADDRESS, id, payload)
  await publishWithRetry({ publisher: jetstream.publisher, log, metrics, signal }, inputSubject(CANARY_ADDRESS), payload, { msgId })
}
