import type { Logger } from 'pino'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { obtainModel, type ObtainOptions } from '../servers/models/obtain-model.ts'
import type { Settings } from '../settings.ts'

/**
 * Opens the embedder that the settings name. Builds or downloads its model first unless it is in the cache.
 *
 * @throws ColloquyError as `obtainModel` does; `bad_model` if the model cannot be loaded.
 */
export async function accessEmbedder(settings: Settings, metrics: Metrics, log: Logger, options?: ObtainOptions): Promise<LocalEmbedder> {
  return createEmbedder({
    model: await obtainModel(settings, log, options),
    threads: settings.EMBED_THREADS,
    cacheBytesMax: settings.EMBED_CACHE_BYTES_MAX,
    textsMax: settings.EMBED_WAITING_MAX,
    log,
    metrics,
  })
}
