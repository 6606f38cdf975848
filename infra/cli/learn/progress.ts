import { Presets, SingleBar } from 'cli-progress'
import type { LearnSummary } from '../../learn/run.ts'
import type { Output } from '../output.ts'

/** Shows how far learning is: a bar on a terminal, otherwise only what holds it up, now and then. */
export interface LearnProgress {
  update(summary: LearnSummary): void
  waits(why: string): void
  stop(): void
}

const NOTE_EVERY_MS = 5_000
const FORMAT = '{bar} {percentage} % │ {sources} sources │ {chunks} chunks │ {unchanged} unchanged{problem}'

export function showProgress(out: Output, bytesTotal: number): LearnProgress {
  const bar = new SingleBar({ stream: out.stderr, format: FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  const isShown = out.stderr.isTTY === true
  let notedAt = -Infinity
  let problem = ''
  if (isShown) bar.start(Math.max(bytesTotal, 1), 0, { sources: 0, chunks: 0, unchanged: 0, problem })
  return {
    update({ bytes, learned, changed, unchanged, chunks, badCount }) {
      if (!isShown) return
      bar.update(Math.min(bytes, bytesTotal), { sources: learned + changed + unchanged, chunks, unchanged, problem: problem + (badCount === 0 ? '' : ` │ ${badCount} bad`) })
      problem = ''
    },
    waits(why) {
      problem = ` │ waiting: ${why}`
      if (isShown || performance.now() - notedAt < NOTE_EVERY_MS) return
      notedAt = performance.now()
      out.note(`waiting: ${why}`)
    },
    stop() {
      if (isShown) bar.stop()
    },
  }
}
