import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect as connectSocket, createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { endIfIdle } from '../../../bench/harness/in-time.ts'
import { watchSubject } from '../../../bench/harness/latency-probe.ts'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let server: NatsServer

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const { command } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  server = await startNatsServer({ dataDir, port: 0, binary: command, log: silent })
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const open = (port: number) => connect({ servers: `127.0.0.1:${port}`, user: server.user, pass: server.password })

it('a watch sees the first message of another connection, also when its own connection is slow', async () => {
  const slow = createServer((client) => {
    const upstream = connectSocket(server.port, '127.0.0.1')
    client.on('data', (bytes) => setTimeout(() => upstream.write(bytes), 100)).on('close', () => upstream.destroy())
    upstream.pipe(client)
  })
  await once(slow.listen(0, '127.0.0.1'), 'listening')
  const address = slow.address()
  const watching = await open(typeof address === 'object' && address !== null ? address.port : 0)
  const publishing = await open(server.port)
  const seen: number[] = []

  const stop = await watchSubject(watching, 'log.>', z.object({ n: z.number() }), ({ n }) => seen.push(n))
  for (const n of [1, 2, 3]) publishing.publish('log.a', JSON.stringify({ n }))

  await expect.poll(() => seen).toEqual([1, 2, 3])
  stop()
  await watching.close()
  await publishing.close()
  slow.close()
})

it('a reader of a stream that gets no more messages ends, and says what it waits for', async () => {
  const nc = await open(server.port)
  await (await jetstreamManager(nc)).streams.add({ name: 'S', subjects: ['s'] })
  const js = jetstream(nc)
  await js.publish('s', 'first')
  const messages = await (await js.consumers.get('S')).consume()
  const read: string[] = []
  const reading = async (): Promise<void> => {
    using _ = endIfIdle(messages, 300, () => `${read.length} of 2 messages came`)
    for await (const message of messages) read.push(message.string())
  }

  await expect(reading()).rejects.toMatchObject({ code: 'not_level', message: 'after 300 ms: 1 of 2 messages came' })

  expect(read).toEqual(['first'])
  await nc.close()
})
