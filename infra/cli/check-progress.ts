import { Presets, SingleBar } from 'cli-progress'
import type { CheckProgress } from '../../pipeline/replay-check/replay-check.ts'
import type { Output } from '../app/terminal-output.ts'

const FORMAT = '{bar} {percentage} % │ {records} records │ {perSecond}/s │ {differing} actors differ'
const STEPS = 1_000

/** Shows how far a check is: a bar on a terminal, nothing otherwise. */
export function showCheckProgress(out: Output): { update(progress: CheckProgress): void; stop(): void } {
  if (out.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined }
  const bar = new SingleBar({ stream: out.stderr, format: FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  const begun = performance.now()
  bar.start(STEPS, 0, { records: 0, perSecond: 0, differing: 0 })
  return {
    update: ({ share, records, differing }) =>
      bar.update(Math.floor(share * STEPS), { records, differing, perSecond: Math.round(records / (performance.now() - begun) * 1_000) }),
    stop: () => bar.stop(),
  }
}
