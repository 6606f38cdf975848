import { Kvm } from '@nats-io/kv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ACCESS_BUCKET, issueKey, type NewKey, pruneKeys, readKeys, revokeKey } from '../../../pipeline/access/key-bucket.ts'
import { createKeySigner, KEY_PREFIX } from '../../../pipeline/access/key-tokens.ts'
import { knowKeys, type KnownKeys } from '../../../pipeline/access/known-keys.ts'
import { type HttpServer, startHttpServer } from '../../../pipeline/http/http-server.ts'
import { ALL_TENANTS } from '../../../schemas/access-keys.ts'
import { clientOf, httpOptions, type HttpSystem, startHttpSystem } from '../../support/http-requests.ts'
import { silent } from '../../support/test-system.ts'

const SEED = Buffer.alloc(32, 7)
const signer = createKeySigner(SEED)
const ADMIN: NewKey = { tenant: ALL_TENANTS, may: ['admin'], kinds: undefined, expires: null }
const keyFor = (more: Partial<NewKey> = {}): NewKey => ({
  tenant: 'acme',
  may: ['publish', 'read'],
  kinds: undefined,
  expires: null,
  ...more,
})

let http: HttpSystem
let keys: KnownKeys
let server: HttpServer
beforeAll(async () => {
  http = await startHttpSystem()
  keys = await knowKeys(http.system.running.jetstream, silent)
  server = await startHttpServer(httpOptions(http.system, { keys }))
})
afterAll(async () => {
  await server.stop()
  await keys.stop()
  await http.stop()
})

const bucket = () => new Kvm(http.system.running.jetstream.nc).open(ACCESS_BUCKET)
const issue = async (asked: NewKey) =>
  issueKey({ jsm: http.system.running.jetstream.jsm, kv: await bucket(), signer, now: Date.now() }, asked)
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
const get = (path: string, key?: string) => clientOf(server.url).get(path, key === undefined ? {} : { headers: bearer(key) })
const add = { type: 'add', data: { by: 1 } }
const post = (path: string, key?: string, body: unknown = add) =>
  clientOf(server.url).post(path, body, key === undefined ? {} : bearer(key))

test('while there is no key, everybody on this machine may do everything; from the first on, nobody without one', async () => {
  expect((await get('/metrics')).status).toBe(200)
  const { key } = await issue(ADMIN)
  await expect.poll(async () => (await get('/metrics')).status).toBe(401)
  expect((await get('/metrics', key)).status).toBe(200)
  expect((await post('/v1/in/any/toy/x', key)).status).toBe(202)
})

describe('a key of a tenant', () => {
  test('is for its tenant alone: others are denied as those that do not exist', async () => {
    const { key, entry } = await issue(keyFor())
    expect(key).not.toContain(entry.tenant)
    expect((await post('/v1/in/acme/toy/a', key)).status).toBe(202)
    await post('/v1/in/other/toy/a', (await issue(ADMIN)).key)
    for (const path of ['/v1/actors/%/toy/a', '/v1/out/%/toy/a']) {
      const [existing, unknown] = await Promise.all(['other', 'nobody'].map((tenant) => get(path.replace('%', tenant), key)))
      expect(existing).toMatchObject({ status: 404, body: { code: 'not_for_this_key' } })
      expect(existing?.body).toEqual(unknown?.body)
    }
    expect(await post('/v1/in/other/toy/a', key)).toMatchObject({ status: 404, body: { code: 'not_for_this_key' } })
    expect(await get('/metrics', key)).toMatchObject({ status: 403, body: { code: 'key_may_not' } })
    expect(await get('/nowhere', key)).toMatchObject({ status: 404, body: { code: 'unknown_path' } })
  })

  test('allows what it names, and not how the tenant works', async () => {
    const { key: publishing } = await issue(keyFor({ may: ['publish'] }))
    const { key: reading } = await issue(keyFor({ may: ['read'] }))
    const { key: administering } = await issue(keyFor({ may: ['admin'] }))
    expect((await post('/v1/in/acme/toy/b', publishing)).status).toBe(202)
    expect(await get('/v1/actors/acme/toy/b', publishing)).toMatchObject({ status: 403, body: { code: 'key_may_not' } })
    expect(await post('/v1/in/acme/toy/b', reading)).toMatchObject({ status: 403, body: { code: 'key_may_not' } })
    const setting = { type: 'tenant.set', data: { key: 'INTENTS', value: 'off' } }
    expect(await post('/v1/in/acme/tenant/acme', publishing, setting)).toMatchObject({ status: 403, body: { code: 'key_may_not' } })
    expect((await post('/v1/in/acme/tenant/acme', administering, setting)).status).not.toBe(403)
    expect((await post('/v1/in/acme/toy/b', administering)).status).toBe(202)
  })

  test('may be for some kinds', async () => {
    const { key } = await issue(keyFor({ kinds: ['toy'] }))
    expect((await post('/v1/in/acme/toy/c', key)).status).toBe(202)
    const [known, unknown] = await Promise.all(['tenant', 'nothing'].map((kind) => get(`/v1/actors/acme/${kind}/c`, key)))
    expect(known).toMatchObject({ status: 404, body: { code: 'not_for_this_key' } })
    expect(known?.body).toEqual(unknown?.body)
  })
})

