import type { NatsConnection } from '@nats-io/transport-node'
import pRetry, { AbortError } from 'p-retry'
import type { z } from 'zod'
import { createPublisher } from '../../pipeline/publisher.ts'
import { createRequestMux } from '../../pipeline/request-mux.ts'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { zodProblem, inputSchema } from '../../schemas/input.ts'
import { jsonProblem } from '../../schemas/json.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey, inputSubject, type Address } from '../../schemas/subjects.ts'

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
  /** @throws ColloquyError `input_refused` where INBOX will never take it; after `attemptsMax` what the last attempt came to. */
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

/** JetStream's code for a message that is larger than the stream ever takes. */
const TOO_LARGE_FOR_STREAM = 10054
const PAUSE_MIN_MS = 50
const PAUSE_MAX_MS = 5_000

export function createSender(nc: NatsConnection, { onWait, attemptsMax = Infinity, signal }: SenderOptions = {}): Sender {
  const mux = createRequestMux(nc)
  const publisher = createPublisher(mux)
  return {
    async send(address, input) {
      const [subject, payload, msgId] = [inputSubject(address), JSON.stringify(input), `${actorKey(address)}/${encodeURI(input.id)}`]
      const once = async (): Promise<Sent> => {
        const result = await publisher.publish(subject, payload, { msgId })
        if (result.ok) return { position: result.seq, duplicate: result.duplicate }
        const refused = new ColloquyError('input_refused', `INBOX refused ${msgId} (${result.code}: ${result.description})`)
        throw result.code === TOO_LARGE_FOR_STREAM ? new AbortError(refused) : refused
      }
      return pRetry(once, {
        retries: attemptsMax - 1, minTimeout: PAUSE_MIN_MS, maxTimeout: PAUSE_MAX_MS, signal,
        onFailedAttempt: ({ error }) => onWait?.(messageOf(error)),
      })
    },
    close: () => mux.close(),
  }
}

/** Why an input would be rejected whatever its actor is; `undefined` where nothing speaks against it. */
export function inputProblem(input: OutgoingInput): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(input))
  if (bytes > LIMITS.inputBytesMax) return `it has ${bytes} bytes; an input may have ${LIMITS.inputBytesMax}`
  const problem = jsonProblem(input)
  if (problem !== undefined) return problem
  const read = inputSchema.safeParse(input)
  return read.success ? undefined : zodProblem(read.error, '')
}
