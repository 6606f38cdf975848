import { createClient } from '@clickhouse/client'
import type { Logger } from 'pino'
import { startIndexer } from '../../pipeline/indexer/indexer.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Pauses } from '../../pipeline/runtime/retry.ts'
import { startStage } from '../../pipeline/runtime/stage.ts'
import { connectToRunningClickHouse, withJetStream } from './connect-to-running.ts'
import { modelSettingsOf, nameOfModel, readIndexModel, writeIndexModel } from './index-model.ts'
import { openCollection } from './search-index.ts'
import { embedBounds, embedderNotes } from './start-stages.ts'
import { openBucket } from './prepare-streams.ts'
import type { Settings } from '../settings.ts'

/** Told again and again how far it is. */
export interface ReembedProgress {
  readonly records: (done: number, total: number) => void
  /** It is not getting on, and why. */
  readonly waits: (what: string) => void
}

export interface Reembedded {
  readonly model: string
  readonly fingerprint: string
  /** The collection that was in use before, which is left as it is; `null` where there was none, or it was the same. */
  readonly before: string | null
  /** LOG sequence up to which the new collection held everything when it took over. */
  readonly seq: number
}

const LOOKS: Pauses = { minMs: 100, maxMs: 100 }
/** So near to the end of LOG the new collection takes over; whoever fills the memory goes on from its checkpoint. */
const LEVEL_RECORDS = 64

/**
 * Makes the memory anew with the model of the settings, beside the one in use, and has the cluster change to it. Ended or killed, it goes on where it
 * was the next time.
 *
 * @throws ColloquyError `not_running` and what opening the model or its collection throws; the reason of the signal where it is aborted
 */
export async function runReembed(settings: Settings, progress: ReembedProgress, log: Logger, signal: AbortSignal): Promise<Reembedded> {
  await using work = new AsyncDisposableStack()
  const client = work.adopt(createClient(await connectToRunningClickHouse(settings, 'colloquy')), (own) => own.close())
  return withJetStream(settings, async (jetstream) => {
    await using open = new AsyncDisposableStack()
    const kv = await openBucket(jetstream.nc)
    const metrics = createMetrics()
    const { embedder, store } = open.adopt(await openCollection({ settings, client, metrics, log }), (collection) => collection.close())
    const stage = open.adopt(await startStage('reembed', () => startIndexer({
      ...embedBounds(settings), ...embedderNotes({ kv, store, log }), jetstream, log, metrics, embedder, store, bytesMax: settings.IN_FLIGHT_BYTES_MAX,
    }), log), (one) => one.stop())
    let told = ''
    await pollUntil(async () => {
      const { position, lag, ok, detail } = stage.status()
      if (!ok && told !== detail) progress.waits(detail)
      told = ok ? '' : detail
      if (!ok) return undefined
      progress.records(position, position + lag)
      return lag <= LEVEL_RECORDS || undefined
    }, { signal, pauses: LOOKS })
    const before = await readIndexModel(kv)
    const { fingerprint } = embedder
    const model = modelSettingsOf(settings)
    await writeIndexModel(kv, { settings: model, fingerprint })
    return { model: nameOfModel(model), fingerprint, before: before === undefined || before.fingerprint === fingerprint ? null : before.fingerprint, seq: stage.status().position }
  })
}
