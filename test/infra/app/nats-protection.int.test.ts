import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePorts } from '../../../bench/harness/free-ports.ts'
import { type NatsProtection, probeProtection } from '../../../infra/app/nats-protection.ts'
import { publish } from '../../../infra/index.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { cliJson, runCli } from '../../support/run-cli.ts'
import { caughtUp } from '../../support/system-assertions.ts'
import { silent, startSystem, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const PASSWORD = 'of-this-test'
let folder: string
let started: AsyncDisposableStack
beforeEach(async () => {
  folder = await temporaryFolder()
  started = new AsyncDisposableStack()
})
afterEach(async () => {
  await started.disposeAsync()
  await rm(folder, { recursive: true, force: true })
})

/** Starts a nats-server of one's own with JetStream and these lines of configuration. @returns its URL @throws if it ends */
async function startServer(lines: string, password = PASSWORD): Promise<string> {
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: loadSettings({}).settings.CACHE_DIR, log: silent })
  const [port = 0] = await freePorts(1)
  const file = join(folder, `nats-${port}.conf`)
  await writeFile(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, `store-${port}`))} }\n${lines}`)
  const server = spawn(command, ['--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, COLLOQUY_NATS_PASSWORD: password, COLLOQUY_NATS_PASSWORD_SHOP: PASSWORD, COLLOQUY_NATS_PASSWORD_CRM: PASSWORD },
  })
  const ended = once(server, 'exit')
  started.defer(async () => {
    server.kill('SIGKILL')
    await ended
  })
  let isReady = false
  for await (const line of createInterface({ input: server.stderr })) {
    isReady = line.includes('Server is ready')
    if (isReady) break
  }
  if (!isReady) throw new Error('nats-server ended')
  server.stderr.resume()
  return `nats://127.0.0.1:${port}`
}

const LOGIN = { user: 'colloquy', pass: PASSWORD }
/** Probes a server that has LOG. */
async function probe(lines: string): Promise<NatsProtection> {
  const connection = { servers: await startServer(lines), ...LOGIN }
  const nc = await connect(connection)
  started.defer(() => nc.close())
  await (await jetstreamManager(nc)).streams.add({ name: 'LOG', subjects: ['log.>'] })
  return probeProtection(connection, nc)
}

const user = `{ user: colloquy, password: "${PASSWORD}" }`
const core = `CORE { jetstream: enabled, users: [${user}]`

/** Lines that let clients without credentials in, as `open`. */
const OPEN = 'no_auth_user: open\n'

test.each<[what: string, lines: string, protected_: boolean, detail: RegExp]>([
  ['no accounts and no password', '', false, /in the account of the streams/],
  [
    'clients in the account of the streams that may only publish inputs',
    `authorization { users: [${user}, { user: open, password: "", permissions: { publish: ["in.>"] } }] }\n${OPEN}`,
    false,
    /in the account of the streams/,
  ],
  [
    'clients of another account that imports the API',
    `accounts { ${core}, exports: [{ service: "$JS.API.>" }] }
     CLIENTS { users: [{ user: open, password: "" }], imports: [{ service: { account: CORE, subject: "$JS.API.>" } }] } }\n${OPEN}`,
    false,
    /reach JetStream's API/,
  ],
  [
    'clients of another account with streams of its own',
    `accounts { ${core} }\n APPS { jetstream: enabled, users: [{ user: open, password: "" }] } }\n${OPEN}`,
    true,
    /do not reach/,
  ],
  ['no clients without a password', `authorization { users: [${user}] }\n`, true, /are refused/],
])('%s', async (_, lines, isProtected, detail) => {
  expect(await probe(lines)).toEqual({
    protected: isProtected,
    code: isProtected ? null : 'nats_not_protected',
    detail: expect.stringMatching(detail) as string,
  })
})

const settings = (url: string) => ({ NATS_URL: url, NATS_USER: LOGIN.user, NATS_PASSWORD: LOGIN.pass, ROLES: 'host,dispatch' })

test('a system on a server with the printed configuration is protected, and serves clients without a name', async () => {
  const printed = await runCli(['nats-config'], { dataDir: folder })
  const url = await startServer(printed.stdout)
  const system = await startSystem({ dataDir: join(folder, 'data'), kinds: [toyKind], settings: settings(url) })
  started.defer(system.stop)

  const options = { dataDir: join(folder, 'data'), settings: settings(url) }
  const [status] = await cliJson(['status'], options)
  expect(status).toMatchObject({ nats: { protected: true, code: null } })
  expect((await runCli(['status'], options)).stdout).toContain('NATS is protected')
  const add = { kind: 'toy', id: 'a1', type: 'add', data: { by: 1 } }
  expect(await publish({ servers: url }, add, { wait: 'out' })).toMatchObject({ outcome: 'committed' })
  await caughtUp(system)
})

