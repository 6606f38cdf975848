import { rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type NatsServer, startNatsServer } from '../../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { compareAndSet, entryOf, keysUnder, typedKey } from '../../../pipeline/jetstream/typed-kv.ts'
import { silent, temporaryFolder } from '../../support/test-system.ts'

let dataDir: string
let server: NatsServer
let nc: NatsConnection
let kv: KV
beforeAll(async () => {
  dataDir = await temporaryFolder()
  const { command: binary } = await obtainNatsServer({ cacheDir: join(homedir(), '.cache', 'colloquy'), log: silent })
  server = await startNatsServer({ dataDir, port: 0, binary, log: silent, storageBytesMax: 100_000_000 })
  nc = await connect({ servers: server.url, user: server.user, pass: server.password })
  kv = await new Kvm(nc).create('typed', { history: 1 })
})
afterAll(async () => {
  await nc.close()
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const positionSchema = z.object({ seq: z.int(), ts: z.string() })

test('a key has no value before the first put and after a delete', async () => {
  const key = typedKey(kv, 'position.1', positionSchema)
  expect(await key.get()).toBeUndefined()
  await key.put({ seq: 1, ts: 'now' })
  const stored = await key.get()
  expect(stored?.value).toEqual({ seq: 1, ts: 'now' })
  await key.deleteAt(stored?.revision ?? 0)
  expect(await key.get()).toBeUndefined()
  expect(await entryOf(kv, 'position.1')).toBeUndefined()
})

test('the stored text is the JSON of the value and nothing else', async () => {
  await typedKey(kv, 'position.2', positionSchema).put({ ts: 'now', seq: 2 })
  expect((await entryOf(kv, 'position.2'))?.string()).toBe('{"ts":"now","seq":2}')
  await typedKey(kv, 'settled', z.int()).put(-1)
  expect((await entryOf(kv, 'settled'))?.string()).toBe('-1')
})

test('a value that does not match the schema is an error, unless the schema has a fallback', async () => {
  await kv.put('foreign', '{"seq":"three"}')
  await expect(typedKey(kv, 'foreign', positionSchema).get()).rejects.toThrow(z.ZodError)
  expect((await typedKey(kv, 'foreign', positionSchema.nullable().catch(null)).get())?.value).toBeNull()
})

test('of two writers that set a key at the same revision one succeeds, and the other gets undefined', async () => {
  const key = typedKey(kv, 'counter', z.int())
  const first = await key.compareAndSet(1, undefined)
  expect(first).toBe((await key.get())?.revision)
  expect(await key.compareAndSet(2, undefined)).toBeUndefined()

  const second = await key.compareAndSet(2, first)
  expect(second).toBeGreaterThan(first ?? Infinity)
  expect(await key.compareAndSet(3, first)).toBeUndefined()
  expect(await key.get()).toEqual({ value: 2, revision: second })
})

test('a deleted key is set like one that never existed', async () => {
  const revision = await compareAndSet(kv, 'lock', '', undefined)
  await kv.delete('lock')
  expect(await compareAndSet(kv, 'lock', '', revision)).toBeUndefined()
  expect(await compareAndSet(kv, 'lock', '', undefined)).toBeGreaterThan(revision ?? Infinity)
})

test('a delete leaves a value that another writer has changed', async () => {
  const key = typedKey(kv, 'changed', z.int())
  const first = await key.compareAndSet(1, undefined)
  await key.put(2)
  await key.deleteAt(first ?? 0)
  expect((await key.get())?.value).toBe(2)
})

test('any failure but a lost race is thrown', async () => {
  const gone = await new Kvm(nc).create('gone', { history: 1 })
  await gone.destroy()
  await expect(typedKey(gone, 'key', z.int()).compareAndSet(1, 1)).rejects.toThrow()
})

test('the keys under a prefix are told, however often, without a consumer that stays', async () => {
  const jsm = await jetstreamManager(nc)
  await kv.put('kinds.one', '1')
  await kv.put('kinds.two', '2')
  await kv.put('other', '3')
  for (let times = 0; times < 20; times++) {
    expect((await keysUnder(jsm, 'typed', 'kinds.')).sort()).toEqual(['kinds.one', 'kinds.two'])
    expect(await keysUnder(jsm, 'typed', 'nothing.')).toEqual([])
  }
  expect((await jsm.streams.info('KV_typed')).state.consumer_count).toBe(0)
})
