import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { inputSchema, zodProblem } from '../../schemas/envelope.ts'
import { decodeUtf8, parseJson } from '../../schemas/json.ts'
import { type Address, inputSubject, messageIdOf } from '../../schemas/subjects.ts'
import { NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import type { Publisher, PublishResult } from '../jetstream/publisher.ts'
import type { Durability } from '../producer/receipt.ts'
import { type ActorWait, type Handled, WAITS } from '../producer/wait-for.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { asProblem, HttpProblem, RETRY_AFTER } from './problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from './route-address.ts'

/** Max and default of the query parameter `timeoutMs`. */
export const WAIT_MS_MAX = 60_000
const WAIT_MS_DEFAULT = 10_000
/** Requests that may wait for their input at one time. A tenant gets at most three quarters of these places. */
const WAITING_MAX = 1_000

export interface InputRouteDeps {
  readonly publisher: Publisher
  readonly connection: ConnectionWatch
  readonly durability: Durability
  readonly waitFor: (address: Address) => ActorWait
  /** Aborts when the server closes; waiting requests are answered then. */
  readonly closing: AbortSignal
}

const querySchema = z.strictObject({
  wait: z.enum(WAITS).optional(),
  timeoutMs: z.coerce.number().int().min(1).max(WAIT_MS_MAX).default(WAIT_MS_DEFAULT),
})

interface Stored {
  /** INBOX sequence of the input, or of the earlier copy that NATS has stored. */
  readonly position: number
  readonly id: string
  readonly durability: Durability
}

/**
 * Adds `POST /v1/in/<tenant>/<kind>/<id>[?wait=…&timeoutMs=…]`: stores the body unchanged in INBOX and, with `wait`, waits for its outcome.
 */
export function addInputRoute(app: FastifyInstance, deps: InputRouteDeps): void {
  const waits = createFairPlaces(WAITING_MAX)
  app.post<{ Params: AddressParams }>(`/v1/in/${ADDRESS_PATH}`, async (request, reply) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    const { wait, timeoutMs } = query.data
    const body = readBody(request.body)
    deps.connection.requireConnection()
    if (wait === undefined) return reply.code(202).send(await publish(deps, address, body))

    if (!waits.acquire(address.tenant)) {
      const detail = `too many requests of ${address.tenant} are waiting and nothing was stored; repeat the request later, or without wait`
      throw new HttpProblem('too_many_waits', detail, { headers: RETRY_AFTER })
    }
    const disconnected = new AbortController()
    reply.raw.once('close', () => disconnected.abort())
    const actor = deps.waitFor(address)
    try {
      const stored = await publish(deps, address, body)
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), deps.closing, disconnected.signal])
      const handled = await actor
        .until(wait, { position: stored.position, payload: body.payload }, signal)
        .catch((error: unknown): never => {
          const timedOut = `${wait} has not caught up within ${timeoutMs} ms; wait longer with timeoutMs, or read the actor later`
          throw waitProblem(error, stored, timedOut)
        })
      return await reply.code(202).send({ ...stored, ...handled } satisfies Stored & Handled)
    } finally {
      actor.stop()
      waits.release(address.tenant)
    }
  })
}

interface Body {
  readonly payload: Uint8Array
  /** The id in the body if it is valid. The host rejects an input whose id is not. */
  readonly id: string | undefined
}

function readBody(body: unknown): Body {
  const payload = body instanceof Uint8Array ? body : new Uint8Array()
  const value = parseJson(decodeUtf8(payload) ?? '')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpProblem('bad_json', 'the body must be a JSON object in UTF-8: {"type": "message.received", "data": {…}}')
  }
  const { data: id } = inputSchema.shape.id.safeParse('id' in value ? value.id : undefined)
  return { payload, id: id?.isWellFormed() === true ? id : undefined }
}

async function publish({ publisher, durability }: InputRouteDeps, address: Address, { payload, id }: Body): Promise<Stored> {
  const options = id === undefined ? {} : { msgId: messageIdOf(address, id, payload) }
  const result = await publisher.publish(inputSubject(address), payload, options)
  if (!result.ok) throw refusal(result)
  return { position: result.seq, id: id ?? `seq:${result.seq}`, durability }
}

function refusal({ code, description }: Extract<PublishResult, { ok: false }>): HttpProblem {
  const detail = `INBOX refused the input (${code}: ${description})`
  const remedy = 'repeat the request later, under the same id'
  return NO_ROOM_CODES.has(code)
    ? new HttpProblem('inbox_full', `${detail} because it is full until hosts have caught up; ${remedy}`, { headers: RETRY_AFTER })
    : new HttpProblem('inbox_refused', `${detail}; ${remedy}`, { headers: RETRY_AFTER })
}

/** The problem of a wait that failed. The input is stored, so the problem has its position. */
function waitProblem(cause: unknown, { position, id }: Stored, timedOut: string): HttpProblem {
  const stored = `the input is stored at position ${position}`
  const more = { position, id }
  const name = cause instanceof DOMException ? cause.name : ''
  if (name === 'TimeoutError') return new HttpProblem('wait_timeout', `${stored}; ${timedOut}`, { more, headers: RETRY_AFTER, cause })
  if (name === 'AbortError') return new HttpProblem('closing', `${stored}; the server is closing, read the actor later`, { more, cause })
  const { status, code, headers, message } = asProblem(cause)
  const why = status === 503 ? ` (${message})` : ''
  return new HttpProblem(code, `${stored}; its outcome is unknown${why}, read the actor later`, { status, more, headers, cause })
}
