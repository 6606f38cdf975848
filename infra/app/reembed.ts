import { createClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { startIndexer } from '../../pipeline/indexer/indexer.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Pauses } from '../../pipeline/runtime/retry.ts'
import { startStage } from '../../pipeline/runtime/stage.ts'
import type { Settings } from '../settings.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import { modelSettingsOf, nameOfModel, readIndexModel, storeOf, writeIndexModel } from './index-model.ts'
import { openBucket } from './prepare-streams.ts'
import { openCollection } from './search-index.ts'
import { indexerBounds, indexerState } from './start-stages.ts'

/** Receives the progress of a reembedding. */
export interface ReembedProgress {
  readonly records: (done: number, total: number) => void
  /** Called while the reembedding makes no progress, with the reason. */
  readonly waits: (what: string) => void
}

/** The result of a reembedding. */
export interface Reembedded {
  readonly model: string
  readonly fingerprint: string
  /** Fingerprint of the replaced collection, which is kept; `null` if there was none, or it is the same. */
  readonly before: string | null
  /** LOG sequence up to which the new collection was complete when the cluster switched to it. */
  readonly seq: number
}

const POLLS: Pauses = { minMs: 100, maxMs: 100 }
/** Max lag at which the cluster switches. The cluster's indexer continues from the checkpoint of the new collection. */
const SWITCH_LAG_MAX = 64

/**
 * Builds a collection with the model of the settings, while the present one serves searches, and then switches the cluster to it. After an
 * interruption the next call continues from the checkpoint.
 *
 * @throws ColloquyError `not_running`; as `openCollection` does; the reason of `signal` when it is aborted.
 */
export async function runReembed(settings: Settings, progress: ReembedProgress, log: Logger, signal: AbortSignal): Promise<Reembedded> {
  await using work = new AsyncDisposableStack()
  const client = work.adopt(createClient(await connectToRunningClickHouse(settings, 'colloquy')), (own) => own.close())
  return withJetStream(settings, async (jetstream) => {
    await using open = new AsyncDisposableStack()
    const kv = await openBucket(jetstream.nc)
    const metrics = createMetrics()
    const { embedder, store } = open.adopt(await openCollection({ settings, client, metrics, log }), (collection) => collection.close())
    const stage = open.adopt(
      await startStage(
        'reembed',
        async () =>
          startIndexer({
            ...indexerBounds(settings),
            ...(await indexerState({ kv, store, log })),
            audit: undefined,
            tables: client,
            jetstream,
            log,
            metrics,
            embedder,
            store,
            bytesMax: settings.IN_FLIGHT_BYTES_MAX,
          }),
        log,
      ),
      (one) => one.stop(),
    )
    let reported = ''
    await pollUntil(
      async () => {
        const { position, lag, ok, detail } = stage.status()
        if (!ok && reported !== detail) progress.waits(detail)
        reported = ok ? '' : detail
        if (!ok) return undefined
        progress.records(position, position + lag)
        return lag <= SWITCH_LAG_MAX || undefined
      },
      { signal, pauses: POLLS },
    )
    const before = await readIndexModel(kv)
    const { fingerprint } = embedder
    const model = modelSettingsOf(settings)
    await writeIndexModel(kv, { settings: model, fingerprint, store: storeOf(settings) })
    const replaced = before === undefined || before.fingerprint === fingerprint ? null : before.fingerprint
    return { model: nameOfModel(model), fingerprint, before: replaced, seq: stage.status().position }
  })
}
