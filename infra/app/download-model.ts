import { Presets, SingleBar } from 'cli-progress'
import type { Logger } from 'pino'
import type { DownloadProgress } from '../servers/models/hub-model.ts'
import { obtainModel } from '../servers/models/obtain-model.ts'
import { AUTO } from '../servers/models/presets.ts'
import type { Settings } from '../settings.ts'
import type { Output } from './terminal-output.ts'

/**
 * Downloads the embedding model that the settings name, unless it is in the cache, or `auto`, which waits for nothing. Shows a progress bar
 * if stderr is a terminal. Call it before anything else starts: a download may take minutes, or fail.
 *
 * @throws ColloquyError as `obtainModel` does.
 */
export async function downloadModel(out: Output, settings: Settings, log: Logger): Promise<void> {
  if (settings.EMBED_MODEL === undefined || settings.EMBED_MODEL === AUTO) return
  const bar = out.stderr.isTTY ? downloadBar(out.stderr) : undefined
  try {
    await obtainModel(settings, log, { onProgress: bar?.onProgress })
  } finally {
    bar?.stop()
  }
}

const MIB = 1024 * 1024
const FORMAT = '{bar} {percentage} % │ {mib} of {totalMib} MiB │ {file}'

/** Shows each file of a model as it is downloaded; the bar appears with the first byte. */
function downloadBar(stream: NodeJS.WritableStream): { readonly onProgress: DownloadProgress; stop(): void } {
  const bar = new SingleBar({ stream, format: FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  let shown: string | undefined
  return {
    onProgress(file, bytes, bytesTotal) {
      const total = bytesTotal ?? Math.max(bytes, 1)
      const payload = { file, mib: Math.round(bytes / MIB), totalMib: Math.round(total / MIB) }
      if (shown === file) bar.update(bytes, payload)
      else bar.start(Math.max(total, 1), bytes, payload)
      shown = file
    },
    stop() {
      if (shown !== undefined) bar.stop()
    },
  }
}
