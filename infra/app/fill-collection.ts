import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import { startIndexer } from '../../pipeline/indexer/indexer.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { Pauses } from '../../pipeline/runtime/retry.ts'
import { startStage } from '../../pipeline/runtime/stage.ts'
import type { Settings } from '../settings.ts'
import { indexerBounds, indexerState } from './indexer-state.ts'
import type { Collection } from './search-index.ts'

/** Receives the progress of filling a collection. */
export interface FillProgress {
  /** LOG sequence up to which the collection is complete, and that of the end of LOG. */
  readonly records: (done: number, total: number) => void
  /** Called while there is no progress, with the reason. */
  readonly waits: (what: string) => void
}

export interface FillOptions {
  readonly settings: Settings
  readonly jetstream: JetStreamContext
  readonly kv: KV
  /** The tables, which have the texts of records that LOG has lost. */
  readonly tables?: ClickHouseClient | undefined
  readonly collection: Pick<Collection, 'embedder' | 'store'>
  readonly log: Logger
  readonly signal: AbortSignal
}

const POLLS: Pauses = { minMs: 100, maxMs: 100 }
/** Max lag at which a collection counts as full. The indexer of the cluster continues from its checkpoint. */
const LAG_MAX = 64

/**
 * Fills a collection from LOG, beside the one in use, until it has nearly caught up, and goes on until the switch to it is done. After an
 * interruption the next call continues from the checkpoint.
 *
 * @param switchTo switches the cluster to the collection
 * @returns the LOG sequence up to which the collection is complete.
 * @throws the error of the first start, and of the switch; the reason of the signal when it is aborted.
 */
export async function fillCollection(
  { settings, jetstream, kv, tables, collection, log, signal }: FillOptions,
  progress: FillProgress,
  switchTo: () => Promise<void>,
): Promise<number> {
  const { embedder, store } = collection
  const stage = await startStage(
    'reembed',
    async () =>
      startIndexer({
        ...indexerBounds(settings),
        ...(await indexerState({ kv, store, log })),
        audit: undefined,
        tables,
        jetstream,
        log,
        // Of its own: what it does is no progress of the stage `embed`.
        metrics: createMetrics(),
        embedder,
        store,
        bytesMax: settings.IN_FLIGHT_BYTES_MAX,
      }),
    log,
  )
  let reported = ''
  try {
    await pollUntil(
      async () => {
        const { position, lag, ok, detail } = stage.status()
        if (!ok && reported !== detail) progress.waits(detail)
        reported = ok ? '' : detail
        if (!ok) return undefined
        progress.records(position, position + lag)
        return lag <= LAG_MAX || undefined
      },
      { signal, pauses: POLLS },
    )
    await switchTo()
    return stage.status().position
  } finally {
    await stage.stop()
  }
}
