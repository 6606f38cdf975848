import { randomUUID } from 'node:crypto'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { actorKey, type Address, FILLER, inputSubject, isAddressable } from '../../schemas/subjects.ts'
import { createPublisher } from '../jetstream/publisher.ts'
import { createRequestMux, type RequestMux } from '../jetstream/request-mux.ts'
import type { Handled } from './find-decision.ts'
import { inputProblem, type OutgoingInput, sendInput, type Sent } from './input-sender.ts'
import { InputRefusedError, NotAcknowledgedError, WaitTimeoutError } from './producer-errors.ts'
import type { Durability, Receipt } from './receipt.ts'
import { createReceiptClient, type PublishAdvice, type ReceiptClient } from './receipt-service.ts'
import type { Wait } from './wait-for.ts'

/** An input and the address of its actor. */
export interface Publication extends Omit<OutgoingInput, 'id' | 'specversion'> {
  /** Default `default`. */
  readonly tenant?: string | undefined
  readonly kind: string
  /** Id of the actor. */
  readonly id: string
  /**
   * Id of the input, unique in the actor for its `source`: an input whose source and id the actor has seen has no effect. Pass one if you
   * may publish the input again after a crash of your process. Default: a random id, which makes the retries of this call safe.
   */
  readonly messageId?: string | undefined
}

/** Options of `publish`. */
export interface PublishOptions {
  /** Also wait until the input is decided (`actor`), its events are on OUT (`out`), or its rows are in the tables (`tables`). */
  readonly wait?: Wait | undefined
  /** Timeout of the whole call, retries included; default 10,000. */
  readonly timeoutMs?: number | undefined
  /** Aborts retries and waits; `publish` then throws the reason. */
  readonly signal?: AbortSignal | undefined
  /** Called before each pause with the reason: INBOX is full, or NATS does not answer. */
  readonly onWait?: ((why: string) => void) | undefined
}

/** Publishes inputs over one connection. */
export interface Producer {
  /**
   * Publishes an input with retries until INBOX has stored it, and waits as `options.wait` requires. All attempts have one `Nats-Msg-Id`,
   * so that the input takes effect once. A rejected input does not throw: the receipt has `outcome`, `reason` and `error`.
   *
   * @throws InputRefusedError if it was not stored and no retry can help; NotAcknowledgedError if it may have been stored: publish it again
   * with the same `messageId`; WaitTimeoutError if it is stored and the wait has timed out.
   */
  publish(publication: Publication, options?: PublishOptions): Promise<Receipt>
  /**
   * Asks a running process what is wrong with an input before it is published: its kind does not exist, does not declare its type, or
   * refuses its data. `null` if nothing is known to be; `undefined` if no process answers.
   */
  advice(publication: Publication): Promise<PublishAdvice | null | undefined>
  /** Waits for pending requests; closes the connection only if the producer has opened it. */
  close(): Promise<void>
}

const TIMEOUT_DEFAULT_MS = 10_000
/** Time without an acknowledgement after which an input is sent again; also the max wait of `close`. */
const ANSWER_MS = 2_000

/**
 * Creates a producer on a connection, or with connection options. It needs no rights but those of any client: see docs/operations.md.
 *
 * @throws ColloquyError `not_set_up` if NATS has no INBOX; the error of the NATS client if it cannot connect.
 */
