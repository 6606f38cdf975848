import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startNatsServer } from '../../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../../infra/servers/nats/obtain-nats.ts'
import { isProcessAlive } from '../../../../pipeline/runtime/process-alive.ts'

const log = pino({ level: 'silent' })
let binary: string
let dataDir: string

beforeAll(async () => {
  binary = (await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log })).command
})
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-test-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

/** The other processes in the process group that the given one leads. */
function restOfGroup(leader: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,pgid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = rows.map((row) => row.trim().split(/ +/).map(Number))
  return pairs.filter(([pid, group]) => group === leader && pid !== leader).map(([pid = 0]) => pid)
}

/** A port that no other program takes when it is free for a moment: systems use those from 32768 on for outgoing connections. */
const lastingPort = (): number => 20_000 + (process.pid % 10_000)

/** Another process that starts a server on the data folder, prints its pid and port, and waits to be killed. */
async function startElsewhere(wanted = 0) {
  const owner = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
    import { pino } from ${JSON.stringify(import.meta.resolve('pino'))}
    import { startNatsServer } from ${JSON.stringify(new URL('../../../../infra/servers/nats/nats-server.ts', import.meta.url).href)}
    const log = pino({ level: 'silent' })
    const server = await startNatsServer({ dataDir: ${JSON.stringify(dataDir)}, port: ${wanted}, binary: ${JSON.stringify(binary)}, log })
    console.log(server.pid + ' ' + server.port)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = await new Promise<string>((resolve) => createInterface({ input: owner.stdout }).once('line', resolve))
  const [pid = 0, port = 0] = line.split(' ').map(Number)
  return { owner, pid, port }
}

test('a killed nats-server is back on the same port with its data, and clients reconnect', async () => {
  const server = await startNatsServer({ dataDir, port: 0, binary, log })
  const connection = await connect({ servers: server.url, user: server.user, pass: server.password, maxReconnectAttempts: -1 })
  try {
    await (await jetstreamManager(connection)).streams.add({ name: 'INBOX', subjects: ['in.>'] })
    await jetstream(connection).publish('in.a.b.c', 'before')

    const reconnected = (async () => {
      for await (const status of connection.status()) if (status.type === 'reconnect') return
    })()
    process.kill(server.pid ?? 0, 'SIGKILL')
    await reconnected

    expect(server.restarts).toBe(1)
    expect((await jetstream(connection).publish('in.a.b.c', 'after')).seq).toBe(2)
    const message = await (await jetstreamManager(connection)).streams.getMessage('INBOX', { seq: 1 })
    expect(message?.string()).toBe('before')
  } finally {
    await connection.close()
    await server.stop()
  }
})

test('nats-server ends when its owner is killed by kill -9', async () => {
  const { owner, pid } = await startElsewhere()
  expect(isProcessAlive(pid)).toBe(true)

  owner.kill('SIGKILL')

  await vi.waitFor(() => expect(isProcessAlive(pid)).toBe(false), { timeout: 20_000, interval: 100 })
})

test('a killed owner leaves no stale lock and no second server: the next start takes over folder and port at once', async () => {
  const { owner, pid, port } = await startElsewhere(lastingPort())

  owner.kill('SIGKILL')
  await once(owner, 'exit')
  const server = await startNatsServer({ dataDir, port, binary, log })

  expect(isProcessAlive(pid)).toBe(false)
  expect(server.port).toBe(port)
  await server.stop()
})

test('a nats-server that outlived its owner and its watchdog is ended by the next start', async () => {
  const { owner, pid } = await startElsewhere()
  for (const watchdog of restOfGroup(pid)) process.kill(watchdog, 'SIGKILL')
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  expect(isProcessAlive(pid)).toBe(true)

  const server = await startNatsServer({ dataDir, port: 0, binary, log })

  expect(isProcessAlive(pid)).toBe(false)
  await server.stop()
})
