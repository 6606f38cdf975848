import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { createMachine, getInitialSnapshot, type SnapshotFrom, transition } from 'xstate'
import { z } from 'zod'
import { createInFlightLimiter } from '../../../pipeline/runtime/in-flight-limiter.ts'
import { createBarePublisher } from './bare-publisher.ts'

/**
 * The process of the bare loop: the minimum work of a host of durable actors. It has an ordered consumer, a two-state machine with XState's
 * `transition()`, and one append per input with the expected last sequence of the actor's subject. It takes an actor's next input after the
 * acknowledgement of that append; different actors run concurrently. It has no validation, no resume, no effects and no metrics.
 *
 * Arguments: inbox stream, subject prefix of the records. The first line on stdin is the login at NATS, as JSON. Writes `ready` when it
 * consumes.
 */
const [inboxStream = '', logPrefix = ''] = process.argv.slice(2)
const loginSchema = z.object({ servers: z.string(), user: z.string().optional(), pass: z.string().optional() })
const [login] = z.tuple([z.string()]).parse(await once(createInterface({ input: process.stdin }), 'line'))

const machine = createMachine({ id: 'bare', initial: 'odd', states: { odd: { on: { input: 'even' } }, even: { on: { input: 'odd' } } } })

interface BareActor {
  readonly subject: string
  readonly waiting: Uint8Array[]
  snapshot: SnapshotFrom<typeof machine>
  lastSeq: number
}

/** The same bounds as the host's. */
const inFlight = createInFlightLimiter({ countMax: 2_048, bytesMax: 64 * 1024 * 1024 })
const nc = await connect({ ...loginSchema.parse(JSON.parse(login)), name: 'bare loop' })
const publisher = createBarePublisher(nc)
const actors = new Map<string, BareActor>()

function handle(actor: BareActor): void {
  const [payload] = actor.waiting
  if (payload === undefined) return
  const input: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
  const [snapshot] = transition(machine, actor.snapshot, { type: 'input' })
  const state = machine.getPersistedSnapshot(snapshot)
  const record = JSON.stringify({ input, from: actor.snapshot.value, to: snapshot.value, state })
  publisher.append(actor.subject, record, actor.lastSeq, (seq) => {
    actor.snapshot = snapshot
    actor.lastSeq = seq
    actor.waiting.shift()
    inFlight.release(payload.length)
    handle(actor)
  })
}

const consumer = await jetstream(nc).consumers.get(inboxStream)
const messages = await consumer.consume({ max_messages: 2_048 })
process.stdin.once('end', () => process.exit(0)).resume()
process.stdout.write('ready\n')

for await (const message of messages) {
  const id = message.subject.slice(message.subject.lastIndexOf('.') + 1)
  let actor = actors.get(id)
  if (actor === undefined) {
    actor = { subject: `${logPrefix}.${id}`, waiting: [], snapshot: getInitialSnapshot(machine), lastSeq: 0 }
    actors.set(id, actor)
  }
  inFlight.acquire(message.data.length)
  actor.waiting.push(message.data)
  if (actor.waiting.length === 1) handle(actor)
  if (inFlight.isFull) await inFlight.whenAvailable()
}
