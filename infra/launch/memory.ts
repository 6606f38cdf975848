import type { ClickHouseClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embed/embedder.ts'
import { openClickHouseStore } from '../../pipeline/memory/clickhouse/store.ts'
import { openQdrantStore } from '../../pipeline/memory/qdrant/store.ts'
import { createSearch, type Search } from '../../pipeline/memory/retrieval.ts'
import type { VectorStore } from '../../pipeline/memory/store.ts'
import type { Metrics } from '../../pipeline/metrics.ts'
import type { Settings } from '../settings.ts'
import { accessEmbedder } from './embedder.ts'

/** What was said and learned, to be filled by the embedder's stage and to be searched. */
export interface Memory {
  readonly embedder: LocalEmbedder
  readonly store: VectorStore
  readonly search: Search
}

export interface MemoryDeps {
  readonly settings: Settings
  readonly client: ClickHouseClient
  readonly metrics: Metrics
  readonly log: Logger
}

/** Opens the model that the settings name and its collection. @throws ColloquyError as `accessEmbedder` does, and `other_dimension` */
export async function openMemory({ settings, client, metrics, log }: MemoryDeps, started: AsyncDisposableStack): Promise<Memory> {
  const embedder = await accessEmbedder(settings, metrics, log)
  started.defer(() => embedder.close())
  const { fingerprint, dimension } = embedder
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey, QDRANT_QUANTISATION: quantisation } = settings
  const store = url === undefined
    ? await openClickHouseStore({ client, fingerprint, dimension })
    : await openQdrantStore({ url, apiKey, quantisation, fingerprint, dimension })
  return { embedder, store, search: createSearch({ store, embedder, now: Date.now }) }
}