export async function createProducer(to: NatsConnection | NodeConnectionOptions): Promise<Producer> {
  const own = 'publish' in to ? undefined : await connect({ maxReconnectAttempts: -1, ...to })
  const nc = 'publish' in to ? to : own
  if (nc === undefined) throw new ColloquyError('not_connected', 'there is no connection to NATS')
  const mux = createRequestMux(nc, { timeoutMs: ANSWER_MS })
  const close = async (): Promise<void> => {
    await mux.close()
    await own?.close()
  }
  try {
    await checkSetUp(nc, mux)
    return {
      publish: createPublish(mux),
      advice: (publication) => {
        const { address, input } = readPublication(publication)
        return createReceiptClient(mux).advice(address.kind, JSON.stringify(input))
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Asks INBOX for an acknowledgement that it cannot give, because the message is meant for another stream. Nothing is stored. */
async function checkSetUp(nc: NatsConnection, mux: RequestMux): Promise<void> {
  try {
    await createPublisher(mux).publish(inputSubject(FILLER), '', { headers: { 'Nats-Expected-Stream': 'none' } })
  } catch (cause) {
    if (!hasCode(cause, 'no_responders')) throw cause
    const server = nc.getServer()
    throw new ColloquyError('not_set_up', `the NATS server ${server} has no streams of Colloquy; run "npx colloquy up" on it`, { cause })
  }
}

function createPublish(mux: RequestMux): Producer['publish'] {
  const receipts = createReceiptClient(mux)
  let durability: Durability | undefined

  return async (publication, { wait, timeoutMs = TIMEOUT_DEFAULT_MS, signal, onWait } = {}) => {
    const { address, input } = readPublication(publication)
    const timeout = AbortSignal.timeout(timeoutMs)
    const aborted = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    const sent = await sendUntilStored(mux, address, input, aborted, timeout, onWait)
    durability ??= await receipts.durability()
    const receipt = { ...sent, id: input.id, durability: durability ?? null }
    if (wait === undefined) return receipt
    return { ...receipt, ...(await waitUntilHandled(receipts, address, wait, input, receipt, aborted, timeout)) }
  }
}

function readPublication({ tenant = 'default', kind, id, messageId = randomUUID(), ...event }: Publication): {
  address: Address
  input: OutgoingInput
} {
  const address = { tenant, kind, id }
  if (!isAddressable(address)) {
    throw new InputRefusedError(
      'bad_address',
      `${actorKey(address)} is not a valid address: tenant, kind and id must match [A-Za-z0-9_-]{1,128}`,
    )
  }
  const input = { ...event, id: messageId }
  const problem = inputProblem(input)
  if (problem !== undefined) throw new InputRefusedError('bad_input', `any actor would reject the input: ${problem}`)
  return { address, input }
}

async function sendUntilStored(
  mux: RequestMux,
  address: Address,
  input: OutgoingInput,
  signal: AbortSignal,
  timeout: AbortSignal,
  onWait: PublishOptions['onWait'],
): Promise<Sent> {
  let last = 'INBOX did not answer'
  try {
    return await sendInput(mux, address, input, {
      signal,
      onWait: (why) => {
        last = why
        onWait?.(why)
      },
    })
  } catch (cause) {
    if (hasCode(cause, 'input_refused')) throw new InputRefusedError('input_refused', messageOf(cause), { cause })
    if (signal.aborted && !timeout.aborted) throw signal.reason
    throw new NotAcknowledgedError(
      input.id,
      `the input for ${actorKey(address)} was not acknowledged in time and may have been stored `
        + `(${last}); publish it again with messageId ${JSON.stringify(input.id)}`,
      { cause },
    )
  }
}

async function waitUntilHandled(
  receipts: ReceiptClient,
  address: Address,
  wait: Wait,
  input: OutgoingInput,
  receipt: Receipt,
  signal: AbortSignal,
  timeout: AbortSignal,
): Promise<Handled> {
  try {
    return await receipts.until({ ...address, wait, position: receipt.position, payload: JSON.stringify(input) }, signal)
  } catch (cause) {
    if (signal.aborted && !timeout.aborted) throw signal.reason
    const why = timeout.aborted ? `the wait for "${wait}" has timed out` : `the wait for "${wait}" has failed: ${messageOf(cause)}`
    throw new WaitTimeoutError(receipt, `the input is stored at position ${receipt.position}; ${why}`, { cause })
  }
}

/** Publishes one input, as `Producer.publish`. For several inputs, `createProducer` saves some requests per input. */
export async function publish(
  to: NatsConnection | NodeConnectionOptions,
  publication: Publication,
  options?: PublishOptions,
): Promise<Receipt> {
  const producer = await createProducer(to)
  try {
    return await producer.publish(publication, options)
  } finally {
    await producer.close()
  }
}
