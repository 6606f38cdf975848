import type { Logger } from 'pino'
import { downloadBar } from '../servers/models/download-progress.ts'
import { obtainModel } from '../servers/models/obtain-model.ts'
import type { Settings } from '../settings.ts'
import type { Output } from './terminal-output.ts'

/**
 * Downloads the embedding model that the settings name, unless it is in the cache. Shows a progress bar if stderr is a terminal. Call it
 * before anything else starts: a download may take minutes, or fail.
 *
 * @throws ColloquyError as `obtainModel` does.
 */
export async function downloadModel(out: Output, settings: Settings, log: Logger): Promise<void> {
  if (settings.EMBED_MODEL === undefined) return
  const bar = out.stderr.isTTY ? downloadBar(out.stderr) : undefined
  try {
    await obtainModel(settings, log, bar?.onProgress)
  } finally {
    bar?.stop()
  }
}
