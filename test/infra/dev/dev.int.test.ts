import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectToRunningNats } from '../../../infra/app/connect-to-running.ts'
import { askStatus } from '../../../infra/app/status-service.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { type Dev, orderKind, startDevApp, TOKEN } from '../../support/dev-system.ts'
import { settingsFor } from '../../support/test-system.ts'

const CONFIG = "import { order } from './order.ts'\nexport default [order]\n"

let dev: Dev
beforeAll(async () => {
  dev = await startDevApp({ 'colloquy.config.ts': CONFIG, 'order.ts': orderKind('one') })
})
afterAll(() => dev?.stop())

const place = async (id: string) => {
  const sent = await dev.post(`/v1/in/acme/order/${id}?wait=actor`, { type: 'order.placed', data: { to: { city: '上海' } } })
  expect(sent.body).toMatchObject({ outcome: 'committed' })
  const { body } = await dev.get(`/dev/history/acme/order/${id}`)
  return (body as unknown as { records: { emitted: { data: object }[]; to: string }[] }).records[0]
}
/** Waits for what a save leads to, and gives it. */
const saved = async (name: string, text: string) => {
  const {
    reload: { since },
  } = await dev.state()
  await dev.save(name, text)
  return (await dev.until(({ reload }) => reload.since !== since && reload.phase !== 'reloading')).reload
}
const hostPid = async (): Promise<number> => {
  const nc = await connectToRunningNats(loadSettings({}, settingsFor(dev.dataDir)).settings)
  try {
    const host = (await askStatus(nc)).find(({ stages }) => stages.host !== undefined)
    // The process id 0 would be the whole group of this very process.
    if (host === undefined) throw new Error('no process says that it is a host')
    return host.pid
  } finally {
    await nc.close()
  }
}

test('the next input is decided by the last save of a file that the config imports, on the same servers', async () => {
  expect(await place('a1')).toMatchObject({ emitted: [{ data: { text: 'one' } }] })

  const reload = await saved('order.ts', orderKind('二'))

  expect(reload).toMatchObject({ phase: 'running', generation: 2, problem: null })
  expect(await place('a2')).toMatchObject({ emitted: [{ data: { text: '二' } }] })
  expect((await dev.get('/dev/history/acme/order/a1')).body).toMatchObject({ last: 1 })
})

test('a save that cannot be used is refused with its reason, and the earlier kinds keep running until it is fixed', async () => {
  const broken = await saved('order.ts', orderKind('three').replace("initial: 'open'", "initial: 'nowhere'"))
  expect(broken).toMatchObject({ phase: 'refused', problem: { message: expect.stringContaining('nowhere') as string } })
  expect(await place('b1')).toMatchObject({ emitted: [{ data: { text: '二' } }] })

  const rubbish = await saved('colloquy.config.ts', 'export default (((\n')
  expect(rubbish).toMatchObject({
    phase: 'refused',
    problem: { code: 'bad_config', stack: expect.stringContaining('colloquy.config.ts:1') as string },
  })
  const ends = await saved('colloquy.config.ts', 'process.exit(3)\n')
  expect(ends).toMatchObject({
    phase: 'refused',
    problem: { code: 'worker_ended', message: expect.stringContaining('exit code 3') as string },
  })
  await dev.remove('colloquy.config.ts')
  const gone = await dev.until(({ reload }) => reload.problem?.code === 'kind_missing')
  const kinds = ['order', 'source', 'tenant', 'intents', 'intent', 'prompt', 'hook', 'schedule', 'canary']
  expect(gone.reload).toMatchObject({ phase: 'refused', kinds })
  expect(await place('b2')).toMatchObject({ emitted: [{ data: { text: '二' } }] })

  await dev.save('order.ts', orderKind('three'))
  await dev.save('colloquy.config.ts', CONFIG)
  await dev.until(({ reload }) => reload.phase === 'running')
  expect(await place('b3')).toMatchObject({ emitted: [{ data: { text: 'three' } }] })
})

test('kinds whose process is killed are restarted, and inputs that were sent meanwhile are handled', async () => {
  const before = (await dev.state()).reload.generation
  process.kill(await hostPid(), 'SIGKILL')

  expect(await place('c1')).toMatchObject({ to: 'placed.goods.waiting+placed.money.due' })

  await dev.until(({ reload }) => reload.phase === 'running' && reload.generation > before)
})

