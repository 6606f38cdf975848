import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordsOfKind } from '../jetstream/last-record.ts'
import type { Search } from '../search/search-answer.ts'
import { QUESTION_CHARACTERS_MAX } from '../search/search-request.ts'
import { createTenantCache } from '../tenants/tenant-cache.ts'

/** The search index for the tasks of one process. */
export interface TenantSearches {
  /** A search for one task that is restricted to the tenant of the actor. */
  of(actor: Address): TaskSearchIndex
  stop(): void
}

/** Creates the searches for tasks. The knowledge version of a tenant is read from LOG once, and again after it has changed. */
export function createTenantSearches({ nc, jsm }: JetStreamContext, search: Search): TenantSearches {
  const versions = createTenantCache(nc, `out.*.${SOURCE_KIND}.*.knowledge.changed`, async (tenant) => {
    const last = await lastRecord({ jsm }, recordsOfKind(SOURCE_KIND, tenant))
    return last?.seq
  })
  const of = ({ tenant, kind, id }: Address): TaskSearchIndex => {
    /** Up to where the index had all texts, of each search of the task; -1 where one could not tell. */
    let indexedSeq = Infinity
    return {
      async search({ q, in: area, own = false, tags, since, until, all, limit, scoreMin }) {
        const wanted = Object.entries(tags ?? {}).map(([key, values]) => [values].flat().map((value) => `${key}=${value}`))
        // No value of an empty list fits, and nothing fits no words.
        if (wanted.some((values) => values.length === 0) || q.trim() === '') return []
        const tag = wanted.flat()
        const actor = own ? { kind, conversation: id } : {}
        const { hits, indexedSeq: seq = -1 } = await search({
          tenant,
          q: q.slice(0, QUESTION_CHARACTERS_MAX).toWellFormed(),
          in: area,
          ...actor,
          ...(tag.length > 0 && { tag }),
          since,
          until,
          all,
          limit,
          scoreMin,
        })
        if (area !== 'messages') indexedSeq = Math.min(indexedSeq, seq)
        return hits
      },
      async knowledgeVersion() {
        const seq = await versions.of(tenant)
        return seq === undefined ? undefined : `log-${seq}`
      },
      async knowledgeSeq() {
        const seq = (await versions.of(tenant)) ?? 0
        return seq <= indexedSeq ? seq : undefined
      },
    }
  }
  return { of, stop: () => versions.stop() }
}
