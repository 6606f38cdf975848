import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createDropCounts } from '../../../pipeline/cache/drop-counts.ts'
import { EVICTIONS } from '../../../pipeline/cache/process-memory.ts'
import { type Cache, type CacheOptions, createCache, VALUE_BYTES_MAX } from '../../../pipeline/cache/two-level-cache.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'

const cacheOf = (more: Partial<CacheOptions<string>> = {}): Cache<string> =>
  createCache({
    cache: 'words',
    version: 1,
    schema: z.string(),
    toJson: (value) => value,
    bytesOf: (value) => value.length,
    asksMin: { memory: 1, shared: 2 },
    eviction: 'lru',
    bytesMax: 1024 ** 2,
    metrics: createMetrics(),
    ...more,
  })

const key = (name: string, tenant = 'acme') => ({ tenant, parts: [name] })
const filled = (value: string) => () => Promise.resolve({ value, isCacheable: true })
const never = (): Promise<never> => Promise.reject(new Error('filled although it is cached'))

describe('look-ups at one time', () => {
  it('are filled once for equal keys', async () => {
    const cache = cacheOf()
    const { promise, resolve } = Promise.withResolvers<{ value: string; isCacheable: boolean }>()
    let fills = 0
    const all = Array.from({ length: 100 }, () =>
      cache.through(key('a'), () => {
        fills += 1
        return promise
      }),
    )
    resolve({ value: 'one', isCacheable: true })
    const served = await Promise.all(all)
    expect(fills).toBe(1)
    expect(new Set(served.map(({ value }) => value))).toEqual(new Set(['one']))
    expect(cache.status()).toMatchObject({ filled: 1, joined: 99 })
  })

  it('all fail with the fill, and the next one fills again', async () => {
    const cache = cacheOf()
    const failing = () => Promise.reject(new Error('no model'))
    const ends = await Promise.allSettled([cache.through(key('a'), failing), cache.through(key('a'), failing)])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await cache.through(key('a'), filled('one'))).toEqual({ value: 'one', from: 'filled' })
  })

  it('do not join a fill that rests on what has changed since it began', async () => {
    const cache = cacheOf()
    let version = 'one'
    const isFresh = (value: string): Promise<boolean> => Promise.resolve(value === version)
    const slow = Promise.withResolvers<void>()
    const first = cache.through(key('a'), async () => {
      const value = version
      await slow.promise
      return { value, isCacheable: true }
    })
    await nextTurn()
    version = 'two'
    const later = Array.from({ length: 3 }, () =>
      cache.through(key('a'), () => Promise.resolve({ value: version, isCacheable: true }), isFresh),
    )
    await nextTurn()
    slow.resolve()
    expect((await first).value).toBe('one')
    expect((await Promise.all(later)).map(({ value }) => value)).toEqual(['two', 'two', 'two'])
    expect((await cache.through(key('a'), never, isFresh)).value).toBe('two')
  })
})

describe('a look for the value of another key', () => {
  it('finds what is fresh, fills nothing, waits for no fill, and is not counted', async () => {
    const cache = cacheOf()
    expect(await cache.find(key('a'), () => Promise.resolve(true))).toBeUndefined()
    const { promise, resolve } = Promise.withResolvers<{ value: string; isCacheable: boolean }>()
    const filling = cache.through(key('a'), () => promise)
    expect(await cache.find(key('a'), () => Promise.resolve(true))).toBeUndefined()
    resolve({ value: 'one', isCacheable: true })
    await filling
    expect(await cache.find(key('a'), () => Promise.resolve(true))).toEqual({ value: 'one', from: 'memory' })
    expect(cache.status()).toMatchObject({ filled: 1, memory: 0, joined: 0 })
    expect(await cache.find(key('a'), () => Promise.resolve(false))).toBeUndefined()
    expect(cache.status()).toMatchObject({ stale: 1, entries: 0 })
  })
})

