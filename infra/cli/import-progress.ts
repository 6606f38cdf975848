import { createBytesBar } from './bytes-bar.ts'
import type { Output } from '../app/terminal-output.ts'
import type { LineFile } from '../../pipeline/ingest/line-file.ts'
import type { ImportSummary } from '../../pipeline/ingest/conversations/import-conversations.ts'

export interface ImportProgress {
  update(summary: ImportSummary): void
  waits(why: string): void
  stop(): void
}

/** Shows how far an import is. */
export function showProgress(out: Output, file: LineFile): ImportProgress {
  const bar = createBytesBar(out, file.bytesTotal, '{turns} turns │ {perSecond}/s')
  const begun = performance.now()
  return {
    ...bar,
    update({ turns, badLines }) {
      const perSecond = Math.round(turns / (performance.now() - begun) * 1_000)
      bar.update(file.bytesRead(), { turns, perSecond }, badLines === 0 ? '' : `${badLines} bad lines`)
    },
  }
}
