import { createClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import type { Settings } from '../settings.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import { fillCollection, type FillProgress } from './fill-collection.ts'
import { collectionName, type IndexModel, modelSettingsOf, nameOfModel, readIndexModel, storeOf, writeIndexModel } from './index-model.ts'
import { openBucket } from './prepare-streams.ts'
import { openCollection } from './search-index.ts'

/** The result of a reembedding. */
export interface Reembedded {
  readonly model: string
  readonly fingerprint: string
  /** Name of the replaced collection, which is kept; `null` if there was none, or it is the same. */
  readonly before: string | null
  /** LOG sequence up to which the new collection was complete when the cluster switched to it. */
  readonly seq: number
}

/**
 * Builds a collection with the model of the settings, while the present one serves searches, and then switches the cluster to it. After an
 * interruption the next call continues from the checkpoint.
 *
 * @throws ColloquyError `not_running`; as `openCollection` does; the reason of `signal` when it is aborted.
 */
export async function runReembed(settings: Settings, progress: FillProgress, log: Logger, signal: AbortSignal): Promise<Reembedded> {
  await using work = new AsyncDisposableStack()
  const client = work.adopt(createClient(await connectToRunningClickHouse(settings, 'colloquy')), (own) => own.close())
  return withJetStream(settings, async (jetstream) => {
    await using open = new AsyncDisposableStack()
    const kv = await openBucket(jetstream.nc)
    const collection = open.adopt(await openCollection({ settings, client, kv, metrics: createMetrics(), log }), (own) => own.close())
    const model = modelSettingsOf(settings)
    const after: IndexModel = {
      settings: model,
      fingerprint: collection.embedder.fingerprint,
      store: storeOf(settings),
      cutter: collection.store.cutter.version,
    }
    let before: IndexModel | undefined
    const seq = await fillCollection({ settings, jetstream, kv, tables: client, collection, log, signal }, progress, async () => {
      before = await readIndexModel(kv)
      await writeIndexModel(kv, after)
    })
    const replaced = before && collectionName(before)
    const isReplaced = replaced !== undefined && replaced !== collectionName(after)
    return { model: nameOfModel(model), fingerprint: after.fingerprint, before: isReplaced ? replaced : null, seq }
  })
}
