import { type Consumer, jetstream, type JsMsg } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { CLIENT_DOMAIN, EVENTS_CONSUMER } from '../../../../schemas/client-access.ts'
import { caughtUp, publishAll } from '../../../support/system-assertions.ts'
import { startSystem, type System } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

let system: System
let readers: NatsConnection[]

beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch' } })
})
afterAll(() => system.stop())
beforeEach(() => {
  readers = []
})
afterEach(async () => void (await Promise.all(readers.map((reader) => reader.close()))))

/** A reader without a name, as any program would open one. */
async function openReader(): Promise<Consumer> {
  const nc = await connect({ servers: system.running.nats.url })
  readers.push(nc)
  return jetstream(nc, { domain: CLIENT_DOMAIN }).consumers.get('OUT', EVENTS_CONSUMER)
}
async function emit(actor: string, count: number): Promise<void> {
  await publishAll(
    system,
    Array.from({ length: count }, () => ({ subject: `in.acme.toy.${actor}`, body: { type: 'add', data: { by: 1 } } })),
  )
  await caughtUp(system)
}
async function fetch(consumer: Consumer, count: number, expires = 1_000): Promise<JsMsg[]> {
  const messages: JsMsg[] = []
  for await (const message of await consumer.fetch({ max_messages: count, expires })) messages.push(message)
  return messages
}
const drain = async (consumer: Consumer): Promise<void> => {
  for (let messages = await fetch(consumer, 500); messages.length > 0; messages = await fetch(consumer, 500)) {
    await Promise.all(messages.map((message) => message.ackAck()))
  }
}

test('a client without a name pulls the events of OUT, and each again until it acknowledges it', async () => {
  const consumer = await openReader()
  await emit('pulled', 3)
  const events = await fetch(consumer, 3)
  expect(events.map(({ subject }) => subject)).toEqual(Array.from({ length: 3 }, () => 'out.acme.toy.pulled.counted'))
  expect(events.map((event) => event.json<{ data: object }>().data)).toEqual([1, 2, 3].map((count) => ({ count })))

  events[1]?.nak()
  await Promise.all([events[0], events[2]].map(async (event) => event?.ackAck()))
  const [again] = await fetch(consumer, 1)
  expect([again?.seq, again?.info.deliveryCount]).toEqual([events[1]?.seq, 2])
  expect(await again?.ackAck()).toBe(true)
  expect(await fetch(consumer, 1, 1_000)).toEqual([])
})

test('several readers share the events: each goes to one of them, also when one comes back later', async () => {
  const [one, two] = [await openReader(), await openReader()]
  const seen: number[][] = [[], []]
  const loops = [await one.consume({ max_messages: 5 }), await two.consume({ max_messages: 5 })]
  const running = loops.map(async (messages, reader) => {
    for await (const message of messages) {
      seen[reader]?.push(message.seq)
      message.ack()
    }
  })
  await emit('shared', 100)
  await expect.poll(() => seen.flat().length).toBe(100)
  loops[0]?.stop()
  await emit('shared', 10)
  await expect.poll(() => seen.flat().length).toBe(110)
  loops[1]?.stop()
  await Promise.all(running)
  expect(new Set(seen.flat()).size).toBe(110)
  expect(seen.every((own) => own.length > 0)).toBe(true)

  await emit('shared', 5)
  const late = await openReader()
  const missed = await fetch(late, 5)
  expect(missed).toHaveLength(5)
  await Promise.all(missed.map((event) => event.ackAck()))
})

test('a reader that acknowledges nothing gets 1,000 events and no more, and the system goes on', async () => {
  const consumer = await openReader()
  await drain(consumer)
  await emit('greedy', 1_010)
  const events = await fetch(consumer, 1_000, 5_000)
  expect(events).toHaveLength(1_000)
  expect(await fetch(consumer, 10)).toEqual([])
  await Promise.all(events.map((event) => event.ackAck()))
  expect(await fetch(consumer, 10)).toHaveLength(10)
})

test('events and live subjects reach plain subscriptions as they are published', async () => {
  const nc = await connect({ servers: system.running.nats.url })
  readers.push(nc)
  const heard: string[] = []
  for (const subject of ['out.acme.toy.plain.>', 'live.acme.>'])
    nc.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) })
  await nc.flush()
  system.running.jetstream.nc.publish('live.acme.toy.plain.text', 'Hel')
  await emit('plain', 1)
  await expect.poll(() => heard).toEqual(['live.acme.toy.plain.text', 'out.acme.toy.plain.counted'])
})

test('acknowledgements, duplicates and refusals reach a client without a name as they are', async () => {
  const nc = await connect({ servers: system.running.nats.url })
  readers.push(nc)
  const js = jetstream(nc)
  const body = JSON.stringify({ type: 'add', data: { by: 1 } })
  const first = await js.publish('in.acme.toy.acks', body, { msgID: 'one' })
  expect(first).toMatchObject({ stream: 'INBOX', duplicate: false })
  expect(await js.publish('in.acme.toy.acks', body, { msgID: 'one' })).toEqual({ ...first, duplicate: true })
  await expect(js.publish('in.acme.toy.acks', 'x'.repeat(2_080_000))).rejects.toMatchObject({ code: 10054 })
  await expect(js.publish('in.acme.toy', body)).rejects.toThrow(/Permissions Violation/)
})