test('a kind that blocks its process for ever is replaced all the same', async () => {
  const add = 'add: assign(({ context, event }) =>'
  const hanging = orderKind('four').replace(add, `${add} { for (;;) ; }), never: assign(({ context, event }) =>`)
  expect(await saved('order.ts', hanging)).toMatchObject({ phase: 'running' })
  await dev.post('/v1/in/acme/order/d1', { type: 'item.added', data: { name: '书本' } })

  const reload = await saved('order.ts', orderKind('five'))

  expect(reload).toMatchObject({ phase: 'running' })
  await dev.post('/v1/in/acme/order/d1?wait=actor', { type: 'goods.packed', data: {} })
  const { body } = await dev.get('/dev/history/acme/order/d1')
  expect(body).toMatchObject({ records: [{ input: { type: 'item.added' }, state: { context: { items: ['书本'] } } }, {}] })
})

test('actors are counted in every active state', async () => {
  await dev.post('/v1/in/acme/order/a1?wait=tables', { type: 'goods.packed', data: {} })

  const { counts } = await dev.until(({ counts }) => counts?.kinds['order']?.states['placed.goods.packed'] === 1)

  expect(counts?.kinds['order']?.states).toMatchObject({ 'placed.money': counts?.kinds['order']?.states['placed'] })
  const { body } = await dev.get('/dev/actors?kind=order&state=placed.goods.packed')
  expect(body).toMatchObject({ actors: [{ tenant: 'acme', id: 'a1', n: 2 }] })
})

test('a decision that does not return ends the process of the kinds, which says which it was; the second time it is rejected', async () => {
  const confirm = 'confirm: emit('
  const hanging = orderKind('six')
    .replace(confirm, `spin: assign(() => { for (;;) ; }), ${confirm}`)
    .replace("actions: 'add' }", "actions: 'spin' }")
  expect(await saved('order.ts', hanging)).toMatchObject({ phase: 'running' })
  await dev.post('/v1/in/acme/order/e1', { type: 'item.added', data: { name: '书本' } })

  await dev.process.line((line) => /no kinds run: .*signal SIGALRM: the decision on input .* of acme\/order\/e1 did not return/.test(line))

  const records = async () => (await dev.get('/dev/history/acme/order/e1')).body
  await expect.poll(records).toMatchObject({ records: [{ reason: 'poison' }] })
  expect(await saved('order.ts', orderKind('seven'))).toMatchObject({ phase: 'running' })
})

test('while no process runs the kinds, /readyz is 503 and says why', async () => {
  const readyz = async () => {
    const { status, body } = await dev.get('/readyz')
    return { status, kinds: (body as unknown as { checks: { check: string }[] }).checks.find(({ check }) => check === 'kinds') }
  }
  await expect.poll(readyz).toMatchObject({ status: 200, kinds: { ok: true } })
  const before = (await dev.state()).reload.generation
  process.kill(await hostPid(), 'SIGKILL')
  await expect
    .poll(readyz, { interval: 5 })
    .toMatchObject({ status: 503, kinds: { ok: false, detail: expect.stringContaining('SIGKILL') as string } })
  await dev.until(({ reload }) => reload.phase === 'running' && reload.generation > before)
  expect(await readyz()).toMatchObject({ status: 200, kinds: { ok: true, detail: 'running' } })
})

/** As a browser would ask whom another name led here. */
const askAs = (host: string, path: string, headers = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${dev.addresses.httpUrl}${path}`, { headers: { host, ...headers } }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end()
  })

test('requests under another host name get no answer, and without the token only the page itself does', async () => {
  expect(await askAs('evil.example', '/dev/')).toBe(421)
  expect(await askAs('evil.example:8080', '/v1/actors/acme/order/a1', { authorization: `Bearer ${TOKEN}` })).toBe(421)
  expect(await askAs('localhost:1', '/dev/')).toBe(200)
  expect(await askAs('[::1]', '/dev/')).toBe(200)
  expect(await askAs('127.0.0.1', '/dev/state')).toBe(401)
  expect(await askAs('127.0.0.1', '/dev/history/acme/order/a1')).toBe(401)
  expect(await askAs('127.0.0.1', '/dev/../package.json', { authorization: `Bearer ${TOKEN}` })).toBe(404)
})
