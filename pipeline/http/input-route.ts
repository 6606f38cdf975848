import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { inputSchema } from '../../schemas/envelope.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Address, OWN_TENANT } from '../../schemas/subjects.ts'
import { durabilitySchema } from '../cluster/process-status.ts'
import type { Handled } from '../producer/find-decision.ts'
import type { Durability } from '../producer/receipt.ts'
import { type InputWait as InputWaiting, type Wait, type WaitFor, WAITS } from '../producer/wait-for.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import type { ConnectionWatch } from './connection-health.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from './described-route.ts'
import { asProblem, HttpProblem } from './problems.ts'
import { BATCH_MAX, readInputs, type RequestInputs } from './request-inputs.ts'
import { ADDRESS_PATH, addressOf, type AddressParams, addressParams } from './route-address.ts'
import { type OnStored, type Stored, type StoreDeps, storeInput, waitProblem } from './store-input.ts'
import { requireVisitorInput } from './visitor-inputs.ts'
import { takePlace, waitSignal, whenDisconnected } from './wait-places.ts'

/** Max and default of the query parameter `timeoutMs`. */
export const WAIT_MS_MAX = 60_000
export const WAIT_MS_DEFAULT = 10_000
/** Requests that may wait for their input at one time. A tenant gets at most three quarters of these places. */
const WAITING_MAX = 1_000

export interface InputRouteDeps extends StoreDeps {
  readonly connection: ConnectionWatch
  readonly durability: Durability
  readonly waitFor: WaitFor
  /** Aborts when the server closes; waiting requests are answered then. */
  readonly closing: AbortSignal
}

/** How long a request waits, as a query parameter. */
export const timeoutMsSchema = (defaultMs: number) =>
  z.coerce.number().int().min(1).max(WAIT_MS_MAX).default(defaultMs).meta({ description: 'How long to wait, in milliseconds' })

const querySchema = z.strictObject({
  wait: z
    .enum(WAITS)
    .optional()
    .meta({ description: 'Until the input is decided, its events are on OUT, or its rows are in the tables. Default: until it is stored' }),
  timeoutMs: timeoutMsSchema(WAIT_MS_DEFAULT),
})

const storedSchema = z.object({
  position: z.int().meta({ description: 'INBOX sequence of the input, or of the earlier copy that NATS has stored' }),
  id: z.string(),
  warning: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .meta({ description: 'Why the input will be rejected, or will change nothing; absent where nothing is known' }),
})
const handledSchema = storedSchema.extend({ outcome: z.enum(['committed', 'repeat']) })
/** An answer about one input, or a list of those of a batch. */
const answerOf = <Input extends z.ZodObject>(input: Input) => {
  const durability = durabilitySchema.meta({ description: 'How durable an acknowledged input is' })
  return z.union([input.extend({ durability }), z.object({ inputs: z.array(input), durability })])
}

export const INPUT_ROUTE = {
  method: 'POST',
  path: `/v1/in/${ADDRESS_PATH}`,
  name: 'storeInput',
  may: 'publish',
  summary: 'Stores an input of an actor, and with `wait` waits for what comes of it',
  description:
    'The body is a CloudEvent in any mode of its HTTP binding; only `type` and `data` are required. A batch has the content type '
    + '`application/cloudevents-batch+json`. In the binary mode, the attributes are headers `ce-<name>`, and the body is the data.',
  params: addressParams,
  query: querySchema,
  headers: z.object({ 'idempotency-key': z.string().optional().meta({ description: 'Id of an input that has none' }) }),
  body: {
    schema: inputSchema,
    example: { type: 'message.received', id: 'm-1', data: { role: 'user', text: '寄到挪威要多久？' } },
    also: { 'application/cloudevents+json': inputSchema, 'application/cloudevents-batch+json': z.array(inputSchema).max(BATCH_MAX) },
  },
  answers: {
    200: { description: 'With `wait`: it had its effect', schema: answerOf(handledSchema) },
    202: { description: 'Stored', schema: answerOf(storedSchema) },
  },
  problems: [
    'bad_subject',
    'bad_query',
    'bad_json',
    'bad_idempotency_key',
    'rejected',
    'too_many_waits',
    'inbox_full',
    'inbox_refused',
    'wait_timeout',
    'closing',
    'nats_unavailable',
    'tables_unavailable',
  ],
  visitors: 'own',
} as const satisfies DescribedRoute

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

    takePlace(waits, address.tenant, ', or without wait')
    const actor = deps.waitFor(address)
    const inputs: InputWaiting[] = []
    try {
      const stored = await publishAll(deps, address, given, ({ payload }, position, isNew) => {
        inputs.push(actor.stored({ position, payload }, isNew))
      })
      onAllStored?.()
      const signal = waitSignal(disconnected, timeoutMs, deps.closing)
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
  addRoute<RouteTypes & { Params: AddressParams }>(app, INPUT_ROUTE, async (request, reply) => {
    const address = addressOf(request.params)
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    if (request.visitor !== undefined) requireVisitorInput(request)
    const given = readInputs(request)
    const { status, body } = await takeInputs(address, given, { ...query.data, disconnected: whenDisconnected(reply) })
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
      stored.push(await storeInput(deps, address, input, onStored))
    } catch (cause) {
      if (!isBatch) throw cause
      const { status, code, headers, message } = asProblem(cause)
      const detail = `${message}; ${stored.length} of ${inputs.length} inputs are stored, which have no second effect under the same ids`
      throw new HttpProblem(code, detail, { status, headers, cause, more: { inputs: stored } })
    }
  }
  return stored
}
