import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { announce, connectToRunningClickHouse, connectToRunningNats } from '../../../infra/app/connect-to-running.ts'
import { readProblems } from '../../../infra/app/system-problems.ts'
import { readStatus } from '../../../infra/app/system-status.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { type Answer, clientOf } from '../../support/http-requests.ts'
import { OPENAPI } from '../../support/qdrant-openapi.ts'
import { startFakeQdrant } from '../../support/qdrant-server.ts'
import { runCli } from '../../support/run-cli.ts'
import { settingsFor, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let started: AsyncDisposableStack
let dataDir: string

beforeEach(async () => {
  started = new AsyncDisposableStack()
  dataDir = await temporaryFolder()
  started.defer(() => rm(dataDir, { recursive: true, force: true }))
})
afterEach(() => started.disposeAsync())

async function start(settings: Parameters<typeof startSystem>[0] = {}): Promise<{ system: System } & ReturnType<typeof clientOf>> {
  const system = await startSystem({ kinds: [toyKind], dataDir, ...settings })
  started.defer(system.stop)
  return { system, ...clientOf(system.running.http?.url ?? '') }
}

/** Stops a server in its tracks, as a hang does: its connections stay open. */
function freeze(pid: number | undefined): () => void {
  if (pid === undefined) throw new Error('the server does not run')
  process.kill(pid, 'SIGSTOP')
  const thaw = (): void => void process.kill(pid, 'SIGCONT')
  started.defer(thaw)
  return thaw
}

const INPUT = { type: 'add', data: { by: 1 } }
const gist = ({ status, headers, body }: Answer): unknown[] => [status, body['code'], headers.get('retry-after'), body['detail']]
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const startedMs = performance.now()
  const result = await work
  expect(performance.now() - startedMs).toBeLessThan(ms)
  return result
}

test('a ClickHouse that hangs: searches and waits for tables are answered within their limits, and name it', async () => {
  const { system, post, get } = await start()
  expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).status).toBe(200)
  const thaw = freeze(system.running.clickhouse?.pid)

  const [search, wait, actor] = await Promise.all([
    within(15_000, get('/v1/search?tenant=acme&q=x')),
    within(12_000, post('/v1/in/acme/toy/a?wait=tables&timeoutMs=20000', INPUT)),
    within(4_500, post('/v1/in/acme/toy/a?wait=out', INPUT)),
  ])
  expect(gist(search)).toEqual([503, 'search_unavailable', '5', expect.stringContaining('ClickHouse did not answer within 8 s')])
  expect(gist(wait)).toEqual([503, 'tables_unavailable', '5', expect.stringContaining('ClickHouse did not answer within 5 s')])
  expect(wait.body).toMatchObject({ position: expect.any(Number) as number })
  expect(actor.status).toBe(200)
  expect(gist(await post('/v1/in/acme/toy/a?wait=tables&timeoutMs=1000', INPUT)).slice(0, 3)).toEqual([504, 'wait_timeout', '5'])

  // Once it is known to hang, nobody waits for it any more.
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(503)
  expect(gist(await within(4_500, get('/v1/search?tenant=acme&q=x')))).toEqual([
    503,
    'search_unavailable',
    '5',
    expect.stringContaining('ClickHouse at'),
  ])
  expect(gist(await within(4_500, post('/v1/in/acme/toy/a?wait=tables', INPUT))).slice(0, 3)).toEqual([503, 'tables_unavailable', '5'])
  expect((await within(15_000, readStatus(system.settings))).stages.project).toMatchObject({ ok: false })

  // Commands name it, too, and do not wait.
  const problems = await within(12_000, readProblems(system.settings))
  const away = expect.stringMatching(/^ClickHouse at \S+ does not answer within 5 s$/) as string
  expect(problems).toContainEqual(expect.objectContaining({ code: 'tables_unavailable', what: away }))
  expect(problems).toContainEqual({
    code: 'stage_failing',
    what: expect.stringMatching(/^project: waiting: ClickHouse at \S+ does not answer within 10 s$/) as string,
    remedy: expect.any(String) as string,
  })
  for (const role of ['analyst', 'colloquy'] as const) {
    const refused = within(12_000, connectToRunningClickHouse(system.settings, role))
    await expect(refused).rejects.toMatchObject({ code: 'tables_unavailable', message: away })
  }

  thaw()
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(200)
  expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).status).toBe(200)
  expect((await get('/v1/search?tenant=acme&q=x')).status).toBe(200)
}, 90_000)

