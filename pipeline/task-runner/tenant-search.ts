import { LRUCache } from 'lru-cache'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { watchConnection } from '../jetstream/connection-events.ts'
import { lastRecord, recordsOfKind } from '../jetstream/last-record.ts'
import { QUESTION_CHARACTERS_MAX, type Search } from '../search/hybrid-search.ts'

/** Max tenants whose knowledge version is cached. */
const TENANTS_MAX = 10_000
/** Events invalidate the cache at once; this bounds its age if an event is lost. */
const VERSION_MS = 30_000

/** The search index for the tasks of one process. */
export interface TenantSearches {
  /** A search that is restricted to the tenant of the actor. */
  of(actor: Address): TaskSearchIndex
  stop(): void
}

/** Creates the searches for tasks. The knowledge version of a tenant is read from LOG once, and again after it has changed. */
export function createTenantSearches({ nc, jsm }: JetStreamContext, search: Search): TenantSearches {
  // Promises, so that a change during a reading fails nobody who waits for it.
  const versions = new LRUCache<string, Promise<string | undefined>>({ max: TENANTS_MAX, ttl: VERSION_MS })
  const readVersion = async (tenant: string): Promise<string | undefined> => {
    const last = await lastRecord({ jsm }, recordsOfKind(SOURCE_KIND, tenant))
    return last === undefined ? undefined : `log-${last.seq}`
  }
  const versionOf = (tenant: string): Promise<string | undefined> => {
    const known = versions.get(tenant)
    if (known !== undefined) return known
    const reading = readVersion(tenant)
    versions.set(tenant, reading)
    reading.catch(() => versions.delete(tenant))
    return reading
  }
  const changes = nc.subscribe(`out.*.${SOURCE_KIND}.*.knowledge.changed`, {
    callback: (_, { subject }) => {
      versions.delete(subject.split('.')[1] ?? '')
    },
  })
  const connection = watchConnection(nc, 'reconnect', () => versions.clear())
  return {
    of: ({ tenant, kind, id }) => ({
      async search({ q, in: area, own = false, limit }) {
        const actor = own ? { kind, conversation: id } : {}
        const { hits } = await search({ tenant, q: q.slice(0, QUESTION_CHARACTERS_MAX).toWellFormed(), in: area, ...actor, limit })
        return hits
      },
      knowledgeVersion: () => versionOf(tenant),
    }),
    stop() {
      changes.unsubscribe()
      connection.stop()
    },
  }
}
