import { LRUCache } from 'lru-cache'

/** Keys whose askings are counted; the one that was asked for longest ago makes room. */
const KEYS_MAX = 16_384

/** How often keys were asked for in this process, of the keys that were asked for last. */
export interface AskCounts {
  /** Counts an asking. @returns how often the key was asked for, this time included */
  count(name: string): number
  of(name: string): number
}

export function createAskCounts(keysMax = KEYS_MAX): AskCounts {
  const counts = new LRUCache<string, number>({ max: keysMax })
  return {
    count(name) {
      const asked = (counts.get(name) ?? 0) + 1
      counts.set(name, asked)
      return asked
    },
    of: (name) => counts.peek(name) ?? 0,
  }
}
