import type { z } from 'zod'
import type { Metrics } from '../runtime/metrics.ts'
import { createAskCounts } from './ask-counts.ts'
import { type CacheKey, type HashedKey, hashedKey } from './cache-key.ts'
import { createDropCounts } from './drop-counts.ts'
import { createProcessMemory, type ProcessMemoryOptions } from './process-memory.ts'
import type { EntryForm } from './shared-entry.ts'
import type { SharedLevel } from './shared-level.ts'

/** Values by keys, in two levels: in this process, and shared by all. */
export interface Cache<Value> {
  /**
   * The value of a key: a cached one, or a new one by `fill`. Equal keys that are asked for at one time are filled once.
   *
   * @param fill rejects for all that wait for it; it must not depend on who asked. `isKept` is false where the value will not be cached
   * @param isFresh whether a value may still be served, as things are now; must not throw. Default: it may
   */
  through(key: CacheKey, fill: Fill<Value>, isFresh?: (value: Value) => Promise<boolean>): Promise<Served<Value>>
  /**
   * A cached value of a key, as one of another question is looked for: nothing is filled or waited for, and the look-up is not counted.
   *
   * @param isFresh as for `through`
   */
  find(key: CacheKey, isFresh: (value: Value) => Promise<boolean>): Promise<Found<Value> | undefined>
  /** Drops the values of a tenant, also those that are being filled, in this process and in the shared level. */
  drop(tenant: string): Promise<void>
  status(): CacheStatus
}

export type Fill<Value> = (intent: { readonly isKept: boolean }) => Promise<Filled<Value>>

export interface Filled<Value> {
  readonly value: Value
  /** False: the value is for those that wait now, and is not cached. */
  readonly isCacheable: boolean
}

export interface Found<Value> {
  readonly value: Value
  readonly from: 'memory' | 'shared'
}

export interface Served<Value> {
  readonly value: Value
  readonly from: ServedFrom
}

/** `joined`: the value was being filled when it was asked for. */
export type ServedFrom = 'memory' | 'shared' | 'joined' | 'filled'

/** What became of the look-ups of a cache in this process, and what its memory holds. */
export interface CacheStatus extends Record<ServedFrom, number> {
  readonly name: string
  /** Cached values that were no longer fresh; each is a look-up of another kind, too. */
  readonly stale: number
  readonly entries: number
  readonly bytes: number
}

export interface CacheOptions<Value> extends EntryForm, ProcessMemoryOptions {
  /** Reads a value of the shared level. What does not fit is dropped. */
  readonly schema: z.ZodType<Value>
  /** The value as JSON, which `schema` reads. */
  readonly toJson: (value: Value) => unknown
  /** Bytes of a value in memory. */
  readonly bytesOf: (value: Value) => number
  /** How often a key must have been asked for in this process before its value is kept, by level. */
  readonly asksMin: { readonly memory: number; readonly shared: number }
  /** Absent: there is one level. */
  readonly shared?: SharedLevel | undefined
  readonly metrics: Metrics
}

/** Max bytes of a value in memory: one value must not make room of many. */
export const VALUE_BYTES_MAX = 256 * 1024

interface Held<Value> {
  readonly value: Value
  readonly tenant: string
  isShared: boolean
}

interface Flight<Value> {
  readonly tenant: string
  /** When it began, in the order of begins and askings. */
  readonly order: number
  readonly served: Promise<Served<Value>>
}

