import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DiscardPolicy } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { type HashedKey, hashedKey } from '../../../pipeline/cache/cache-key.ts'
import { type EntryForm, entryText } from '../../../pipeline/cache/shared-entry.ts'
import { openSharedLevel, type SharedLevel, type SharedLevelOptions } from '../../../pipeline/cache/shared-level.ts'
import { CACHE_BUCKET } from '../../../pipeline/jetstream/removal.ts'
import { createMetrics, type Metrics } from '../../../pipeline/runtime/metrics.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

const FORM: EntryForm = { cache: 'words', version: 1 }
const STREAM = `KV_${CACHE_BUCKET}`
const MIB = 1024 ** 2
const text = z.string()

let dataDir: string
let server: NatsServer
let jetstream: Awaited<ReturnType<typeof openJetStream>>
let kv: KV
let open: SharedLevel[] = []

beforeAll(async () => {
  dataDir = await temporaryFolder()
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  server = await startNatsServer({ dataDir, port: 0, binary, log: silent, storageBytesMax: 100_000_000 })
  jetstream = await openJetStream(
    await connect({ servers: server.url, user: server.user, pass: server.password, reconnectTimeWait: 100, maxReconnectAttempts: -1 }),
  )
  kv = await new Kvm(jetstream.nc).open(CACHE_BUCKET, { allow_direct: true })
})
afterEach(async () => {
  for (const level of open) await level.stop()
  open = []
  await jetstream.jsm.streams.delete(STREAM)
})
afterAll(async () => {
  await jetstream.close()
  await server.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function levelOf(more: Partial<SharedLevelOptions> = {}): Promise<{ level: SharedLevel; metrics: Metrics }> {
  const metrics = createMetrics()
  const level = openSharedLevel({ jetstream, ttlMs: 3_600_000, bytesMax: MIB, metrics, log: silent, checkMs: 50, ...more })
  open.push(level)
  await expect.poll(() => level.size()).toBeDefined()
  return { level, metrics }
}
const keyOf = (name: string, tenant = 'acme'): HashedKey => hashedKey({ tenant, parts: [name] })
const placeOf = ({ tenant, name }: HashedKey): string => `words.${tenant}.${name}`
const valueAt = async (level: SharedLevel, key: HashedKey): Promise<string | undefined> => level.get(FORM, key, text)
const stored = async (level: SharedLevel, key: HashedKey, value: string): Promise<void> => {
  level.put(FORM, key, value)
  await expect.poll(() => valueAt(level, key)).toBe(value)
}
const droppedBy = async ({ cacheDropped }: Metrics): Promise<Record<string, number>> =>
  Object.fromEntries((await cacheDropped.get()).values.map(({ labels, value }) => [String(labels.why), value]))
const failuresOf = async ({ cacheSharedFailures }: Metrics): Promise<Record<string, number>> =>
  Object.fromEntries((await cacheSharedFailures.get()).values.map(({ labels, value }) => [`${labels.op} ${labels.why}`, value]))

describe('the shared level', () => {
  it('gives to one process what another has stored; of two writers of one key, one wins and nobody fails', async () => {
    const [one, other] = [await levelOf(), await levelOf()]
    await stored(one.level, keyOf('a'), 'first')
    expect(await valueAt(other.level, keyOf('a'))).toBe('first')
    one.level.put(FORM, keyOf('b'), 'one')
    other.level.put(FORM, keyOf('b'), 'other')
    await expect.poll(() => valueAt(one.level, keyOf('b'))).toMatch(/^(one|other)$/)
    expect(await failuresOf(one.metrics)).toEqual({})
    expect(await failuresOf(other.metrics)).toEqual({})
  })

  it('drops what fits neither hash nor schema, also a whole entry under the key of another tenant', async () => {
    const { level, metrics } = await levelOf()
    const key = keyOf('a')
    const spoilt = [
      'no json',
      '{}',
      entryText(FORM, key, 'good').replace('good', 'evil'),
      entryText(FORM, keyOf('a', 'other'), 'of another tenant'),
      entryText({ ...FORM, cache: 'others' }, key, 'of another cache'),
      entryText(FORM, key, { not: 'a text' }),
    ]
    for (const entry of spoilt) {
      await kv.put(placeOf(key), entry)
      expect(await valueAt(level, key)).toBeUndefined()
      await expect.poll(async () => await kv.get(placeOf(key))).toBeNull()
    }
    expect(await droppedBy(metrics)).toEqual({ poisoned: spoilt.length })
    expect(await failuresOf(metrics)).toEqual({})
  })

  it('leaves an entry of newer code to newer processes, and an older one is no hit', async () => {
    const { level, metrics } = await levelOf()
    const key = keyOf('a')
    const newer = entryText({ ...FORM, version: 2 }, key, 'newer')
    for (const entry of [newer, '{"v":7,"body":{"of":"another form"}}']) {
      await kv.put(placeOf(key), entry)
      expect(await valueAt(level, key)).toBeUndefined()
      expect((await kv.get(placeOf(key)))?.string()).toBe(entry)
    }
    expect(await droppedBy(metrics)).toEqual({ newer: 2 })
    await kv.put(placeOf(key), newer)
    expect(await level.get({ ...FORM, version: 3 }, key, text)).toBeUndefined()
    expect(await level.get({ ...FORM, version: 2 }, key, text)).toBe('newer')
  })

  it('drops the entries of one tenant and cache, for all processes', async () => {
    const [one, other] = [await levelOf(), await levelOf()]
    await stored(one.level, keyOf('a'), 'acme')
    await stored(one.level, keyOf('a', 'acme2'), 'acme2')
    await one.level.drop(FORM, 'acme')
    expect(await valueAt(other.level, keyOf('a'))).toBeUndefined()
    expect(await valueAt(other.level, keyOf('a', 'acme2'))).toBe('acme2')
  })

  it('forgets by the clock of the server', async () => {
    const { level } = await levelOf({ ttlMs: 300 })
    level.put(FORM, keyOf('a'), 'short')
    await expect.poll(async () => (await kv.get(placeOf(keyOf('a')))) !== null).toBe(true)
    await expect.poll(() => valueAt(level, keyOf('a'))).toBeUndefined()
  })

  it('makes room of the oldest entries, and does not take one that is too large', async () => {
    const { level, metrics } = await levelOf({ bytesMax: 50_000 })
    for (let index = 0; index < 20; index++) await stored(level, keyOf(`k${index}`), 'x'.repeat(5_000))
    expect(await valueAt(level, keyOf('k0'))).toBeUndefined()
    expect(await valueAt(level, keyOf('k19'))).toHaveLength(5_000)
    expect(level.put(FORM, keyOf('large'), 'x'.repeat(70_000))).toBe(false)
    expect(await droppedBy(metrics)).toEqual({ too_large: 1 })
  })
})

describe('without a usable bucket', () => {
  it('a full one refuses, which is counted, and what it has is still served', async () => {
    const { level, metrics } = await levelOf()
    await stored(level, keyOf('a'), 'kept')
    await jetstream.jsm.streams.update(STREAM, { discard: DiscardPolicy.New, max_msgs: 1 })
    expect(level.put(FORM, keyOf('b'), 'refused')).toBe(true)
    await expect.poll(() => failuresOf(metrics)).toEqual({ 'write full': 1 })
    expect(await valueAt(level, keyOf('a'))).toBe('kept')
    expect(await valueAt(level, keyOf('b'))).toBeUndefined()
  })

  it('one that is removed while it is used is a miss, and is made again', async () => {
    const { level, metrics } = await levelOf()
    await stored(level, keyOf('a'), 'before')
    await jetstream.jsm.streams.delete(STREAM)
    expect(await valueAt(level, keyOf('a'))).toBeUndefined()
    expect(Object.values(await failuresOf(metrics)).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1)
    await expect
      .poll(async () => {
        level.put(FORM, keyOf('a'), 'after')
        return valueAt(level, keyOf('a'))
      })
      .toBe('after')
  })

  it('a NATS that was killed costs misses and no error, and a tenant that was dropped meanwhile stays dropped', async () => {
    const { level, metrics } = await levelOf()
    await stored(level, keyOf('a'), 'before')
    if (server.pid !== undefined) process.kill(server.pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => valueAt(level, keyOf(`k${index}`))))
    expect(new Set(answers)).toEqual(new Set([undefined]))
    level.put(FORM, keyOf('b'), 'lost')
    await level.drop(FORM, 'acme')
    await expect.poll(async () => Object.keys(await failuresOf(metrics)).length).toBeGreaterThan(0)
    await expect.poll(() => server.restarts).toBe(1)
    await expect
      .poll(async () => {
        level.put(FORM, keyOf('c'), 'again')
        return valueAt(level, keyOf('c'))
      })
      .toBe('again')
    expect(await valueAt(level, keyOf('a'))).toBeUndefined()
  })
})
