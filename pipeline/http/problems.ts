import { STATUS_CODES } from 'node:http'
import { errors as nats } from '@nats-io/transport-node'
import { z } from 'zod'
import { ERROR_CODES, type HttpErrorCode } from '../../schemas/error-codes.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { damageError } from '../runtime/clickhouse-failures.ts'
import { isServerAway } from '../runtime/server-away.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

interface ProblemOptions {
  /** Members of the problem beside the standard ones, such as `position`. */
  readonly more?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** HTTP status. Default: the one that the catalogue has for the code. */
  readonly status?: number
  readonly cause?: unknown
}

/** An error response as a problem of RFC 9457. Clients match on `code`; the catalogue of errors has its status. */
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

/** The response body of a problem. Some have more members, such as `position`. */
export const problemSchema = z.looseObject({
  type: z.string().meta({ description: 'urn:colloquy:problem:<code>' }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'What happened, and what to do' }),
  code: z.string().meta({ description: 'A code of the catalogue of errors; it never changes its meaning' }),
})

/** The response body of a problem. */
export const problemBody = ({ status, code, message, more }: HttpProblem): z.output<typeof problemSchema> => ({
  type: `urn:colloquy:problem:${code}`,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail: message,
  code,
  ...more,
})

/** Header of a 503: seconds after which a client should retry. */
export const RETRY_AFTER = { 'retry-after': '5' } as const

/** Problems for requests that Fastify refuses itself, by its error code. */
const FRAMEWORK_PROBLEMS: Readonly<Record<string, (bodyBytesMax: number) => HttpProblem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (bytesMax) => new HttpProblem('too_large', `the body is too large; send at most ${bytesMax} bytes`),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new HttpProblem(
      'unsupported_media_type',
      'the Content-Type must be application/json, application/cloudevents+json or application/cloudevents-batch+json; with ce-* headers '
        + '(binary mode), whose body is the data, application/json or application/<name>+json',
    ),
  FST_ERR_BAD_URL: () => new HttpProblem('bad_url', 'the path is not valid percent-encoding; encode its parts with encodeURIComponent'),
}

/** Error codes of Colloquy's requests to NATS. After `no_reply` it is unknown whether the input was stored. */
const REQUEST_FAILURES: readonly HttpErrorCode[] = ['no_reply', 'no_responders', 'closed']
const NATS_FAILURES = [
  nats.TimeoutError,
  nats.NoRespondersError,
  nats.RequestError,
  nats.ClosedConnectionError,
  nats.DrainingConnectionError,
]

/**
 * Maps an error to the problem that the client gets. An unexpected error becomes 500 `internal`, without its details.
 *
 * @param bodyBytesMax what the route takes
 */
export function asProblem(error: unknown, bodyBytesMax: number = LIMITS.inputBytesMax): HttpProblem {
  if (error instanceof HttpProblem) return error
  const code = codeOf(error) ?? ''
  const refused = FRAMEWORK_PROBLEMS[code]
  if (refused !== undefined) return refused(bodyBytesMax)
  const failure = REQUEST_FAILURES.find((known) => known === code)
  if (failure !== undefined) {
    const detail = `NATS: ${messageOf(error)}; repeat the request, an input under the same id`
    return new HttpProblem(failure, detail, { headers: RETRY_AFTER, cause: error })
  }
  if (isNatsFailure(error)) return natsUnavailable(error)
  // Of all servers behind the routes, only the tables' is asked without a check of its own.
  if (isServerAway(error)) return tablesUnavailable(error)
  const status = statusOf(error)
  if (status >= 400 && status < 500) return new HttpProblem('bad_request', messageOf(error), { status, cause: error })
  return new HttpProblem('internal', 'unexpected error; report it with the line in the log of the server', { cause: error })
}

/** The problem of a request that arrives while NATS is disconnected. @param effect what it had no time to do, for a request that writes */
export const natsUnavailable = (cause?: unknown, effect?: string): HttpProblem =>
  new HttpProblem('nats_unavailable', `NATS does not answer; ${effect === undefined ? '' : `${effect}, `}repeat the request later`, {
    headers: RETRY_AFTER,
    cause,
  })

/** The problem of a request that needs the tables while ClickHouse does not answer. */
export function tablesUnavailable(cause: unknown): HttpProblem {
  const damage = damageError(cause)
  const options = { headers: RETRY_AFTER, cause }
  return damage === undefined
    ? new HttpProblem('tables_unavailable', `the tables do not answer (${messageOf(cause)}); repeat the request later`, options)
    : new HttpProblem('table_damaged', messageOf(damage), options)
}

/** The NATS client wraps some of its errors in others. */
export const isNatsFailure = (error: unknown): boolean =>
  error instanceof Error && (NATS_FAILURES.some((failure) => error instanceof failure) || isNatsFailure(error.cause))

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
