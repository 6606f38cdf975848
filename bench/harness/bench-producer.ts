import type { NatsConnection } from '@nats-io/transport-node'
import { inputSubject } from '../../schemas/subjects.ts'
import { POLITE, type InputKind } from './inputs.ts'
import { createBenchPublisher, type BenchPublisher } from './bench-publisher.ts'
import { createRandom, pick } from './random.ts'

/** An input as it was sent, and what INBOX made of it. */
export interface SentInput {
  readonly actor: string
  readonly id: string
  /** INBOX sequence; `undefined` while, or where, it is not acknowledged. */
  position: number | undefined
}

/** Sends the inputs of a run, and remembers every one of them for the gate. */
export interface Producer {
  /** To a tenant of the run's own, so that whatever else the system holds is told apart. */
  readonly tenant: string
  readonly publisher: BenchPublisher
  /** All that was sent, in this order. */
  readonly sent: readonly SentInput[]
  /** Sends one input; the next in line to the actor of this number, or to one by chance. */
  send(actor?: number): SentInput
  /** Inputs that INBOX has. */
  readonly acknowledged: number
}

export interface ProducerOptions {
  readonly nc: NatsConnection
  readonly tenant: string
  /** Default: something polite to `support`. */
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
  return {
    tenant, publisher, sent,
    send(number = pick(random, actors)) {
      const input: SentInput = { actor: actorId(number), id: `i${sent.length}`, position: undefined }
      sent.push(input)
      const subject = inputSubject({ tenant, kind: inputs.kind, id: input.actor })
      publisher.publish(subject, inputs.make(input.id, random, payloadBytes), ({ seq }) => {
        input.position = seq
        if (seq !== undefined) acknowledged += 1
      })
      return input
    },
    get acknowledged() {
      return acknowledged
    },
  }
}

const actorId = (number: number): string => `a${number}`
