import type { NatsConnection } from '@nats-io/transport-node'
import type { z } from 'zod'
import { type inputSchema, readEnvelope } from '../../schemas/envelope.ts'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { type Address, inputSubject, messageIdOf } from '../../schemas/subjects.ts'
import { JS_CODE, NO_ROOM_CODES } from '../jetstream/jetstream-codes.ts'
import { createPublisher, type PublishResult } from '../jetstream/publisher.ts'
import { createRequestMux, type RequestMux } from '../jetstream/request-mux.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'

/** An input with an id, ready to publish. */
export interface OutgoingInput extends z.input<typeof inputSchema> {
  readonly id: string
  /** CloudEvents: what the event is about. Kept with the input. */
  readonly subject?: string | undefined
  /** CloudEvents: URI of the schema of `data`. Kept with the input. */
  readonly dataschema?: string | undefined
}

/** The acknowledgement of an input. */
export interface Sent {
  /** INBOX sequence. */
  readonly position: number
  /** Whether INBOX already had it, within its deduplication window. */
  readonly duplicate: boolean
}

/** Publishes inputs as a producer, and retries each until INBOX has stored it. */
export interface Sender {
  /**
   * Publishes one input. Settles when INBOX has stored it.
   *
   * @throws ColloquyError `input_refused` if no retry can help; after `attemptsMax` attempts the error of the last one, such as
   * `inbox_full`, or `no_reply`, after which INBOX may have stored it; the reason of the signal.
   */
  send(address: Address, input: OutgoingInput): Promise<Sent>
  /** Waits for pending requests; leaves the connection open. */
  close(): Promise<void>
}

export interface SenderOptions {
  /** Called before each pause with the reason: INBOX is full, or NATS does not answer. */
  readonly onWait?: (why: string) => void
  /** Max attempts for one input; default: no limit, so that a full INBOX blocks the caller. */
  readonly attemptsMax?: number
  /** Aborts all attempts. */
  readonly signal?: AbortSignal
}

const PAUSES: Pauses = { minMs: 50, maxMs: 5_000 }

/** Creates a sender on a connection. */
export function createSender(nc: NatsConnection, options: SenderOptions = {}): Sender {
  const mux = createRequestMux(nc)
  return { send: (address, input) => sendInput(mux, address, input, options), close: () => mux.close() }
}

/** Publishes one input, as `Sender.send`. */
export function sendInput(
  mux: RequestMux,
  address: Address,
  input: OutgoingInput,
  { onWait, attemptsMax = Infinity, signal }: SenderOptions,
): Promise<Sent> {
  const publisher = createPublisher(mux)
  const [subject, payload] = [inputSubject(address), JSON.stringify(input)]
  const msgId = messageIdOf(address, input.id, payload)
  const attempt = async (): Promise<Sent> => {
    const result = await publisher.publish(subject, payload, { msgId })
    if (result.ok) return { position: result.seq, duplicate: result.duplicate }
    throw refusal(msgId, result)
  }
  signal?.throwIfAborted()
  return withRetry(attempt, {
    pauses: PAUSES,
    retriesMax: attemptsMax - 1,
    signal,
    isFinal: (error) => hasCode(error, 'input_refused'),
    onRetry: (error) => onWait?.(messageOf(error)),
  })
}

function refusal(msgId: string, { code, description }: Extract<PublishResult, { ok: false }>): ColloquyError {
  const what = `INBOX refused ${msgId} (${code}: ${description})`
  if (code === JS_CODE.tooLarge) return new ColloquyError('input_refused', `${what}: it exceeds the size limit of INBOX; send less`)
  if (NO_ROOM_CODES.has(code)) {
    return new ColloquyError('inbox_full', `${what}: it is full until hosts have caught up; send it again later with the same id`)
  }
  return new ColloquyError('inbox_refused', `${what}; send it again later with the same id`)
}

/** The reason why any actor would reject an input; `undefined` if there is none. */
export function inputProblem(input: OutgoingInput): string | undefined {
  const problem = jsonProblem(input)
  if (problem !== undefined) return problem
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > LIMITS.inputBytesMax) return `it has ${bytes} bytes; at most ${LIMITS.inputBytesMax} are allowed`
  const envelope = readEnvelope(input)
  return envelope.ok ? undefined : envelope.problem
}
