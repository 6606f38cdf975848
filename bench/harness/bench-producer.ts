import type { NatsConnection } from '@nats-io/transport-node'
import { inputSubject } from '../../schemas/subjects.ts'
import { type BenchPublisher, createBenchPublisher } from './bench-publisher.ts'
import { type InputKind, POLITE } from './inputs.ts'
import { createRandom, pick } from './random.ts'

/** A sent input and its acknowledgement. */
export interface SentInput {
  readonly actor: string
  readonly id: string
  /** INBOX sequence; `undefined` until INBOX acknowledges the input. */
  position: number | undefined
}

/** Sends the inputs of a run and keeps a list of them for the gate. */
export interface Producer {
  /** A tenant that only this run uses: the gate checks nothing else that the system holds. */
  readonly tenant: string
  readonly publisher: BenchPublisher
  /** All inputs, in the order of sending. */
  readonly sent: readonly SentInput[]
  /** Sends one input to the actor with this number. Default: a random actor. */
  send(actor?: number): SentInput
  /** An input that the caller sends in another way. It is in the list already. */
  prepare(actor?: number): UnsentInput
  /** Number of acknowledged inputs. */
  readonly acknowledged: number
}

/** An input that is not sent yet. */
export interface UnsentInput {
  readonly input: SentInput
  readonly kind: string
  /** As JSON. */
  readonly payload: string
  /** @param seq INBOX sequence; `undefined` if INBOX refused the input */
  acknowledge(seq: number | undefined): void
}

export interface ProducerOptions {
  readonly nc: NatsConnection
  readonly tenant: string
  /** Default: courtesies to `support`. */
  readonly inputs?: InputKind | undefined
  readonly actors: number
  readonly payloadBytes: number
  readonly seed: number
}

export function createProducer({ nc, tenant, inputs = POLITE, actors, payloadBytes, seed }: ProducerOptions): Producer {
  const publisher = createBenchPublisher(nc)
  const random = createRandom(seed)
  const sent: SentInput[] = []
  let acknowledged = 0
  const prepare = (number = pick(random, actors)): UnsentInput => {
    const input: SentInput = { actor: actorId(number), id: `i${sent.length}`, position: undefined }
    sent.push(input)
    const acknowledge = (seq: number | undefined): void => {
      input.position = seq
      if (seq !== undefined) acknowledged += 1
    }
    return { input, kind: inputs.kind, payload: inputs.make(input.id, random, payloadBytes), acknowledge }
  }
  return {
    tenant,
    publisher,
    sent,
    send(number) {
      const { input, kind, payload, acknowledge } = prepare(number)
      publisher.publish(inputSubject({ tenant, kind, id: input.actor }), payload, ({ seq }) => acknowledge(seq))
      return input
    },
    prepare,
    get acknowledged() {
      return acknowledged
    },
  }
}

const actorId = (number: number): string => `a${number}`
