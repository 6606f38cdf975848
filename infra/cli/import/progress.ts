import { Presets, SingleBar } from 'cli-progress'
import type { Output } from '../output.ts'
import type { LineFile } from './lines.ts'
import type { ImportSummary } from './run.ts'

/** Shows how far an import is: a bar on a terminal, otherwise only what holds it up, now and then. */
export interface ImportProgress {
  update(summary: ImportSummary): void
  waits(why: string): void
  stop(): void
}

const NOTE_EVERY_MS = 5_000
const FORMAT = '{bar} {percentage} % │ {turns} turns │ {perSecond}/s{problem}'

export function showProgress(out: Output, file: LineFile): ImportProgress {
  const bar = new SingleBar(
    { stream: out.stderr, format: FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  const begun = performance.now()
  const isShown = out.stderr.isTTY === true
  let notedAt = -Infinity
  let problem = ''
  if (isShown) bar.start(Math.max(file.bytesTotal, 1), 0, { turns: 0, perSecond: 0, problem })
  return {
    update({ turns, badLines }) {
      if (!isShown) return
      const perSecond = Math.round(turns / (performance.now() - begun) * 1_000)
      bar.update(file.bytesRead(), { turns, perSecond, problem: problem + (badLines === 0 ? '' : ` │ ${badLines} bad lines`) })
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