describe('the counts of drops', () => {
  it('rise for the tenant that is dropped, and for those that have made room', () => {
    const drops = createDropCounts(2)
    const before = drops.of('a')
    drops.note('b')
    expect(drops.of('a')).toBe(before)
    drops.note('a')
    const dropped = drops.of('a')
    expect(dropped).toBeGreaterThan(before)
    drops.note('c')
    drops.note('d')
    expect(drops.of('a')).toBeGreaterThan(dropped)
    expect(drops.of('never dropped')).toBeGreaterThan(before)
  })
})

describe('a drop', () => {
  it('removes the values of its tenant and of no other', async () => {
    const cache = cacheOf()
    await cache.through(key('a'), filled('acme'))
    await cache.through(key('a', 'other'), filled('other'))
    await cache.drop('acme')
    expect(await cache.through(key('a'), filled('new'))).toEqual({ value: 'new', from: 'filled' })
    expect(await cache.through(key('a', 'other'), never)).toEqual({ value: 'other', from: 'memory' })
  })

  it('also keeps a fill from being cached and joined that began before it', async () => {
    const cache = cacheOf()
    const slow = Promise.withResolvers<{ value: string; isCacheable: boolean }>()
    const first = cache.through(key('a'), () => slow.promise)
    await nextTurn()
    await cache.drop('acme')
    expect(await cache.through(key('a'), filled('new'))).toEqual({ value: 'new', from: 'filled' })
    slow.resolve({ value: 'old', isCacheable: true })
    expect((await first).value).toBe('old')
    expect((await cache.through(key('a'), never)).value).toBe('new')
  })
})

describe('what is kept', () => {
  it('is never found by another tenant or by parts that only look alike', async () => {
    const cache = cacheOf()
    await cache.through({ tenant: 'a', parts: ['b', 'c'] }, filled('own'))
    for (const other of [
      { tenant: 'x', parts: ['b', 'c'] },
      { tenant: 'a', parts: ['b,c'] },
      { tenant: 'a', parts: ['b', 'c', ''] },
      { tenant: 'a","b', parts: ['c'] },
      { tenant: 'a', parts: ['c', 'b'] },
    ]) {
      expect((await cache.through(other, filled('other'))).from).toBe('filled')
    }
  })

  it('has been asked for often enough, and the fill knows', async () => {
    const cache = cacheOf({ asksMin: { memory: 3, shared: 3 } })
    const kept: boolean[] = []
    const fill = ({ isKept }: { readonly isKept: boolean }) => {
      kept.push(isKept)
      return Promise.resolve({ value: 'one', isCacheable: true })
    }
    const from: string[] = []
    for (let asked = 0; asked < 4; asked++) from.push((await cache.through(key('a'), fill)).from)
    expect(from).toEqual(['filled', 'filled', 'filled', 'memory'])
    expect(kept).toEqual([false, false, true])
  })

  it('is small, and is what its fill allows to cache', async () => {
    const cache = cacheOf()
    const large = 'x'.repeat(VALUE_BYTES_MAX + 1)
    await cache.through(key('large'), filled(large))
    await cache.through(key('partly'), () => Promise.resolve({ value: 'one', isCacheable: false }))
    expect(cache.status()).toMatchObject({ entries: 0, bytes: 0 })
  })

  it.each(EVICTIONS)('stays within its bytes with %s', async (eviction) => {
    const cache = cacheOf({ eviction, bytesMax: 20_000 })
    for (let index = 0; index < 500; index++) {
      await cache.through(key(`k${index}`), filled('x'.repeat(index % 700)))
      expect(cache.status().bytes).toBeLessThanOrEqual(20_000)
    }
    expect(cache.status().entries).toBeGreaterThan(5)
  })

  it('is with lfu what is asked for most, where with lru it is what was asked for last', async () => {
    const survivors = async (eviction: CacheOptions<string>['eviction']): Promise<string> => {
      const cache = cacheOf({ eviction, bytesMax: 20_000 })
      for (let asked = 0; asked < 30; asked++) await cache.through(key('often'), filled('often'))
      for (let index = 0; index < 200; index++) await cache.through(key(`once${index}`), filled('once'))
      return (await cache.through(key('often'), filled('often'))).from
    }
    expect(await survivors('lfu')).toBe('memory')
    expect(await survivors('lru')).toBe('filled')
  })
})
