import { Presets, SingleBar } from 'cli-progress'
import type { DownloadProgress } from './hub-model.ts'

const MIB = 1024 * 1024
const FORMAT = '{bar} {percentage} % │ {mib} of {totalMib} MiB │ {file}'

/** A bar on a terminal that shows how far the files of a model are, one after another; it appears with the first byte. */
export function downloadBar(stream: NodeJS.WritableStream): { readonly onProgress: DownloadProgress; stop(): void } {
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