test.each([
  [['--client', 'anonymous'], {}, 'user of clients without a name'],
  [['--client', 'shop', '--client', 'shop'], {}, 'given twice'],
  [['--client', 'shop', '--client', 'Shop'], {}, '"shop" has its password in COLLOQUY_NATS_PASSWORD_SHOP too'],
  [['--client', 'colloquy'], {}, 'COLLOQUY_NATS_USER: "colloquy"'],
  [['--client', 'core'], { NATS_USER: 'core' }, 'COLLOQUY_NATS_USER: "core"'],
  [[], { NATS_USER: 'anonymous' }, 'COLLOQUY_NATS_USER: "anonymous"'],
])('names that a server refuses, or that share a password, are refused: %j %j', async (args, named, says) => {
  const { code, stdout, stderr } = await runCli(['nats-config', ...args], { dataDir: folder, settings: named })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(says)
})

test.each(['12345', '1k', '-5', 'true', 'On', 'a b', 'a;b'])(
  'a password that a server reads as something else than text is warned of, and works in quotes: %s',
  async (password) => {
    const printed = await runCli(['nats-config'], { dataDir: folder, settings: { NATS_PASSWORD: password } })
    expect([printed.code, printed.stderr]).toEqual([0, expect.stringContaining('nats-server may not start')])
    const url = await startServer(printed.stdout, `"${password}"`)
    const nc = await connect({ servers: url, user: LOGIN.user, pass: password })
    await nc.close()
    await expect(startServer(printed.stdout, password)).rejects.toThrow()
  },
)

test('the replies to a client with a name and an inbox prefix of its own are heard by no other client', async () => {
  const printed = await runCli(['nats-config', '--client', 'shop', '--client', 'crm'], { dataDir: folder })
  const url = await startServer(printed.stdout)
  const system = await startSystem({ dataDir: join(folder, 'data'), kinds: [toyKind], settings: settings(url) })
  started.defer(system.stop)

  const other = await connect({ servers: url, user: 'crm', pass: PASSWORD, inboxPrefix: '_INBOX_crm' })
  started.defer(() => other.close())
  const anonymous = await connect({ servers: url })
  started.defer(() => anonymous.close())
  const refused: string[] = []
  const heard: string[] = []
  for (const nc of [other, anonymous]) {
    for (const subject of ['_INBOX_shop.>', '_INBOX_shop.*.*', '_INBOX.>', '>', '*.*.*']) {
      nc.subscribe(subject, { callback: (error, message) => void (error === null ? heard.push(message.subject) : refused.push(subject)) })
    }
    await nc.flush()
  }
  const shop = { servers: url, user: 'shop', pass: PASSWORD, inboxPrefix: '_INBOX_shop' }
  const add = { kind: 'toy', id: 'a1', type: 'add', data: { by: 1 } }
  expect(await publish(shop, add, { wait: 'out' })).toMatchObject({ outcome: 'committed', duplicate: false })
  const nc = await connect(shop)
  started.defer(() => nc.close())
  const options = { msgID: 'm-1' }
  const body = JSON.stringify({ type: 'add', data: { by: 1 } })
  expect(await jetstream(nc).publish('in.default.toy.a1', body, options)).toMatchObject({ stream: 'INBOX', duplicate: false })
  expect(await jetstream(nc).publish('in.default.toy.a1', body, options)).toMatchObject({ stream: 'INBOX', duplicate: true })
  await caughtUp(system)
  await anonymous.flush()
  expect(heard).toEqual([])
  expect(refused.filter((subject) => subject !== '_INBOX.>')).toHaveLength(8)
})

test.each([
  ['an address that does not answer', 'nats://127.0.0.1:1'],
  ['a server that has no TLS, where the settings ask for it', undefined],
])('it is unknown whether NATS is protected at %s', async (_, address) => {
  const url = await startServer('')
  const own = await connect({ servers: url })
  started.defer(() => own.close())
  const connection = address === undefined ? { servers: url, tls: {} } : { servers: address }
  expect(await probeProtection(connection, own)).toEqual({
    protected: null,
    code: 'nats_protection_unknown',
    detail: expect.stringMatching(/could not connect \(/) as string,
  })
})

test('the status of a system on an open server says that it is not protected, and what to do', async () => {
  const url = await startServer('')
  const system = await startSystem({ dataDir: join(folder, 'data'), kinds: [toyKind], settings: settings(url) })
  started.defer(system.stop)

  const options = { dataDir: join(folder, 'data'), settings: settings(url) }
  const [status] = await cliJson(['status'], options)
  expect(status).toMatchObject({ nats: { protected: false, code: 'nats_not_protected' } })
  expect((await runCli(['status'], options)).stdout).toMatch(/NATS is not protected \(nats_not_protected\): .*colloquy nats-config/)
  expect((await system.running.metrics.natsProtected.get()).values).toMatchObject([{ value: 0 }])
})
