import { afterEach, expect, test } from 'vitest'
import { type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'

let http: HttpSystem | undefined
afterEach(async () => {
  await http?.stop()
  http = undefined
})
async function start(settings?: Parameters<typeof startHttpSystem>[0]): Promise<HttpSystem> {
  http = await startHttpSystem(settings)
  return http
}

const note = (bytes: number) => ({ type: 'note', data: { text: 'x'.repeat(bytes) } })

test('a full INBOX gets 503 with Retry-After, and inputs are accepted again once it has room', async () => {
  const { post, system } = await start({ ROLES: 'dispatch' })
  const { jsm } = system.running.jetstream
  await jsm.streams.update('INBOX', { max_bytes: 1_000_000 })

  const answers = []
  for (let sent = 0; sent < 20; sent++) answers.push(await post('/v1/in/acme/toy/a1', note(100_000)))

  const refused = answers.filter(({ status }) => status !== 202)
  expect(refused.length).toBeGreaterThan(10)
  for (const { status, headers, body } of refused) {
    expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'inbox_full', '5'])
  }
  await jsm.streams.purge('INBOX')
  expect((await post('/v1/in/acme/toy/a1', note(100_000))).status).toBe(202)
})

test('without NATS every request is answered at once, and readiness reports NATS', async () => {
  const { post, get, system } = await start()
  await system.running.nats.stop()
  await expect.poll(async () => (await get('/readyz')).status).toBe(503)

  const checks = (await get('/readyz')).body['checks'] as readonly { check: string; ok: boolean; detail: string }[]
  const nats = checks.find(({ check }) => check === 'nats')
  expect(nats).toMatchObject({ ok: false, detail: expect.stringContaining('lost') as string })
  const [input, actor] = ['/v1/in/acme/toy/a1', '/v1/actors/acme/toy/a1']
  for (const answer of await Promise.all([post(input, note(1)), post(`${input}?wait=out`, note(1)), get(actor)])) {
    expect([answer.status, answer.body['code'], answer.headers.get('retry-after')]).toEqual([503, 'nats_unavailable', '5'])
  }
  const said = await Promise.all([post(input, note(1)), get(actor)])
  expect(said.map(({ body }) => body['detail'])).toEqual([
    'NATS does not answer; nothing was stored, repeat the request later',
    'NATS does not answer; repeat the request later',
  ])
  expect((await get('/healthz')).status).toBe(200)
  expect((await get('/metrics')).status).toBe(200)
})

test('a server that stops answers waiting producers with the position of their input', async () => {
  const { post, stopHttp, system } = await start()
  const waiting = post('/v1/in/acme/toy/a1?wait=tables&timeoutMs=60000', note(1))
  await expect.poll(async () => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq).toBe(1)

  await stopHttp()

  expect(await waiting).toMatchObject({ status: 503, body: { code: 'closing', position: 1 } })
  await expect(post('/v1/in/acme/toy/a1', note(1))).rejects.toThrow()
})
