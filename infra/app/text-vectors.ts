import { createClient } from '@clickhouse/client'
import { pointId } from '../../pipeline/search/point-id.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import { readIndexModel, storeOf } from './index-model.ts'
import { openBucket } from './prepare-streams.ts'
import { openIndexReader } from './verify-search-index.ts'

/**
 * Reads the vectors of texts from the search index of a running system, wherever it is: of a long text, that of its beginning. A text that
 * is not indexed is absent.
 *
 * @param keys keys of texts, as the indexer makes them
 * @throws ColloquyError `index_filling` without a search index or where these settings do not lead to it; the errors of the connections.
 */
export async function readTextVectors(
  settings: Settings,
  tenant: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const model = await withJetStream(settings, async ({ nc }) => readIndexModel(await openBucket(nc)))
  if (model === undefined) throw new ColloquyError('index_filling', 'there is no search index yet')
  if (model.store === 'qdrant' && storeOf(settings) !== 'qdrant') {
    throw new ColloquyError('index_filling', 'the search index is in Qdrant; set COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY')
  }
  const clickhouse = createClient(await connectToRunningClickHouse(settings, 'colloquy'))
  try {
    const ids = new Map(keys.map((key) => [pointId({ key }, 0), key]))
    const vectors = await openIndexReader(settings, clickhouse, model).vectorsOf(tenant, [...ids.keys()])
    return new Map([...vectors].map(([id, vector]) => [ids.get(id) ?? id, vector]))
  } finally {
    await clickhouse.close()
  }
}
