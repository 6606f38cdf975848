import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePorts } from '../../../bench/harness/free-ports.ts'
import { readStatus } from '../../../infra/app/system-status.ts'
import { type ClickHouse, startClickHouse } from '../../../infra/servers/clickhouse/clickhouse-server.ts'
import { type Answer, clientOf } from '../../support/http-requests.ts'
import { startFakeQdrant } from '../../support/qdrant-server.ts'
import { silent, startSystem, type System, temporaryFolder } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let started: AsyncDisposableStack
let folder: string

beforeEach(async () => {
  started = new AsyncDisposableStack()
  folder = await temporaryFolder()
  started.defer(() => rm(folder, { recursive: true, force: true }))
})
afterEach(() => started.disposeAsync())

async function start(settings: Parameters<typeof startSystem>[0]): Promise<{ system: System } & ReturnType<typeof clientOf>> {
  const system = await startSystem({ kinds: [toyKind], ...settings })
  started.defer(system.stop)
  return { system, ...clientOf(system.running.http?.url ?? '') }
}

const INPUT = { type: 'add', data: { by: 1 } }
const gist = ({ status, headers, body }: Answer): unknown[] => [status, body['code'], headers.get('retry-after')]
const checkOf = ({ body }: Answer, name: string) =>
  (body['checks'] as readonly { check: string; ok: boolean; detail: string }[]).find(({ check }) => check === name)

test('without ClickHouse a system decides and says what it waits for; the tables are filled when it comes, and comes back', async () => {
  const [port = 0] = await freePorts(1)
  const startServer = async (): Promise<ClickHouse> => {
    const server = await startClickHouse({ dataDir: folder, port, log: silent })
    started.defer(server.stop)
    return server
  }
  // The first start makes the password of the user.
  const first = await startServer()
  await first.stop()
  const url = `http://127.0.0.1:${port}`
  const settings = { CLICKHOUSE_URL: url, CLICKHOUSE_USER: 'colloquy', CLICKHOUSE_PASSWORD: first.password }

  const { system, post, get } = await start({ settings })

  expect((await post('/v1/in/acme/toy/a?wait=out', INPUT)).body).toMatchObject({ outcome: 'committed' })
  const expectAway = async (): Promise<void> => {
    await expect.poll(async () => checkOf(await get('/readyz'), 'project')?.ok).toBe(false)
    const ready = await get('/readyz')
    expect(ready.status).toBe(503)
    expect(checkOf(ready, 'project')?.detail).toContain(url)
    expect(gist(await post('/v1/in/acme/toy/a?wait=tables', INPUT))).toEqual([503, 'tables_unavailable', '5'])
    expect(gist(await get('/v1/search?tenant=acme&q=x'))).toEqual([503, 'search_unavailable', '5'])
    expect((await get('/v1/actors/acme/toy/a')).status).toBe(200)
    expect((await get('/metrics')).status).toBe(200)
    const { stages } = await readStatus(system.settings)
    expect(stages.project).toMatchObject({ ok: false, detail: expect.stringContaining(url) as string })
    expect(stages.host).toMatchObject({ ok: true })
  }
  const expectBack = async (): Promise<void> => {
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(200)
    expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).status).toBe(200)
    expect((await get('/v1/search?tenant=acme&q=x')).status).toBe(200)
  }
  await expectAway()
  const second = await startServer()
  await expectBack()
  await second.stop()
  await expectAway()
  await startServer()
  await expectBack()

  const log = (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq
  const result = await system.running.client?.query({ query: 'SELECT uniqExact(seq) AS n FROM events', format: 'JSONEachRow' })
  expect(await result?.json()).toEqual([{ n: log }])
})

test('without its Qdrant a system decides and fills the tables, and searches once Qdrant answers', async () => {
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const { post, get } = await start({ settings: { QDRANT_URL: url } })

  expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).body).toMatchObject({ outcome: 'committed' })
  const waiting = { ok: false, detail: expect.stringContaining(url) as string }
  await expect.poll(async () => checkOf(await get('/readyz'), 'embed')).toMatchObject(waiting)
  expect(gist(await get('/v1/search?tenant=acme&q=x'))).toEqual([503, 'search_unavailable', '5'])

  const qdrant = await startFakeQdrant(port)
  await expect.poll(async () => (await get('/readyz')).status, { timeout: 20_000 }).toBe(200)
  await expect.poll(async () => (await get('/v1/search?tenant=acme&q=x')).status, { timeout: 20_000 }).toBe(200)

  await qdrant.stop()
  await expect.poll(async () => checkOf(await get('/readyz'), 'embed')?.detail, { timeout: 20_000 }).toContain(url)
  expect((await post('/v1/in/acme/toy/a?wait=tables', INPUT)).status).toBe(200)
})

test('a system that waits for its servers stops at once', async () => {
  const { system } = await start({ settings: { CLICKHOUSE_URL: 'http://127.0.0.1:1', QDRANT_URL: 'http://127.0.0.1:1' } })
  const startedMs = performance.now()
  await system.stop()
  expect(performance.now() - startedMs).toBeLessThan(5_000)
})