export function createCache<Value>(options: CacheOptions<Value>): Cache<Value> {
  const { cache: name, schema, toJson, bytesOf, asksMin, shared, metrics } = options
  const memory = createProcessMemory<Held<Value>>(options)
  const flights = new Map<string, Flight<Value>>()
  const asks = createAskCounts()
  const served: Record<ServedFrom, number> = { memory: 0, shared: 0, joined: 0, filled: 0 }
  let stale = 0
  let order = 0
  const drops = createDropCounts()

  const noteStale = (): void => {
    stale += 1
    metrics.cacheDropped.inc({ cache: name, why: 'stale' })
  }
  const noteBytes = (): void => metrics.cacheBytes.set({ cache: name }, memory.bytes)
  const hold = (key: HashedKey, value: Value, isShared: boolean): void => {
    const bytes = bytesOf(value)
    if (bytes > VALUE_BYTES_MAX) return metrics.cacheDropped.inc({ cache: name, why: 'too_large' })
    memory.set(key.name, { value, tenant: key.tenant, isShared }, bytes)
    noteBytes()
  }
  const share = (key: HashedKey, value: Value): boolean => shared?.put(options, key, toJson(value)) ?? false
  const inMemory = async (key: HashedKey, asked: number, isFresh: (value: Value) => Promise<boolean>): Promise<Held<Value> | undefined> => {
    const held = memory.get(key.name)
    if (held === undefined) return undefined
    const dropsBefore = drops.of(key.tenant)
    if (await isFresh(held.value)) {
      if (!held.isShared && asked >= asksMin.shared && drops.of(key.tenant) === dropsBefore) held.isShared = share(key, held.value)
      return held
    }
    noteStale()
    if (memory.get(key.name) === held) memory.delete(key.name)
    noteBytes()
    return undefined
  }
  const inShared = async (key: HashedKey, isFresh: (value: Value) => Promise<boolean>): Promise<{ value: Value } | undefined> => {
    const value = await shared?.get(options, key, schema)
    if (value === undefined) return undefined
    if (await isFresh(value)) return { value }
    noteStale()
    return undefined
  }
  const run = async (key: HashedKey, fill: Fill<Value>, isFresh: (value: Value) => Promise<boolean>): Promise<Served<Value>> => {
    const dropsBefore = drops.of(key.tenant)
    const found = await inShared(key, isFresh)
    if (found !== undefined) {
      if (drops.of(key.tenant) === dropsBefore) hold(key, found.value, true)
      return { value: found.value, from: 'shared' }
    }
    const { value, isCacheable } = await fill({ isKept: asks.of(key.name) >= Math.min(asksMin.memory, asksMin.shared) })
    // Those that joined meanwhile have asked, too.
    const asked = asks.of(key.name)
    if (isCacheable && drops.of(key.tenant) === dropsBefore) {
      const isShared = asked >= asksMin.shared && share(key, value)
      if (asked >= asksMin.memory) hold(key, value, isShared)
    }
    return { value, from: 'filled' }
  }
  const take = async (key: HashedKey, fill: Fill<Value>, isFresh: (value: Value) => Promise<boolean>): Promise<Served<Value>> => {
    const asked = asks.count(key.name)
    const arrived = order++
    const held = await inMemory(key, asked, isFresh)
    if (held !== undefined) return { value: held.value, from: 'memory' }
    for (let flight = flights.get(key.name); flight !== undefined; flight = flights.get(key.name)) {
      const { value } = await flight.served
      // What began before this call may rest on what has changed since. The next flight begins later.
      if (flight.order > arrived || (await isFresh(value))) return { value, from: 'joined' }
    }
    const running = run(key, fill, isFresh)
    const flight: Flight<Value> = { tenant: key.tenant, order: order++, served: running }
    flights.set(key.name, flight)
    try {
      return await running
    } finally {
      if (flights.get(key.name) === flight) flights.delete(key.name)
    }
  }
  return {
    async find(key, isFresh) {
      const hashed = hashedKey(key)
      const held = await inMemory(hashed, 0, isFresh)
      if (held !== undefined) return { value: held.value, from: 'memory' }
      const found = await inShared(hashed, isFresh)
      return found && { value: found.value, from: 'shared' }
    },
    async through(key, fill, isFresh = () => Promise.resolve(true)) {
      const startedMs = performance.now()
      const { value, from } = await take(hashedKey(key), fill, isFresh)
      served[from] += 1
      metrics.cacheLookups.inc({ cache: name, from })
      if (from !== 'filled') metrics.cacheSeconds.observe({ cache: name, from }, (performance.now() - startedMs) / 1_000)
      return { value, from }
    },
    async drop(tenant) {
      drops.note(tenant)
      for (const held of memory.names()) if (memory.get(held)?.tenant === tenant) memory.delete(held)
      // Who asks from now on begins another fill.
      for (const [filled, flight] of flights) if (flight.tenant === tenant) flights.delete(filled)
      noteBytes()
      await shared?.drop(options, tenant)
    },
    status: () => ({ name, ...served, stale, entries: memory.entries, bytes: memory.bytes }),
  }
}
