import type { Logger } from 'pino'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { obtainModel } from '../servers/models/obtain-model.ts'
import type { DownloadProgress } from '../servers/models/hub-model.ts'
import type { Settings } from '../settings.ts'

/**
 * The embedder that the settings name, with its model made or downloaded first where it is not there yet.
 *
 * @param onProgress of a download; default: lines in the log.
 * @throws ColloquyError as `obtainModel` does, and `bad_model` where the model cannot be loaded.
 */
export async function accessEmbedder(settings: Settings, metrics: Metrics, log: Logger, onProgress?: DownloadProgress): Promise<LocalEmbedder> {
  return createEmbedder({
    model: await obtainModel(settings, log, onProgress), threads: settings.EMBED_THREADS, cacheBytesMax: settings.EMBED_CACHE_BYTES_MAX,
    textsMax: settings.EMBED_WAITING_MAX, log, metrics,
  })
}
