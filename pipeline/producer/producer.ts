import { randomUUID } from 'node:crypto'
import { jetstream as jetstreamClient, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import { ColloquyError, hasCode, messageOf } from '../../schemas/errors.ts'
import { actorKey, isAddressable, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { isJetStreamError } from '../jetstream/jetstream-codes.ts'
import { createPublisher } from '../jetstream/publisher.ts'
import { createRequestMux } from '../jetstream/request-mux.ts'
import { createWaits, type ActorWait, type Handled, type Wait } from './wait-for.ts'
import { NotAcknowledgedError, InputRefusedError, WaitTimeoutError } from './producer-errors.ts'
import type { Durability, Receipt } from './receipt.ts'
import { createRemoteProgress } from './remote-progress.ts'
import { inputProblem, sendInput, type OutgoingInput, type Sent } from './input-sender.ts'

/** An input, and the actor that it is for. */
export interface Publication extends Omit<OutgoingInput, 'id' | 'specversion'> {
  /** Default: `default`. */
  readonly tenant?: string | undefined
  readonly kind: string
  /** The actor's. */
  readonly id: string
  /**
   * The input's own, unique in the actor. The same again changes nothing: give one wherever you may have to publish it again after your
   * own crash. Default: a random one, which covers the retries of this call.
   */
  readonly messageId?: string | undefined
}

export interface PublishOptions {
  /** Until where the input has to be: decided by its actor, its events on OUT, its rows in the tables. Default: stored. */
  readonly wait?: Wait | undefined
  /** For all of it, retries included. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** Ends the trying and the waiting, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Told before each pause: INBOX is full, or NATS is away. */
  readonly onWait?: ((why: string) => void) | undefined
}

/** Publishes inputs over one connection. */
export interface Producer {
  /**
   * Publishes an input, again and again under one `Nats-Msg-Id`, until INBOX has it, and waits for what becomes of it where that is
   * wanted. It then happens once, however often it was sent. A rejected one is a receipt, with `outcome`, `reason` and `error`.
   *
   * @throws InputRefusedError it was not stored and never will be, NotAcknowledgedError it may have been stored: publish it again under the
   * same `messageId`, WaitTimeoutError it is stored, and was not there in time.
   */
  publish(publication: Publication, options?: PublishOptions): Promise<Receipt>
  /** Waits for what is under way; closes the connection only where it made it. */
  close(): Promise<void>
}

const TIMEOUT_DEFAULT_MS = 10_000
/** Without an answer for so long it is sent again; what is under way at the end may take so long, too. */
const ANSWER_MS = 2_000

/**
 * Makes a producer of a connection, or of where to connect to. It needs no more rights than any producer: to publish to `in.>`, and to read.
 *
 * @throws ColloquyError `not_set_up` where NATS has no INBOX; what the client throws where it cannot connect.
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
    const jetstream: JetStreamContext = { nc, mux, publisher: createPublisher(mux), js: jetstreamClient(nc), jsm: await jetstreamManager(nc) }
    return { publish: await publishing(jetstream), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function publishing(jetstream: JetStreamContext): Promise<Producer['publish']> {
  const { config } = await jetstream.jsm.streams.info('INBOX').catch((cause: unknown): never => {
    if (!isJetStreamError(cause, 'streamNotFound')) throw cause
    throw new ColloquyError('not_set_up', `the NATS at ${jetstream.nc.getServer()} has no streams of Colloquy; run "npx colloquy up" on it`, { cause })
  })
  const levels = createRemoteProgress(jetstream.nc)
  const waitFor = createWaits({
    jetstream, partitionCount: Number(/partition\((\d+),/.exec(config.subject_transform?.dest ?? '')?.[1] ?? 1),
    dispatchedSeq: (partition) => levels.dispatchedSeq(partition), projectedSeq: () => levels.projectedSeq(),
  })
  let durability: Durability | undefined

  return async (publication, { wait, timeoutMs = TIMEOUT_DEFAULT_MS, signal, onWait } = {}) => {
    const { address, input } = readPublication(publication)
    const timeout = AbortSignal.timeout(timeoutMs)
    const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    // Before it is published, so that its record cannot be missed.
    const actor = wait === undefined ? undefined : waitFor(address)
    try {
      const sent = await stored(jetstream, address, input, ending, timeout, onWait)
      durability ??= await levels.durability()
      const receipt = { ...sent, id: input.id, durability: durability ?? { replicas: config.num_replicas, fsync: null } }
      if (actor === undefined || wait === undefined) return receipt
      return { ...receipt, ...await became(actor, wait, input, receipt, ending, timeout) }
    } finally {
      actor?.stop()
    }
  }
}

function readPublication({ tenant = 'default', kind, id, messageId = randomUUID(), ...event }: Publication): { address: Address; input: OutgoingInput } {
  const address = { tenant, kind, id }
  if (!isAddressable(address)) {
    throw new InputRefusedError('bad_address', `${actorKey(address)} is no actor: tenant, kind and id must match [A-Za-z0-9_-]{1,128}`)
  }
  const input = { ...event, id: messageId }
  const problem = inputProblem(input)
  if (problem !== undefined) throw new InputRefusedError('bad_input', `it would be rejected: ${problem}`)
  return { address, input }
}

async function stored(
  { mux }: JetStreamContext, address: Address, input: OutgoingInput, signal: AbortSignal, timeout: AbortSignal, onWait: PublishOptions['onWait'],
): Promise<Sent> {
  let last = 'INBOX did not answer'
  try {
    return await sendInput(mux, address, input, { signal, onWait: (why) => { last = why; onWait?.(why) } })
  } catch (cause) {
    if (hasCode(cause, 'input_refused')) throw new InputRefusedError('input_refused', messageOf(cause), { cause })
    if (signal.aborted && !timeout.aborted) throw signal.reason
    throw new NotAcknowledgedError(input.id, `${actorKey(address)} was not acknowledged in time, and may have been stored (${last}); publish it again with messageId ${JSON.stringify(input.id)}`, { cause })
  }
}

async function became(
  actor: ActorWait, wait: Wait, input: OutgoingInput, receipt: Receipt, signal: AbortSignal, timeout: AbortSignal,
): Promise<Handled> {
  try {
    return await actor.until(wait, { position: receipt.position, payload: Buffer.from(JSON.stringify(input)) }, signal)
  } catch (cause) {
    if (signal.aborted && !timeout.aborted) throw signal.reason
    const why = timeout.aborted ? `${wait} was not there in time` : `what became of it could not be found out: ${messageOf(cause)}`
    throw new WaitTimeoutError(receipt, `the input is stored at position ${receipt.position}; ${why}`, { cause })
  }
}

/** Publishes one input. Over a connection that is given, a `createProducer` that is kept spares some questions each time. */
export async function publish(to: NatsConnection | NodeConnectionOptions, publication: Publication, options?: PublishOptions): Promise<Receipt> {
  const producer = await createProducer(to)
  try {
    return await producer.publish(publication, options)
  } finally {
    await producer.close()
  }
}
