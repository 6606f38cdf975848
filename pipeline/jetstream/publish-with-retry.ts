import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Publisher, PublishOptions, PublishResult } from './publisher.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

const PAUSE_MIN_MS = 20
const PAUSE_MAX_MS = 5_000

export interface RetryDeps {
  readonly publisher: Publisher
  readonly log: Logger
  readonly metrics: Metrics
  /** Ends the trying: what was not stored by then rejects with an AbortError. */
  readonly signal: AbortSignal
}

/**
 * Publishes until the stream has stored the message: lost answers, full streams and servers that are away are waited out.
 * Callers bound what they have under way, so that waiting here holds back their reading.
 *
 * @param finalCodes refusals that are an answer; they come back as a result.
 */
export async function publishWithRetry(
  deps: RetryDeps, subject: string, payload: Uint8Array | string, options: PublishOptions = {}, finalCodes: readonly number[] = [],
): Promise<PublishResult> {
  for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    try {
      const result = await deps.publisher.publish(subject, payload, options)
      if (result.ok) return result
      deps.metrics.publishesRefused.inc({ code: String(result.code) })
      if (finalCodes.includes(result.code)) return result
      rateLimitedWarn(deps.log, { subject, code: result.code, description: result.description, pauseMs }, 'a stream refused a message; it is sent again')
    } catch (error) {
      deps.metrics.publishesRefused.inc({ code: codeOf(error) ?? 'unknown' })
      rateLimitedWarn(deps.log, { subject, err: error, pauseMs }, 'no answer from a stream; the message is sent again')
    }
    await delay(pauseMs, undefined, { signal: deps.signal })
  }
}
