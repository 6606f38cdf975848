import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import type { Publisher, PublishOptions, PublishResult } from './publisher.ts'

const PAUSES: Pauses = { minMs: 20, maxMs: 5_000 }

export interface RetryDeps {
  readonly publisher: Publisher
  readonly log: Logger
  readonly metrics: Metrics
  /** Ends the retries: a message that is not stored by then rejects with its reason. */
  readonly signal: AbortSignal
}

/**
 * Publishes until the stream has stored the message, through lost answers, full streams and servers that are away. Callers bound their
 * messages in flight: waiting here applies back-pressure to their reading.
 *
 * @param finalCodes refusals that are returned as a result instead of retried
 */
export function publishWithRetry(
  deps: RetryDeps,
  subject: string,
  payload: Uint8Array | string,
  options: PublishOptions = {},
  finalCodes: readonly number[] = [],
): Promise<PublishResult> {
  const attempt = async (): Promise<PublishResult> => {
    let result: PublishResult
    try {
      result = await deps.publisher.publish(subject, payload, options)
    } catch (error) {
      deps.metrics.publishesRefused.inc({ code: codeOf(error) ?? 'unknown' })
      throw error
    }
    if (result.ok) return result
    deps.metrics.publishesRefused.inc({ code: String(result.code) })
    if (finalCodes.includes(result.code)) return result
    throw new Refused(result)
  }
  return withRetry(attempt, {
    pauses: PAUSES,
    signal: deps.signal,
    onRetry(error, pauseMs) {
      if (error instanceof Refused)
        rateLimitedWarn(
          deps.log,
          { subject, code: error.code, description: error.message, pauseMs },
          'a stream refused a message; retrying',
        )
      else rateLimitedWarn(deps.log, { subject, err: error, pauseMs }, 'no answer from a stream; retrying')
    },
  })
}

class Refused extends Error {
  readonly code: number

  constructor({ code, description }: Extract<PublishResult, { ok: false }>) {
    super(description)
    this.code = code
  }
}
