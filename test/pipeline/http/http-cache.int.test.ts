import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStatus, waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import type { CacheStatus } from '../../../pipeline/cache/two-level-cache.ts'
import { CACHE_BUCKET } from '../../../pipeline/jetstream/removal.ts'
import { createSearchClient, type Search } from '../../../pipeline/search/search-client.ts'
import { runCli } from '../../support/run-cli.ts'
import { publishAll } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

let system: System
let url: string
let search: Search
beforeAll(async () => {
  system = await startSystem({ settings: { EMBED_BATCH_MS: '10' } })
  url = system.running.http?.url ?? ''
  search = createSearchClient({ url })
  await say('acme', 'm1', 'a parcel to oslo')
  await say('other', 'm1', 'a parcel to bergen')
}, 90_000)
afterAll(async () => {
  await system.stop()
})

async function say(tenant: string, id: string, text: string, conversation = id): Promise<void> {
  const body = { type: 'message.received', id, history: true, data: { role: 'user', text } }
  await publishAll(system, [{ subject: `in.${tenant}.support.${conversation}`, body }])
  await waitUntilCaughtUp(system.settings, 60_000)
}
const texts = async (q = 'parcel', tenant = 'acme'): Promise<string[]> => (await search({ tenant, q })).hits.map(({ text }) => text).sort()

async function figuresOf(name: string): Promise<CacheStatus> {
  const { caches } = await readStatus(system.settings)
  const found = caches.flatMap((one) => one.caches).find((one) => one.name === name)
  if (found === undefined) throw new Error(`status tells no cache ${name}`)
  return found
}

describe('answers of searches', () => {
  it('are cached from the second asking on, for their tenant alone, and status tells it', async () => {
    const before = await figuresOf('search')
    // A merge in the background makes a cached answer stale.
    await expect
      .poll(async () => {
        expect(await texts()).toEqual(['a parcel to oslo'])
        expect(await texts('parcel', 'other')).toEqual(['a parcel to bergen'])
        return (await figuresOf('search')).memory - before.memory
      })
      .toBeGreaterThan(4)
    const after = await figuresOf('search')
    expect(after.filled - before.filled).toBeGreaterThanOrEqual(4)
    expect((await runCli(['status'], { dataDir: system.settings.DATA_DIR })).stdout).toMatch(/search\s+\S*\s*\d+/)
  })

  it('are never those of before a change, whichever text has changed', async () => {
    for (let change = 0; change < 5; change++) {
      for (let asked = 0; asked < 3; asked++) await texts('harbour')
      const text = `harbour number ${change}`
      await say('acme', `h${change}`, text)
      expect(await texts('harbour')).toContain(text)
    }
    expect((await texts('harbour')).filter((text) => text.startsWith('harbour'))).toHaveLength(5)
  })

  it('go on where NATS has lost the shared level', async () => {
    await texts('oslo')
    await texts('oslo')
    await system.running.jetstream.jsm.streams.delete(`KV_${CACHE_BUCKET}`)
    expect(await texts('oslo')).toEqual(['a parcel to oslo'])
    expect(await texts('bergen', 'other')).toEqual(['a parcel to bergen'])
  })
})

describe('entity tags', () => {
  const get = async (path: string, tag?: string): Promise<{ status: number; tag: string; body: string; cacheControl: string | null }> => {
    const response = await fetch(`${url}${path}`, { headers: tag === undefined ? {} : { 'if-none-match': tag } })
    const { status, headers } = response
    return { status, tag: headers.get('etag') ?? '', body: await response.text(), cacheControl: headers.get('cache-control') }
  }

  it.each(['/v1/search?tenant=acme&q=tagged', '/v1/actors/acme/support/tagged'])('of %s save the body until it changes', async (path) => {
    await say('acme', `t0${path.length}`, 'tagged text', 'tagged')
    const first = await get(path)
    expect(first).toMatchObject({ status: 200, cacheControl: 'private, no-cache' })
    for (const given of [first.tag, `W/${first.tag}`, `"x", ${first.tag}`, '*']) {
      expect(await get(path, given)).toMatchObject({ status: 304, body: '', tag: first.tag })
    }
    expect((await get(path, '"x"')).status).toBe(200)
    await say('acme', `t1${path.length}`, 'another tagged text', 'tagged')
    const changed = await get(path, first.tag)
    expect(changed.status).toBe(200)
    expect(changed.tag).not.toBe(first.tag)
  })

  it('a numbered record is read where it was found before, and is the same', async () => {
    for (let index = 0; index < 4; index++) await say('acme', `n${index}`, `line ${index}`, 'numbered')
    const before = await figuresOf('records')
    const first = await get('/v1/actors/acme/support/numbered?at=2')
    for (let asked = 0; asked < 3; asked++) expect(await get('/v1/actors/acme/support/numbered?at=2')).toEqual(first)
    expect(JSON.parse(first.body)).toMatchObject({ n: 2 })
    const after = await figuresOf('records')
    expect([after.filled - before.filled, after.memory - before.memory]).toEqual([1, 3])
    expect((await get('/v1/actors/acme/support/numbered?at=9')).status).toBe(404)
  })
})

it('with CACHE=off nothing is cached, and entity tags remain', async () => {
  const plain = await startSystem({ settings: { CACHE: 'off', ROLES: 'host,dispatch,project,embed,serve' } })
  try {
    const own = plain.running.http?.url ?? ''
    await publishAll(plain, [{ subject: 'in.acme.support.c', body: { type: 'message.received', history: true, data: { text: 'hello' } } }])
    await waitUntilCaughtUp(plain.settings, 60_000)
    for (let asked = 0; asked < 3; asked++) {
      expect((await fetch(`${own}/v1/search?tenant=acme&q=hello`)).headers.get('etag')).toMatch(/^".+"$/)
    }
    expect((await readStatus(plain.settings)).caches).toEqual([])
    await expect(plain.running.jetstream.jsm.streams.info(`KV_${CACHE_BUCKET}`)).rejects.toThrow()
  } finally {
    await plain.stop()
  }
})
