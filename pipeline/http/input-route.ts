import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { InputAdvice } from '../../actors/definition/input-advice.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Address, inputSubject, messageIdOf, OWN_TENANT } from '../../schemas/subjects.ts'
import { NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import type { Publisher, PublishResult } from '../jetstream/publisher.ts'
import type { Advise } from '../producer/advise.ts'
import type { Handled } from '../producer/find-decision.ts'
import type { Durability } from '../producer/receipt.ts'
import { type InputWait as InputWaiting, type Wait, type WaitFor, WAITS } from '../producer/wait-for.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { asProblem, HttpProblem, RETRY_AFTER } from './problems.ts'
import { readInputs, type RequestInput, type RequestInputs } from './request-inputs.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from './route-address.ts'

/** Max and default of the query parameter `timeoutMs`. */
export const WAIT_MS_MAX = 60_000
export const WAIT_MS_DEFAULT = 10_000
/** Requests that may wait for their input at one time. A tenant gets at most three quarters of these places. */
const WAITING_MAX = 1_000

export interface InputRouteDeps {
  readonly publisher: Publisher
  readonly connection: ConnectionWatch
  readonly durability: Durability
  readonly advise: Advise
  readonly waitFor: WaitFor
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
  /** Why the input will be rejected, or will change nothing; absent where nothing is known. */
  readonly warning?: InputAdvice
}

/** What a request asks to wait for. */
export interface WaitRequest {
  readonly wait?: Wait | undefined
  readonly timeoutMs: number
  /** Aborts when the client has gone. */
  readonly disconnected: AbortSignal
  /** Called when all inputs are stored. */
  readonly onAllStored?: () => void
}

export interface InputAnswer {
  /** 202 for stored inputs, 200 for those that had their effect. */
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Stores inputs for an actor and waits for what comes of them. @throws HttpProblem */
export type TakeInputs = (address: Address, given: RequestInputs, waiting: WaitRequest) => Promise<InputAnswer>

/** Creates the function by which clients of every route send inputs. They share its places for those that wait. */
export function createTakeInputs(deps: InputRouteDeps): TakeInputs {
  const waits = createFairPlaces(WAITING_MAX)
  return async (address, given, { wait, timeoutMs, disconnected, onAllStored }) => {
    if (address.tenant === OWN_TENANT) throw new HttpProblem('bad_subject', `tenant "${OWN_TENANT}" is the cluster's own`)
    deps.connection.requireConnection('nothing was stored')
    if (wait === undefined) return { status: 202, body: bodyOf(await publishAll(deps, address, given), given, deps) }

    if (!waits.acquire(address.tenant)) {
      const detail = `too many requests of ${address.tenant} are waiting and nothing was stored; repeat the request later, or without wait`
      throw new HttpProblem('too_many_waits', detail, { headers: RETRY_AFTER })
    }
    const actor = deps.waitFor(address)
    const inputs: InputWaiting[] = []
    try {
      const stored = await publishAll(deps, address, given, ({ payload }, position, isNew) => {
        inputs.push(actor.stored({ position, payload }, isNew))
      })
      onAllStored?.()
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), deps.closing, disconnected])
      const handled: (Stored & Handled)[] = []
      for (const [index, one] of stored.entries()) {
        const outcome = await inputs[index]?.until(wait, signal).catch((error: unknown): never => {
          const timedOut = `${wait} has not caught up within ${timeoutMs} ms; wait longer with timeoutMs, or read the actor later`
          throw waitProblem(error, one, timedOut)
        })
        if (outcome !== undefined) handled.push({ ...one, ...outcome })
      }
      const body = bodyOf(handled, given, deps)
      const rejected = handled.filter(({ outcome }) => outcome === 'rejected')
      if (rejected.length > 0) throw new HttpProblem('rejected', rejectedText(rejected, given), { more: body })
      return { status: 200, body }
    } finally {
      actor.stop()
      waits.release(address.tenant)
    }
  }
}

/**
 * Adds `POST /v1/in/<tenant>/<kind>/<id>[?wait=…&timeoutMs=…]`: stores an input, or each input of a batch in order, and with `wait` waits
 * for what comes of it. The response is 202 for a stored input, 200 for one that had its effect, 422 for one that was rejected.
 */
export function addInputRoute(app: FastifyInstance, takeInputs: TakeInputs): void {
  app.post<{ Params: AddressParams }>(`/v1/in/${ADDRESS_PATH}`, async (request, reply) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    const given = readInputs(request)
    const disconnected = new AbortController()
    reply.raw.once('close', () => disconnected.abort())
    const { status, body } = await takeInputs(address, given, { ...query.data, disconnected: disconnected.signal })
    return reply.code(status).send(body)
  })
}

/** The response body: of one input its own facts, of a batch a list of them. */
const bodyOf = (stored: readonly Stored[], { isBatch }: RequestInputs, { durability }: InputRouteDeps): Record<string, unknown> =>
  isBatch ? { inputs: stored, durability } : { ...stored[0], durability }

function rejectedText([first, ...more]: readonly (Stored & Handled)[], { isBatch }: RequestInputs): string {
  const why = `${first?.reason ?? ''}: ${first?.error ?? ''}`
  if (!isBatch) return `the input was rejected as ${why}`
  const count = more.length === 0 ? '1 input of the batch was' : `${more.length + 1} inputs of the batch were`
  return `${count} rejected; the one with the id ${JSON.stringify(first?.id)} as ${why}`
}

/** Called when an input is stored. @param isNew false for a copy of an input that NATS had stored before */
type OnStored = (input: RequestInput, position: number, isNew: boolean) => void

/** Stores inputs one after the other, so that their order is that of the request. @throws HttpProblem which names those that are stored */
async function publishAll(
  deps: InputRouteDeps,
  address: Address,
  { inputs, isBatch }: RequestInputs,
  onStored?: OnStored,
): Promise<Stored[]> {
  const stored: Stored[] = []
  for (const input of inputs) {
    try {
      stored.push(await publish(deps, address, input, onStored))
    } catch (cause) {
      if (!isBatch) throw cause
      const { status, code, headers, message } = asProblem(cause)
      const detail = `${message}; ${stored.length} of ${inputs.length} inputs are stored, which have no second effect under the same ids`
      throw new HttpProblem(code, detail, { status, headers, cause, more: { inputs: stored } })
    }
  }
  return stored
}

async function publish({ publisher, advise }: InputRouteDeps, address: Address, input: RequestInput, onStored?: OnStored): Promise<Stored> {
  const { payload, envelope, id } = input
  const options = id === undefined ? {} : { msgId: messageIdOf(address, id, payload) }
  const [result, warning] = await Promise.all([
    publisher.publish(inputSubject(address), payload, options),
    // Advice is a courtesy: the input is stored without it, too.
    advise(address.kind, envelope).catch(() => undefined),
  ])
  if (!result.ok) throw refusal(result)
  onStored?.(input, result.seq, !result.duplicate)
  return { position: result.seq, id: id ?? `seq:${result.seq}`, ...(warning === undefined ? {} : { warning }) }
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
