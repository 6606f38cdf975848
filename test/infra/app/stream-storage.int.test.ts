import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePorts } from '../../../bench/harness/free-ports.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { loadSettings, type SettingName } from '../../../infra/settings.ts'
import { STREAMS } from '../../../schemas/subjects.ts'
import { runCli } from '../../support/run-cli.ts'
import { caughtUp, publishAll } from '../../support/system-assertions.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let folder: string
let started: AsyncDisposableStack
beforeEach(async () => {
  folder = await temporaryFolder()
  started = new AsyncDisposableStack()
  warned.length = 0
})
afterEach(async () => {
  await started.disposeAsync()
  await rm(folder, { recursive: true, force: true })
})

/** Starts a nats-server of one's own. @param jetstream lines of its JetStream section @returns its URL */
async function startServer(jetstream: string, more = ''): Promise<{ url: string; stop(): Promise<void> }> {
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: loadSettings({}).settings.CACHE_DIR, log: silent })
  const [port = 0] = await freePorts(1)
  const file = join(folder, `nats-${port}.conf`)
  await writeFile(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, 'store'))}\n${jetstream} }\n${more}`,
  )
  const server = spawn(command, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: server.stderr })) if (line.includes('Server is ready')) break
  server.stderr.resume()
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  started.defer(stop)
  return { url: `nats://127.0.0.1:${port}`, stop }
}

async function sizesOf(url: string): Promise<Record<string, number>> {
  const nc = await connect({ servers: url })
  try {
    const sizes: Record<string, number> = {}
    for await (const { config } of (await jetstreamManager(nc)).streams.list()) sizes[config.name] = config.max_bytes
    return sizes
  } finally {
    await nc.close()
  }
}
/** @param storage empty: not set */
const settingsOf = (url: string, storage = ''): Partial<Record<SettingName, string>> => ({
  NATS_URL: url,
  ROLES: 'host,dispatch',
  STORAGE_BYTES_MAX: storage,
})
const warned: string[] = []
const log = pino({ level: 'warn' }, { write: (line: string) => warned.push((JSON.parse(line) as { msg: string }).msg) })
const start = (url: string, storage = ''): Promise<System> =>
  startSystem({ dataDir: join(folder, 'data'), kinds: [toyKind], settings: settingsOf(url, storage), log })
const expectToWork = async (system: System): Promise<void> => {
  await publishAll(system, [{ subject: 'in.acme.toy.a1', body: { type: 'add', data: { by: 1 } } }])
  await caughtUp(system)
}

test.each([
  ['a server whose disk has less room than the default asks for', 'max_file_store: 3GB', ''],
  [
    'an account with a limit',
    'max_file_store: 100GB',
    'accounts { A { jetstream { max_file: 2GB, max_mem: 1GB }, users: [{ user: a, password: a }] } }\nno_auth_user: a\n',
  ],
])('%s gets streams that fit, in the same proportions', async (_, jetstream, more) => {
  const { url } = await startServer(jetstream, more)
  const system = await start(url)
  await expectToWork(system)
  const sizes = await sizesOf(url)
  const total = (sizes['LOG'] ?? 0) / 0.55
  expect(total).toBeGreaterThan(1_000_000_000)
  expect(total).toBeLessThan(3_000_000_000)
  expect((sizes['INBOX'] ?? 0) / total).toBeCloseTo(0.12, 3)
  expect(STREAMS.filter((name) => !((sizes[name] ?? 0) > 0))).toEqual([])
  await system.stop()
  const told = warned.filter((line) => line.includes('has no room'))
  expect(told).toHaveLength(more === '' ? 1 : 0)
  if (more === '') expect(told[0]).toMatch(/of 68719476736 bytes together; they may use 2147483648/)
  // The next start leaves them as they are.
  const again = await start(url)
  expect(await sizesOf(url)).toEqual(sizes)
  await again.stop()
})

test('a larger size that does not fit leaves streams that exist at theirs, and a warning has the figures', async () => {
  const { url } = await startServer('max_file_store: 2GB')
  const system = await start(url, String(1024 ** 3))
  const sizes = await sizesOf(url)
  await system.stop()
  expect(warned.filter((line) => line.includes('has no room'))).toEqual([])

  const again = await start(url, String(8 * 1024 ** 3))
  await expectToWork(again)
  const kept = await sizesOf(url)
  await again.stop()
  expect(kept).toEqual(sizes)
  const [line, ...others] = warned.filter((one) => one.includes('has no room'))
  expect(others).toEqual([])
  expect(line).toMatch(/LOG 590558003 instead of 4724464025.*max_file_store.*COLLOQUY_STORAGE_BYTES_MAX/)
})

test('a size that is set and does not fit refuses the start with figures; the next start creates the rest', async () => {
  const small = await startServer('max_file_store: 1GB')
  await expect(start(small.url, String(4 * 1024 ** 3))).rejects.toMatchObject({
    code: 'insufficient_storage',
    message: expect.stringMatching(/4294967296 bytes.*max_file_store.*COLLOQUY_STORAGE_BYTES_MAX/) as string,
  })
  const status = await runCli(['status'], { dataDir: join(folder, 'data'), settings: settingsOf(small.url) })
  expect(status.stderr).toMatch(/lacks the streams [^:]*LOG[^]*code: not_set_up/)
  await small.stop()
  const large = await startServer('max_file_store: 10GB')
  const system = await start(large.url, String(4 * 1024 ** 3))
  await expectToWork(system)
  await system.stop()
})
