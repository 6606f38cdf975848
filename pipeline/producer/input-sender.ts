import type { NatsConnection } from '@nats-io/transport-node'
import type { z } from 'zod'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { zodProblem, inputSchema } from '../../schemas/envelope.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { inputSubject, messageIdOf, type Address } from '../../schemas/subjects.ts'
import { JS_CODE, NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import { createPublisher, type PublishResult } from '../jetstream/publisher.ts'
import { createRequestMux, type RequestMux } from '../jetstream/request-mux.ts'
import { withRetry, type Pauses } from '../runtime/retry.ts'

/** An input with an id, as it is published. */
export type OutgoingInput = z.input<typeof inputSchema> & { readonly id: string }

export interface Sent {
  /** INBOX sequence. */
  readonly position: number
  /** INBOX had it already, as far as it remembers. */
  readonly duplicate: boolean
}

/** Publishes inputs as any producer does, each until INBOX has it. */
export interface Sender {
  /**
   * @throws ColloquyError `input_refused` where INBOX will never take it; after `attemptsMax` what the last attempt came to, such as
   * `inbox_full`, or `no_reply`, after which INBOX may have it.
   */
  send(address: Address, input: OutgoingInput): Promise<Sent>
  close(): Promise<void>
}

export interface SenderOptions {
  /** Called before each pause: INBOX is full, or NATS is away. */
  readonly onWait?: (why: string) => void
  /** Default: it never gives up, and a full INBOX holds the caller back. */
  readonly attemptsMax?: number
  /** Ends all trying, with its reason. */
  readonly signal?: AbortSignal
}

const PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

export function createSender(nc: NatsConnection, options: SenderOptions = {}): Sender {
  const mux = createRequestMux(nc)
  return { send: (address, input) => sendInput(mux, address, input, options), close: () => mux.close() }
}

/** One input, until INBOX has it: as `Sender.send` does. */
export async function sendInput(
  mux: RequestMux, address: Address, input: OutgoingInput, { onWait, attemptsMax = Infinity, signal }: SenderOptions,
): Promise<Sent> {
  const publisher = createPublisher(mux)
  const [subject, payload] = [inputSubject(address), JSON.stringify(input)]
  const msgId = messageIdOf(address, input.id, payload)
  const once = async (): Promise<Sent> => {
    const result = await publisher.publish(subject, payload, { msgId })
    if (result.ok) return { position: result.seq, duplicate: result.duplicate }
    throw refusal(msgId, result)
  }
  signal?.throwIfAborted()
  return withRetry(once, {
    pauses: PAUSES, retriesMax: attemptsMax - 1, signal,
    isFinal: (error) => hasCode(error, 'input_refused'),
    onRetry: (error) => onWait?.(messageOf(error)),
  })
}

function refusal(msgId: string, { code, description }: Extract<PublishResult, { ok: false }>): ColloquyError {
  const what = `INBOX refused ${msgId} (${code}: ${description})`
  if (code === JS_CODE.tooLarge) return new ColloquyError('input_refused', `${what}: it is larger than INBOX ever takes; send less`)
  if (NO_ROOM_CODES.has(code)) return new ColloquyError('inbox_full', `${what}: it is full until hosts have caught up; send it again later, under the same id`)
  return new ColloquyError('inbox_refused', `${what}; send it again later, under the same id`)
}

/** Why an input would be rejected whatever its actor is; `undefined` where nothing speaks against it. */
export function inputProblem(input: OutgoingInput): string | undefined {
  const problem = jsonProblem(input)
  if (problem !== undefined) return problem
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > LIMITS.inputBytesMax) return `it has ${bytes} bytes; an input may have ${LIMITS.inputBytesMax}`
  const read = inputSchema.safeParse(input)
  return read.success ? undefined : zodProblem(read.error, '')
}
