import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { createCanaries } from '../../pipeline/indexer/canaries.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import { typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import type { Settings } from '../settings.ts'

const auditPositionSchema = z.object({ verified: z.int().nonnegative() }).catch({ verified: 0 })

/** Name of the reader of LOG that fills a collection, by the identity of the collection. */
export const indexReader = (collection: string): string => `embed-${collection}`

/** Identity, checkpoints, canaries and audit of the collection that an indexer fills. Creates the collection if it is missing. */
export async function indexerState({ kv, store, log }: { readonly kv: KV; readonly store: VectorStore; readonly log: Logger }) {
  const collection = await store.prepare()
  const reader = indexReader(collection)
  return {
    collection,
    checkpoints: createCheckpoints(kv, reader),
    canaries: createCanaries({ kv, reader, store, log }),
    audit: { position: typedKey(kv, `${reader}.audit`, auditPositionSchema) },
  }
}

/** The bounds of an indexer, by the settings. */
export const indexerBounds = (settings: Settings) => ({
  recordsMax: settings.EMBED_BATCH_RECORDS_MAX * 2,
  batchRecordsMax: settings.EMBED_BATCH_RECORDS_MAX,
  batchMs: settings.EMBED_BATCH_MS,
})
