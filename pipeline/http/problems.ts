import { STATUS_CODES } from 'node:http'
import { errors as nats } from '@nats-io/transport-node'
import { ERROR_CODES, type HttpErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, codeOf, messageOf } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

interface ProblemOptions {
  /** Members of the problem beside the usual ones, such as `position`. */
  readonly more?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Where it is not the one that the catalogue has for the code. */
  readonly status?: number
  readonly cause?: unknown
}

/** An answer that is an error: RFC 9457. `code` is what clients match on; the catalogue of errors has its status. */
export class HttpProblem extends ColloquyError {
  override readonly code: HttpErrorCode
  readonly status: number
  readonly more: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpErrorCode, detail: string, options: ProblemOptions = {}) {
    super(code, detail, { cause: options.cause })
    this.code = code
    this.status = options.status ?? ERROR_CODES[code].http
    this.more = options.more ?? {}
    this.headers = options.headers ?? {}
  }
}

export const problemBody = ({ status, code, message, more }: HttpProblem) => ({
  type: `urn:colloquy:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail: message, code, ...more,
})

/** When it is worth while to ask again after a 503. */
export const RETRY_AFTER = { 'retry-after': '5' } as const

/** What the framework refuses by itself. */
const REFUSED: Readonly<Record<string, HttpProblem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new HttpProblem('too_large', `a body may have ${LIMITS.inputBytesMax} bytes; send less`),
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    new HttpProblem('unsupported_media_type', 'the Content-Type must be application/json or application/cloudevents+json'),
  FST_ERR_BAD_URL: new HttpProblem('bad_url', 'the path is not valid percent-encoding; encode its parts with encodeURIComponent'),
}

/** Of our own requests to NATS; after the first of them the input may be stored or not. */
const REQUEST_FAILURES: readonly HttpErrorCode[] = ['no_reply', 'no_responders', 'closed']
const NATS_FAILURES = [
  nats.TimeoutError, nats.NoRespondersError, nats.RequestError, nats.ClosedConnectionError, nats.DrainingConnectionError,
]

/** Whatever was thrown, as the problem that the client is told. Of what nobody foresaw it is told that it happened. */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  const code = codeOf(error) ?? ''
  const refused = REFUSED[code]
  if (refused !== undefined) return refused
  const failure = REQUEST_FAILURES.find((known) => known === code)
  if (failure !== undefined) {
    const detail = `${messageOf(error)}; ask again, an input with the same id`
    return new HttpProblem(failure, detail, { headers: RETRY_AFTER, cause: error })
  }
  if (isNatsFailure(error)) return natsAway(error)
  const status = statusOf(error)
  if (status >= 400 && status < 500) return new HttpProblem('bad_request', messageOf(error), { status, cause: error })
  return new HttpProblem('internal', 'this should not have happened; the log of the server says more. Report it with that log line', { cause: error })
}

export const natsAway = (cause?: unknown): HttpProblem =>
  new HttpProblem('nats_unavailable', 'NATS does not answer; nothing was stored. Send it again later', { headers: RETRY_AFTER, cause })

/** The client wraps some of them. */
const isNatsFailure = (error: unknown): boolean =>
  error instanceof Error && (NATS_FAILURES.some((failure) => error instanceof failure) || isNatsFailure(error.cause))

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
