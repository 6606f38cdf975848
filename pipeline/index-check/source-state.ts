import { LRUCache } from 'lru-cache'
import { actorKey, type Address, parseActorKey } from '../../schemas/subjects.ts'
import type { Tags } from '../../schemas/tags.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import { chunksOfSource, tagsOfSource } from './expected-texts.ts'

/** Max sources whose chunks are kept while points are read, up to 50 KB each. */
const SOURCES_MAX = 200

/** A source by its last record. */
export interface Source {
  readonly seq: number
  readonly chunks: ReadonlySet<string>
  readonly tags: Tags
}
/** Reads a source; `undefined` if it has no record, or is not one. */
export type Sources = (address: Address) => Promise<Source | undefined>

/** Reads sources, and keeps the last ones read: most points of one are read together. */
export function createSources({ jetstream }: { readonly jetstream: JetStreamContext }): Sources {
  const cache = new LRUCache<string, { readonly source: Source | undefined }>({ max: SOURCES_MAX })
  return async (address) => {
    const key = actorKey(address)
    const known = cache.get(key)
    if (known !== undefined) return known.source
    const source = await readSource(jetstream, address)
    cache.set(key, { source })
    return source
  }
}

/** Reads a source from its last record; `undefined` if it has none, or is not one. */
export async function readSource(jetstream: JetStreamContext, address: Address): Promise<Source | undefined> {
  const last = parseActorKey(actorKey(address)) === undefined ? undefined : await lastRecord(jetstream, recordsOf(address))
  const context = last?.record.state?.context
  const chunks = chunksOfSource(address, context)
  return last === undefined || chunks === undefined ? undefined : { seq: last.seq, chunks, tags: tagsOfSource(context) }
}
