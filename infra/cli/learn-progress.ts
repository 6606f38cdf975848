import type { LearnSummary } from '../../pipeline/ingest/learn-files.ts'
import { createBytesBar } from './bytes-bar.ts'
import type { Output } from '../app/terminal-output.ts'

export interface LearnProgress {
  update(summary: LearnSummary): void
  waits(why: string): void
  stop(): void
}

/** Shows how far learning is. */
export function showProgress(out: Output, bytesTotal: number): LearnProgress {
  const bar = createBytesBar(out, bytesTotal, '{sources} sources │ {chunks} chunks │ {unchanged} unchanged')
  return {
    ...bar,
    update({ bytes, learned, changed, unchanged, chunks, badCount }) {
      bar.update(bytes, { sources: learned + changed + unchanged, chunks, unchanged }, badCount === 0 ? '' : `${badCount} bad`)
    },
  }
}
