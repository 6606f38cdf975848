import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { RECEIPT_SUBJECT } from '../../schemas/client-access.ts'
import { codeOf, ColloquyError, ForeignCodeError, hasCode, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { durabilitySchema } from '../cluster/process-status.ts'
import type { RequestMux } from '../jetstream/request-mux.ts'
import { createFairPlaces } from '../runtime/fair-places.ts'
import { pollUntil } from '../runtime/poll-until.ts'
import type { Advise } from './advise.ts'
import type { Handled } from './find-decision.ts'
import type { Durability } from './receipt.ts'
import { type WaitFor, WAITS } from './wait-for.ts'

/** NATS queue group, so that one process answers a request. */
const QUEUE = 'receipts'
/** How long a process holds a request before it answers that the input is pending. Shorter than a requester waits for an answer. */
const HOLD_MS = 1_000
/** Max requests that a process holds, and the bytes of their inputs; a tenant gets at most three quarters. More are pending at once. */
const HELD_MAX = 1_000
const HELD_BYTES_MAX = 64 * 1024 ** 2

const token = z.string().regex(TOKEN)
/** Strict: a request with a misspelt field is told so, and not answered as if it asked for nothing. */
const requestSchema = z.strictObject({
  /** Absent: only the durability. */
  input: z
    .strictObject({
      tenant: token,
      kind: token,
      id: token,
      wait: z.enum(WAITS),
      /** INBOX sequence. */
      position: z.int().positive(),
      payload: z.string(),
    })
    .optional(),
  /** An input that is not stored yet. A process of an earlier version does not answer it. */
  advise: z.object({ kind: token, payload: z.string() }).optional(),
})
type ReceiptRequest = z.infer<typeof requestSchema>

const handledSchema = z.object({
  outcome: z.enum(['committed', 'rejected', 'repeat']),
  reason: z.string().optional(),
  error: z.string().optional(),
})

const replySchema = z.union([
  z.object({
    durability: durabilitySchema,
    handled: handledSchema.optional(),
    /** `null`: nothing is known to be wrong with the input. */
    advice: z.object({ code: z.string(), message: z.string() }).nullish(),
  }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])
type Reply = z.infer<typeof replySchema>

export interface ReceiptServiceOptions {
  readonly nc: NatsConnection
  readonly waitFor: WaitFor
  readonly durability: Durability
  readonly advise: Advise
}

/** Completes receipts for producers, who may not read the log: how durable an acknowledgement is and, if they wait, the outcome. */
export function serveReceipts({ nc, waitFor, durability, advise }: ReceiptServiceOptions): { stop(): void } {
  const held = createFairPlaces(HELD_MAX)
  const heldBytes = createFairPlaces(HELD_BYTES_MAX)
  const stopping = new AbortController()
  const wait = async (input: NonNullable<ReceiptRequest['input']>): Promise<Handled | undefined> => {
    const { tenant, payload } = input
    if (!held.acquire(tenant)) return undefined
    if (!heldBytes.acquire(tenant, payload.length)) {
      held.release(tenant)
      return undefined
    }
    const timeout = AbortSignal.timeout(HOLD_MS)
    const actor = waitFor({ tenant: input.tenant, kind: input.kind, id: input.id })
    try {
      const stored = actor.stored({ position: input.position, payload: Buffer.from(payload) }, false)
      return await stored.until(input.wait, AbortSignal.any([timeout, stopping.signal]))
    } catch (error) {
      if (timeout.aborted || stopping.signal.aborted) return undefined
      throw error
    } finally {
      actor.stop()
      held.release(tenant)
      heldBytes.release(tenant, payload.length)
    }
  }
  const answer = async (text: string): Promise<Reply> => {
    const request = requestSchema.safeParse(parseJson(text), IN_WORDS)
    if (!request.success) return { error: { code: 'bad_receipt_request', message: zodProblem(request.error, '') } }
    const { input, advise: about } = request.data
    try {
      if (about !== undefined) {
        const advice = await advise(about.kind, parseJson(about.payload))
        return advice === 'unchecked' ? { durability } : { durability, advice: advice ?? null }
      }
      return { durability, handled: input === undefined ? undefined : await wait(input) }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'no_receipt', message: messageOf(error) } }
    }
  }
  const subscription = nc.subscribe(RECEIPT_SUBJECT, {
    queue: QUEUE,
    callback: (_, message) => {
      answer(message.string())
        .then((reply) => message.respond(JSON.stringify(reply)))
        // The connection was closed meanwhile.
        .catch(() => undefined)
    },
  })
  return {
    stop() {
      subscription.unsubscribe()
      stopping.abort()
    },
  }
}

/** Asks the processes of Colloquy, with the rights of any producer. */
export interface ReceiptClient {
  /** How durable an acknowledgement is; `undefined` if no process answers. */
  durability(): Promise<Durability | undefined>
  /** What is wrong with an input; `null` if nothing is known to be, `undefined` if no process with its kind answers. */
  advice(kind: string, payload: string): Promise<PublishAdvice | null | undefined>
  /** Waits for a stored input, also while no process answers. @throws the reason of the signal; ColloquyError of a refusal */
  until(input: NonNullable<ReceiptRequest['input']>, signal: AbortSignal): Promise<Handled>
}

/** What is wrong with an input for its kind. `code` is `unknown_kind`, `undeclared_type`, `bad_data` or `bad_envelope`. */
export interface PublishAdvice {
  readonly code: string
  readonly message: string
}

export function createReceiptClient(mux: RequestMux): ReceiptClient {
  const ask = async (request: ReceiptRequest): Promise<Extract<Reply, { durability: object }>> => {
    const reply = replySchema.safeParse(parseJson((await mux.request(RECEIPT_SUBJECT, JSON.stringify(request))).string()))
    if (!reply.success) throw new ColloquyError('no_receipt', 'the answer of the process is not readable; upgrade the running processes')
    if ('error' in reply.data) throw new ForeignCodeError(reply.data.error.code, reply.data.error.message)
    return reply.data
  }
  const isAway = (error: unknown): boolean => hasCode(error, 'no_reply') || hasCode(error, 'no_responders')
  return {
    async durability() {
      try {
        return (await ask({})).durability
      } catch (error) {
        if (isAway(error)) return undefined
        throw error
      }
    },
    async advice(kind, payload) {
      try {
        return (await ask({ advise: { kind, payload } })).advice
      } catch (error) {
        if (isAway(error)) return undefined
        throw error
      }
    },
    until: (input, signal) =>
      pollUntil(
        async () => {
          try {
            return (await ask({ input })).handled
          } catch (error) {
            if (isAway(error)) return undefined
            throw error
          }
        },
        { signal },
      ),
  }
}