describe('a key that is not good', () => {
  test.each([
    ['of another installation', async () => createKeySigner(Buffer.alloc(32, 8)).sign((await issue(keyFor())).entry)],
    ['that nobody has listed', async () => signer.sign({ ...(await issue(keyFor())).entry, id: 'k000' })],
    ['without a signature', async () => unsigned((await issue(keyFor())).entry.id)],
    ['that is changed', async () => `${(await issue(keyFor())).key.slice(0, -8)}AAAAAAAA`],
    ['of a megabyte', async () => `${KEY_PREFIX}${'A'.repeat(14_000)}`],
    ['that is no key', async () => 'key.of.acme'],
  ])('%s is refused', async (_name, make) => {
    expect(await post('/v1/in/acme/toy/d', await make())).toMatchObject({ status: 401, body: { code: 'unauthorized' } })
  })

  test('because it has expired is refused', async () => {
    const { key } = await issue(keyFor({ expires: new Date(Date.now() + 1_500).toISOString() }))
    expect((await post('/v1/in/acme/toy/d', key)).status).toBe(202)
    await expect.poll(async () => (await post('/v1/in/acme/toy/d', key)).status, { timeout: 10_000 }).toBe(401)
  })

  test('because it was revoked is refused, and its streams end', async () => {
    const { key, entry } = await issue(keyFor())
    const stream = await fetch(`${server.url}/v1/out/acme/toy/e`, { headers: bearer(key) })
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`, { headers: bearer(key) })
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    expect((await post('/v1/in/acme/toy/e', key)).status).toBe(202)
    await revokeKey(await bucket(), entry.id, Date.now())
    await expect.poll(async () => (await post('/v1/in/acme/toy/e', key)).status, { timeout: 5_000 }).toBe(401)
    expect(await closed).toBe(1008)
    await expect(stream.text()).rejects.toThrow()
    await expect(revokeKey(await bucket(), 'unknown', 0)).rejects.toMatchObject({ code: 'unknown_key' })
  })
})

test('a WebSocket takes frames of its tenant alone', async () => {
  const { key } = await issue(keyFor())
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws`)
  const answers: unknown[] = []
  socket.on('message', (data: Buffer) => answers.push(JSON.parse(data.toString())))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ token: key, ref: 'k' }))
  for (const tenant of ['other', 'acme']) socket.send(JSON.stringify({ subscribe: { tenant, kind: 'toy', id: 'f' }, ref: tenant }))
  await expect.poll(() => answers).toHaveLength(3)
  expect(answers[0]).toMatchObject({ ref: 'k' })
  expect(JSON.stringify(answers[1])).toContain('not_for_this_key')
  expect(JSON.stringify(answers[2])).not.toContain('problem')
  socket.close()
})

test('keys that have ended can be removed, but not the last', async () => {
  const { jetstream } = http.system.running
  const { entry } = await issue(keyFor())
  await revokeKey(await bucket(), entry.id, Date.now())
  expect(await pruneKeys(jetstream, Date.now())).toBeGreaterThan(0)
  expect((await readKeys(jetstream)).has(entry.id)).toBe(false)
  for (const id of (await readKeys(jetstream)).keys()) await revokeKey(await bucket(), id, Date.now())
  await pruneKeys(jetstream, Date.now())
  expect((await readKeys(jetstream)).size).toBe(1)
  expect((await get('/metrics')).status).toBe(401)
})

const unsigned = (id: string): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${KEY_PREFIX}${part({ alg: 'none', kid: signer.id })}.${part({ iss: 'colloquy', aud: 'key', sub: 'acme', jti: id, iat: 0 })}.`
}
