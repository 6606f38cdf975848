import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { openReader } from '../../../pipeline/jetstream/ordered-reader.ts'
import { readToEnd } from '../../../pipeline/jetstream/read-to-end.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let server: NatsServer
let jetstream: Awaited<ReturnType<typeof openJetStream>>
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  server = await startNatsServer({ dataDir, port: 0, binary, log: silent, storageBytesMax: 100_000_000 })
  jetstream = await openJetStream(await connect({ servers: server.url, user: server.user, pass: server.password }))
  await jetstream.jsm.streams.add({ name: 'LOG', subjects: ['log.>'], allow_direct: true })
})
afterAll(async () => {
  await jetstream.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const publish = async (...subjects: readonly string[]): Promise<void> => {
  for (const subject of subjects) await jetstream.js.publish(subject, '{}')
}

test('a reader that works on a message for longer than two heartbeats does not lose its consumer', async () => {
  const from = (await jetstream.jsm.streams.info('LOG')).state.last_seq + 1
  await publish(...Array.from({ length: 6 }, () => 'log.5.slow'))
  // The shortest heartbeat that the client accepts.
  const heartbeatMs = 500
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects: [], startSeq: from, messagesMax: 2, heartbeatMs })
  const read: number[] = []
  for await (const message of reader) {
    read.push(message.seq - from)
    // Long enough to miss more than two heartbeats.
    if (read.length === 2) await delay(heartbeatMs * 4)
    if (read.length === 6) break
  }
  expect(read).toEqual([0, 1, 2, 3, 4, 5])
})

test('a read to the end goes on where a consumer was lost between two batches', async () => {
  await jetstream.jsm.streams.add({ name: 'DEAD', subjects: ['dead.>'], allow_direct: true })
  const payload = new TextEncoder().encode('{}')
  for (let sent = 0; sent < 1_200; sent += 1) jetstream.nc.publish('dead.x.a.b.c', payload)
  await expect.poll(async () => (await jetstream.jsm.streams.info('DEAD')).state.messages).toBe(1_200)
  const read: number[] = []
  let lost = 0
  for await (const batch of readToEnd(jetstream, 'DEAD', {})) {
    read.push(...batch.map(({ seq }) => seq))
    for await (const { name } of jetstream.jsm.consumers.list('DEAD')) lost += Number(await jetstream.jsm.consumers.delete('DEAD', name))
  }
  expect(read).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1))
  expect(lost).toBeGreaterThan(1)
})
