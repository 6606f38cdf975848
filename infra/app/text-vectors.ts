import { type ClickHouseClient, createClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import { pointId } from '../../pipeline/search/point-id.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import { type IndexModel, readIndexModel, storeOf } from './index-model.ts'
import { openBucket } from './prepare-streams.ts'
import { openIndexReader } from './verify-search-index.ts'

/** Vectors of texts by their keys: of a long text, that of its beginning. A text that is not indexed is absent. */
export type TextVectors = ReadonlyMap<string, Float32Array>

/**
 * Reads the vectors of texts from the search index of a running system, wherever it is.
 *
 * @param keys keys of texts, as the indexer makes them
 * @throws ColloquyError `index_filling` without a search index or where these settings do not lead to it; the errors of the connections.
 */
export async function readTextVectors(settings: Settings, tenant: string, keys: readonly string[]): Promise<TextVectors> {
  const model = modelFor(settings, await withJetStream(settings, async ({ nc }) => readIndexModel(await openBucket(nc))))
  const clickhouse = createClient(await connectToRunningClickHouse(settings, 'colloquy'))
  try {
    return await vectorsOf(settings, clickhouse, model, tenant, keys)
  } finally {
    await clickhouse.close()
  }
}

/** As `readTextVectors`, on the connections of a process of the system. */
export async function textVectorsOn(
  { settings, kv, client }: { readonly settings: Settings; readonly kv: KV; readonly client: () => ClickHouseClient },
  tenant: string,
  keys: readonly string[],
): Promise<TextVectors> {
  return vectorsOf(settings, client(), modelFor(settings, await readIndexModel(kv)), tenant, keys)
}

function modelFor(settings: Settings, model: IndexModel | undefined): IndexModel {
  if (model === undefined) throw new ColloquyError('index_filling', 'there is no search index yet')
  if (model.store === 'qdrant' && storeOf(settings) !== 'qdrant') {
    throw new ColloquyError('index_filling', 'the search index is in Qdrant; set COLLOQUY_QDRANT_URL and COLLOQUY_QDRANT_API_KEY')
  }
  return model
}

async function vectorsOf(
  settings: Settings,
  clickhouse: ClickHouseClient,
  model: IndexModel,
  tenant: string,
  keys: readonly string[],
): Promise<TextVectors> {
  const ids = new Map(keys.map((key) => [pointId({ key }, 0), key]))
  const vectors = await openIndexReader(settings, clickhouse, model).vectorsOf(tenant, [...ids.keys()])
  return new Map([...vectors].map(([id, vector]) => [ids.get(id) ?? id, vector]))
}
