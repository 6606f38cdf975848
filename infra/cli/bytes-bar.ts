import { Presets, SingleBar } from 'cli-progress'
import type { Output } from '../app/terminal-output.ts'

/** How far files are read: a bar on a terminal, elsewhere only what holds it up, now and then. */
export interface BytesBar {
  /** @param bad what of it could not be used, in words; empty where there is nothing */
  update(bytes: number, figures: Readonly<Record<string, number>>, bad: string): void
  waits(why: string): void
  stop(): void
}

const NOTE_EVERY_MS = 5_000

/** @param figures what stands behind the bar: names in braces are replaced by the figures of that name */
export function createBytesBar(out: Output, bytesTotal: number, figures: string): BytesBar {
  const format = `{bar} {percentage} % │ ${figures}{problem}`
  const bar = new SingleBar({ stream: out.stderr, format, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  const isShown = out.stderr.isTTY === true
  let notedAt = -Infinity
  let waiting = ''
  return {
    update(bytes, told, bad) {
      if (!isShown) return
      const shown = { ...told, problem: waiting + (bad === '' ? '' : ` │ ${bad}`) }
      if (!bar.isActive) bar.start(Math.max(bytesTotal, 1), 0, shown)
      bar.update(Math.min(bytes, bytesTotal), shown)
      waiting = ''
    },
    waits(why) {
      waiting = ` │ waiting: ${why}`
      if (isShown || performance.now() - notedAt < NOTE_EVERY_MS) return
      notedAt = performance.now()
      out.note(`waiting: ${why}`)
    },
    stop() {
      if (bar.isActive) bar.stop()
    },
  }
}