test('a NATS that hangs: every request is answered with 503 and Retry-After within ten seconds', async () => {
  const { post, get } = await start()
  expect((await post('/v1/in/acme/toy/a?wait=out', INPUT)).status).toBe(200)
  const thaw = freeze(Number(await readFile(join(dataDir, 'nats.pid'), 'utf8')))

  const answers = await Promise.all([
    within(15_000, post('/v1/in/acme/toy/a', INPUT)),
    within(15_000, post('/v1/in/acme/toy/a?wait=actor', INPUT)),
    within(15_000, get('/v1/actors/acme/toy/a')),
  ])
  for (const answer of answers) {
    expect(gist(answer).slice(0, 3)).toEqual([503, expect.stringMatching(/^(no_reply|nats_unavailable)$/), '5'])
    expect(answer.body['detail']).toMatch(/NATS|nats|JetStream|INBOX/)
  }
  expect((await within(8_000, get('/healthz'))).status).toBe(200)
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(503)
  const checks = (await get('/readyz')).body['checks'] as readonly { check: string; detail: string }[]
  expect(checks.find(({ check }) => check === 'nats')?.detail).toMatch(/^NATS at \S+ has not answered for 2 s$/)
  expect((await within(15_000, get('/metrics'))).status).toBe(200)

  thaw()
  await expect.poll(async () => (await post('/v1/in/acme/toy/a?wait=out', INPUT)).status, { timeout: 30_000 }).toBe(200)
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(200)
}, 90_000)

test('commands say that nothing runs only where nothing listens', async () => {
  const { settings } = loadSettings({}, settingsFor(dataDir))
  await writeFile(join(dataDir, 'clickhouse-password'), 'x')
  await writeFile(join(dataDir, 'nats-password'), 'x')
  const at = (port: number) => ({
    pid: process.pid,
    natsUrl: `nats://127.0.0.1:${port}`,
    clickhouseUrl: `http://127.0.0.1:${port}`,
    httpUrl: null,
  })
  const refusals = () =>
    Promise.allSettled([
      within(12_000, connectToRunningClickHouse(settings, 'analyst')),
      within(12_000, connectToRunningNats(settings)),
      within(12_000, runCli(['sql', 'SELECT 1'], { dataDir })),
    ])
  // As a server that has too many connections.
  const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  started.defer(() => void closing.close())
  await once(closing, 'listening')
  const { port } = closing.address() as AddressInfo
  await announce(dataDir, at(port))

  const [clickhouse, nats, sql] = await refusals()

  expect(clickhouse).toMatchObject({
    reason: {
      code: 'tables_unavailable',
      message: expect.stringMatching(/^ClickHouse at \S+ listens, but does not answer \(\w+\)/) as string,
    },
  })
  expect(nats).toMatchObject({ reason: { code: 'nats_unreachable', message: expect.stringContaining('listens, but does not') as string } })
  expect(sql).toMatchObject({ value: { code: 1, stderr: expect.stringContaining('code: tables_unavailable') as string } })

  closing.close()
  await once(closing, 'close')
  const [noClickHouse, noNats, noSql] = await refusals()
  expect([noClickHouse, noNats]).toMatchObject([{ reason: { code: 'not_running' } }, { reason: { code: 'not_running' } }])
  expect(noSql).toMatchObject({ value: { code: 1, stderr: expect.stringContaining('code: not_running') as string } })
}, 60_000)

test.skipIf(!existsSync(OPENAPI))(
  'a Qdrant that hangs: searches are answered within their limit, and name it',
  async () => {
    const qdrant = await startFakeQdrant()
    started.defer(() => qdrant.stop())
    const port = Number(new URL(qdrant.url).port)
    const { post, get } = await start({ settings: { QDRANT_URL: qdrant.url } })
    await expect.poll(async () => (await get('/v1/search?tenant=acme&q=x')).status).toBe(200)
    await qdrant.stop()
    // Accepts connections and never answers.
    const silent = createServer(() => undefined).listen(port, '127.0.0.1')
    started.defer(() => void silent.close())

    const search = await within(15_000, get('/v1/search?tenant=acme&q=y'))

    expect(gist(search)).toEqual([503, 'search_unavailable', '5', expect.stringContaining(`Qdrant at ${qdrant.url}`)])
    expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).status).toBe(200)
  },
  60_000,
)

test('a NATS that hangs: a command says so, and ends', async () => {
  await start()
  freeze(Number(await readFile(join(dataDir, 'nats.pid'), 'utf8')))

  const { code, stderr } = await runCli(['publish', 'acme/toy/a', 'add', '{"by":1}'], { dataDir })

  expect([code, stderr]).toEqual([1, expect.stringContaining('code: nats_unreachable')])
})
