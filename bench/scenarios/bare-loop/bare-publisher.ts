import { createInbox, headers, type NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'

/** Appends with many messages in flight over one reply subscription: no other way needs less processor time with this client. */
export interface BarePublisher {
  /** Calls `onStored` with the sequence. A refusal ends the process: no other process appends to these subjects. */
  append(subject: string, payload: string, expectLastSubjectSequence: number, onStored: (seq: number) => void): void
}

const answerSchema = z.object({ seq: z.number().positive() })

export function createBarePublisher(nc: NatsConnection): BarePublisher {
  const inbox = createInbox()
  const waiting = new Map<string, (seq: number) => void>()
  let tokens = 0
  nc.subscribe(`${inbox}.*`, {
    callback: (_, reply) => {
      const token = reply.subject.slice(inbox.length + 1)
      const answer = answerSchema.safeParse(reply.json())
      if (!answer.success) throw new ColloquyError('bare_refused', `the stream refused an append of the bare loop: ${reply.string()}`)
      waiting.get(token)?.(answer.data.seq)
      waiting.delete(token)
    },
  })
  // All appends of one turn of the event loop reach the socket in one write, as in the product.
  let outbox: (() => void)[] = []
  const send = (): void => {
    const sending = outbox
    outbox = []
    for (const sendOne of sending) sendOne()
  }
  return {
    append(subject, payload, expected, onStored) {
      const token = (++tokens).toString(36)
      waiting.set(token, onStored)
      const made = headers()
      made.set('Nats-Expected-Last-Subject-Sequence', String(expected))
      if (outbox.length === 0) setImmediate(send)
      outbox.push(() => nc.publish(subject, payload, { reply: `${inbox}.${token}`, headers: made }))
    },
  }
}
