/** Places that many clients share, such as connections, waits, or bytes. */
export interface FairPlaces {
  /** Takes places. Returns false, and takes none, if the client may not have them now. */
  acquire(client: string, count?: number): boolean
  release(client: string, count?: number): void
  readonly taken: number
}

/**
 * A client may hold at most this many times the free places. One client alone thus gets three quarters of all.
 */
const SHARE_OF_FREE = 3

/** Creates places that no client can take all of. A client may always have a first place while one is free. */
export function createFairPlaces(max: number): FairPlaces {
  const held = new Map<string, number>()
  let taken = 0
  return {
    acquire(client, count = 1) {
      const own = held.get(client) ?? 0
      const free = max - taken - count
      if (free < 0 || (own > 0 && own + count > SHARE_OF_FREE * free)) return false
      held.set(client, own + count)
      taken += count
      return true
    },
    release(client, count = 1) {
      const own = (held.get(client) ?? 0) - count
      if (own > 0) held.set(client, own)
      else held.delete(client)
      taken -= count
    },
    get taken() {
      return taken
    },
  }
}
