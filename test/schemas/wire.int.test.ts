import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NatsServer, startNatsServer } from '../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../infra/servers/nats/obtain-nats.ts'
import { type Address, inputSubject, parseInboxSubject, partitionOf } from '../../schemas/subjects.ts'

const log = pino({ level: 'silent' })
let dataDir: string
let server: NatsServer
let nc: NatsConnection
let jsm: JetStreamManager

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-test-'))
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log })
  server = await startNatsServer({ dataDir, port: 0, binary, log, storageBytesMax: 100_000_000 })
  nc = await connect({ servers: server.url, user: server.user, pass: server.password })
  jsm = await jetstreamManager(nc)
})
afterAll(async () => {
  await nc.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/)
const addresses: fc.Arbitrary<Address> = fc.record({ tenant: token, kind: token, id: token })

test.each([1, 16, 64, 1_000])('an actor is in the same partition of %i as nats-server puts it into', async (partitions) => {
  const prefix = `p${partitions}`
  const { config } = await jsm.streams.add({
    name: prefix,
    subjects: [`${prefix}.in.*.*.*`],
    subject_transform: {
      src: `${prefix}.in.*.*.*`,
      dest: `inbox.{{partition(${partitions},1,2,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
    },
  })
  const actors = fc.sample(addresses, 500)

  const acks = await Promise.all(actors.map((actor) => nc.request(`${prefix}.${inputSubject(actor)}`, '{}')))

  for (const [index, ack] of acks.entries()) {
    const stored = await jsm.streams.getMessage(config.name, { seq: ack.json<{ seq: number }>().seq })
    const actor = actors[index]
    if (stored === null || actor === undefined) throw new Error(`message ${index} is not there`)
    expect(parseInboxSubject(stored.subject)).toEqual({
      partition: partitionOf(actor, partitions),
      address: actor,
      origin: 'producer',
      addressable: true,
    })
  }
})
