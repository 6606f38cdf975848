import { LRUCache } from 'lru-cache'

/** Tenants whose last drop is known; the one that was dropped longest ago makes room. */
const TENANTS_MAX = 10_000

/** Tells whether a tenant's entries were dropped between two times: what began to be made before a drop is not kept. */
export interface DropCounts {
  note(tenant: string): void
  /** Rises with each drop of the tenant. It may also rise with others', never the other way round. */
  of(tenant: string): number
}

export function createDropCounts(tenantsMax = TENANTS_MAX): DropCounts {
  let count = 0
  /** Of the tenants that have made room: it counts as if they had been dropped then. */
  let floor = 0
  const last = new LRUCache<string, number>({
    max: tenantsMax,
    dispose: (_value, _tenant, reason) => {
      if (reason === 'evict') floor = count
    },
  })
  return {
    note(tenant) {
      count += 1
      last.set(tenant, count)
    },
    of: (tenant) => last.peek(tenant) ?? floor,
  }
}
