import type { ClickHouseClient } from '@clickhouse/client'
import { type VerifiedIndex, verifyIndex } from '../../pipeline/index-check/verify-index.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { openClickHouseIndexReader } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { openQdrantIndexReader } from '../../pipeline/search/qdrant/qdrant-store.ts'
import type { IndexReader, VectorReader } from '../../pipeline/search/vector-store.ts'
import type { Settings } from '../settings.ts'
import { collectionName, type IndexModel, readIndexModel, storeOf } from './index-model.ts'
import { indexReader } from './indexer-state.ts'
import { openBucket } from './prepare-streams.ts'

export interface IndexScope {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly tenant?: string | undefined
  /** LOG sequence up to which a collection that does not exist is expected to have all texts. */
  readonly tablesTo: number
  readonly onProgress?: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** The result of verifying the search index, or the reason why it could not be verified. */
export type IndexVerification = VerifiedIndex | { readonly skipped: string }

/**
 * Verifies the collection that the cluster uses, up to where its indexer is. A collection that does not exist lacks every text.
 *
 * @returns `undefined` if the system has never had a search index.
 * @throws the errors of the store.
 */
export async function verifySearchIndex(
  settings: Settings,
  jetstream: JetStreamContext,
  clickhouse: ClickHouseClient,
  { tablesTo, ...scope }: IndexScope,
): Promise<IndexVerification | undefined> {
  const kv = await openBucket(jetstream.nc)
  const model = await readIndexModel(kv)
  if (model === undefined) return undefined
  if (model.store === 'qdrant' && storeOf(settings) !== 'qdrant') {
    return { skipped: 'it is in Qdrant; set COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY as for "colloquy up"' }
  }
  const reader = openIndexReader(settings, clickhouse, model)
  const collection = await reader.identity()
  const history = collection === undefined ? undefined : await createCheckpoints(kv, indexReader(collection)).find(0)
  const storedTo = collection === undefined ? tablesTo : (history?.[0]?.seq ?? 0)
  return verifyIndex({ ...scope, jetstream, reader, storedTo })
}

/** Opens the collection of a model for reading, where the cluster has it. */
export function openIndexReader(settings: Settings, client: ClickHouseClient, model: IndexModel): IndexReader & VectorReader {
  const collection = collectionName(model)
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey } = settings
  return url === undefined || model.store === 'clickhouse'
    ? openClickHouseIndexReader({ client, collection })
    : openQdrantIndexReader({ url, apiKey, collection })
}
