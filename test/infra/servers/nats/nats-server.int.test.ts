import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { payloadBytesMax } from '../../../../infra/servers/nats/nats-config.ts'
import { type NatsServer, type NatsServerOptions, startNatsServer } from '../../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../../infra/servers/nats/obtain-nats.ts'
import { codeOf, messageOf } from '../../../../schemas/errors.ts'

const log = pino({ level: 'silent' })
let binary: string
let dataDir: string
const servers: NatsServer[] = []
const connections: NatsConnection[] = []

beforeAll(async () => {
  binary = (await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log })).command
})

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-test-'))
})

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()))
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  await rm(dataDir, { recursive: true })
})

async function start(options: Partial<NatsServerOptions> = {}): Promise<NatsServer> {
  const server = await startNatsServer({ dataDir, port: 0, binary, log, ...options })
  servers.push(server)
  return server
}

async function open(options: Parameters<typeof connect>[0]): Promise<NatsConnection> {
  const connection = await connect(options)
  connections.push(connection)
  return connection
}

const asColloquy = ({ url, user, password }: NatsServer): Promise<NatsConnection> => open({ servers: url, user, pass: password })

/** The operations that the server refused to this connection. */
function violations(connection: NatsConnection): string[] {
  const subjects: string[] = []
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError) subjects.push(status.error.subject)
    }
  })()
  return subjects
}

const internal = [
  'int.a.b.c',
  'inbox.0.a.b.c',
  'log.0.a.b.c',
  'timer.a.b.c.t',
  'task.t.a.b.c',
  'dead.bad_json.a.b.c',
  'out.a.b.c.x',
  '$KV.b.k',
]

test('a client without a name may publish inputs, and not to internal subjects', async () => {
  const server = await start()
  const received: string[] = []
  const listener = await asColloquy(server)
  listener.subscribe('>', {
    callback: (_error, message) => {
      received.push(message.subject)
    },
  })
  await listener.flush()
  const producer = await open({ servers: server.url })
  const refused = violations(producer)

  for (const subject of [...internal, 'in.a.b.c']) producer.publish(subject, '{}')

  await expect.poll(() => refused).toEqual(internal)
  await expect.poll(() => received).toContain('in.a.b.c')
  expect(received.filter((subject) => internal.includes(subject))).toEqual([])
})

test('a client without a name hears events and uses no JetStream', async () => {
  const server = await start()
  const analyst = await open({ servers: server.url })
  const received: string[] = []
  analyst.subscribe('out.>', {
    callback: (_error, message) => {
      received.push(message.subject)
    },
  })
  await analyst.flush()

  ;(await asColloquy(server)).publish('out.a.b.c.x', '{}')

  await expect.poll(() => received).toEqual(['out.a.b.c.x'])
  await expect(jetstreamManager(analyst)).rejects.toThrow(/Permissions Violation/)
})

test('Colloquy itself may publish to internal subjects', async () => {
  const connection = await asColloquy(await start())
  const refused = violations(connection)
  const received: string[] = []
  connection.subscribe('>', {
    callback: (_error, message) => {
      received.push(message.subject)
    },
  })

  for (const subject of internal) connection.publish(subject, '{}')
  await connection.flush()

  expect(received).toEqual(internal)
  expect(refused).toEqual([])
})

test('a wrong password is refused, also for a user that exists', async () => {
  const { url, user } = await start()

  await expect(open({ servers: url, user, pass: 'wrong', reconnect: false })).rejects.toThrow()
})

test('messages larger than any valid input pass, so that they can be rejected with a reason', async () => {
  const connection = await open({ servers: (await start()).url })

  expect(connection.info?.max_payload).toBe(payloadBytesMax)
  expect(payloadBytesMax).toBeGreaterThan(1_048_576 + 65_536)
})

test('only the owner may read the password and the configuration', async () => {
  await start()

  for (const name of ['nats-password', 'nats.conf']) expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
})

test('JetStream has an explicit limit on disk', async () => {
  const server = await start({ storageBytesMax: 50_000_000 })
  const manager = await jetstreamManager(await asColloquy(server))

  await expect(manager.streams.add({ name: 'BIG', subjects: ['in.>'], max_bytes: 50_000_001 })).rejects.toThrow()
  await manager.streams.add({ name: 'FITS', subjects: ['in.>'], max_bytes: 50_000_000 })
})

test('a second server on the same data folder is refused', async () => {
  await start()

  const error: unknown = await start().catch((reason: unknown) => reason)

  expect(codeOf(error)).toBe('data_dir_in_use')
  expect(messageOf(error)).toContain('COLLOQUY_DATA_DIR')
})

test('a port in use is an error that names the setting, and the data folder is released', async () => {
  const stranger = createServer().listen(0, '127.0.0.1')
  try {
    const address = await vi.waitUntil(() => stranger.address(), { timeout: 60_000 })
    const port = typeof address === 'object' ? address.port : 0
    const error: unknown = await start({ port }).catch((reason: unknown) => reason)

    expect(codeOf(error)).toBe('port_taken')
    expect(messageOf(error)).toContain('COLLOQUY_NATS_PORT')
  } finally {
    stranger.close()
  }
  await start()
})

test('a program that is not nats-server is an error, and the data folder is released', async () => {
  expect(codeOf(await start({ binary: 'false' }).catch((reason: unknown) => reason))).toBe('child_failed')

  await start()
})

test('after stop, the next server on the data folder has the same data and password', async () => {
  const first = await start()
  const connection = await asColloquy(first)
  await (await jetstreamManager(connection)).streams.add({ name: 'INBOX', subjects: ['in.>'] })
  await jetstream(connection).publish('in.a.b.c', 'hello')
  await connection.close()

  await Promise.all([first.stop(), first.stop()])
  expect(first.pid).toBeUndefined()
  const second = await start()

  expect(second.password).toBe(first.password)
  const message = await (await jetstreamManager(await asColloquy(second))).streams.getMessage('INBOX', { seq: 1 })
  expect(message?.string()).toBe('hello')
})
