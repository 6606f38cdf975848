import { LRUCache } from 'lru-cache'
import { newCache } from 'transitory'

/** What makes room first: `lru` the entry that was used longest ago; `lfu` the one that is used least (W-TinyLFU, which ages). */
export const EVICTIONS = ['lru', 'lfu'] as const
export type Eviction = (typeof EVICTIONS)[number]

/** Bytes of an entry beside its value. With it, `bytesMax` bounds the number of entries, too. */
export const ENTRY_OVERHEAD_BYTES = 512

/** An entry with what bounds it. */
interface Held<Value> {
  readonly value: Value
  readonly bytes: number
}

/** The first level: entries in this process, bounded in bytes. */
export interface ProcessMemory<Value> {
  get(name: string): Value | undefined
  /** An entry that is larger than all the room is not kept. @param bytes of the value */
  set(name: string, value: Value, bytes: number): void
  delete(name: string): void
  names(): readonly string[]
  readonly bytes: number
  readonly entries: number
}

export interface ProcessMemoryOptions {
  readonly eviction: Eviction
  readonly bytesMax: number
}

export const createProcessMemory = <Value>({ eviction, bytesMax }: ProcessMemoryOptions): ProcessMemory<Value> =>
  eviction === 'lru' ? leastRecent(bytesMax) : leastFrequent(bytesMax)

const weightOf = (bytes: number): number => bytes + ENTRY_OVERHEAD_BYTES

function leastRecent<Value>(bytesMax: number): ProcessMemory<Value> {
  const entries = new LRUCache<string, Held<Value>>({ maxSize: bytesMax, sizeCalculation: ({ bytes }) => weightOf(bytes) })
  return {
    get: (name) => entries.get(name)?.value,
    set(name, value, bytes) {
      entries.set(name, { value, bytes })
    },
    delete(name) {
      entries.delete(name)
    },
    names: () => [...entries.keys()],
    get bytes() {
      return entries.calculatedSize
    },
    get entries() {
      return entries.size
    },
  }
}

function leastFrequent<Value>(bytesMax: number): ProcessMemory<Value> {
  const entries = newCache<string, Held<Value>>()
    .maxSize(bytesMax)
    .withWeigher((_, { bytes }) => weightOf(bytes))
    .build()
  return {
    get: (name) => entries.getIfPresent(name)?.value,
    set(name, value, bytes) {
      if (weightOf(bytes) > bytesMax) return void entries.delete(name)
      entries.set(name, { value, bytes })
      // It evicts later, by a timer, unless it is asked to.
      if (entries.weightedSize > bytesMax) entries.cleanUp()
    },
    delete(name) {
      entries.delete(name)
    },
    names: () => entries.keys(),
    get bytes() {
      return entries.weightedSize
    },
    get entries() {
      return entries.size
    },
  }
}
