import { STATUS_CODES } from 'node:http'
import { errors as nats } from '@nats-io/transport-node'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

interface ProblemOptions {
  /** Members of the problem beside the standard ones, such as `position`. */
  readonly more?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An error response as a problem of RFC 9457. Clients match on `code`. */
export class HttpProblem extends ColloquyError {
  readonly status: number
  readonly more: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(code, detail, { cause: options.cause })
    this.status = status
    this.more = options.more ?? {}
    this.headers = options.headers ?? {}
  }
}

/** The response body of a problem. */
export const problemBody = ({ status, code, message, more }: HttpProblem) => ({
  type: `urn:colloquy:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail: message, code, ...more,
})

/** Header of a 503: seconds after which a client should retry. */
export const RETRY_AFTER = { 'retry-after': '5' } as const

/** Problems for requests that Fastify refuses itself, by its error code. */
const FRAMEWORK_PROBLEMS: Readonly<Record<string, HttpProblem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new HttpProblem(413, 'too_large', `the body is too large; ${LIMITS.inputBytesMax} bytes are allowed`),
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    new HttpProblem(415, 'unsupported_media_type', 'the Content-Type must be application/json or application/cloudevents+json'),
  FST_ERR_BAD_URL: new HttpProblem(400, 'bad_url', 'the path is not valid percent-encoding'),
}

/** Error codes of Colloquy's requests to NATS. After `no_reply` it is unknown whether the input was stored. */
const REQUEST_FAILURES = new Set(['no_reply', 'no_responders', 'closed'])
const NATS_FAILURES = [
  nats.TimeoutError, nats.NoRespondersError, nats.RequestError, nats.ClosedConnectionError, nats.DrainingConnectionError,
]

/** Maps an error to the problem that the client gets. An unexpected error becomes 500 `internal`, without its details. */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  const code = codeOf(error) ?? ''
  const refused = FRAMEWORK_PROBLEMS[code]
  if (refused !== undefined) return refused
  if (REQUEST_FAILURES.has(code)) {
    const detail = `${messageOf(error)}; repeat the request, an input under the same id`
    return new HttpProblem(503, code, detail, { headers: RETRY_AFTER, cause: error })
  }
  if (isNatsFailure(error)) return natsUnavailable(error)
  const status = statusOf(error)
  if (status >= 400 && status < 500) return new HttpProblem(status, 'bad_request', messageOf(error), { cause: error })
  return new HttpProblem(500, 'internal', 'unexpected error; see the log of the server', { cause: error })
}

/** The problem of a request that arrives while NATS is disconnected. */
export const natsUnavailable = (cause?: unknown): HttpProblem =>
  new HttpProblem(503, 'nats_unavailable', 'NATS does not answer; nothing was stored', { headers: RETRY_AFTER, cause })

/** The NATS client wraps some of its errors in others. */
const isNatsFailure = (error: unknown): boolean =>
  error instanceof Error && (NATS_FAILURES.some((failure) => error instanceof failure) || isNatsFailure(error.cause))

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
