import type { Logger } from 'pino'
import { obtainModel } from '../servers/models/obtain-model.ts'
import { downloadBar } from '../servers/models/download-progress.ts'
import type { Settings } from '../settings.ts'
import type { Output } from './terminal-output.ts'

/**
 * Downloads the embedding model where one is named and not here yet, with a bar on a terminal: before anything else starts, since it may take
 * minutes or fail.
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
