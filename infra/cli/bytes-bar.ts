import { Presets, SingleBar } from 'cli-progress'
import type { Output } from '../app/terminal-output.ts'

/** Progress through files. On a terminal it is a bar; elsewhere it prints only the reason of a wait, at most every 5 s. */
export interface BytesBar {
  /** @param bad a text about lines or files that could not be used; empty if there are none */
  update(bytes: number, figures: Readonly<Record<string, number>>, bad: string): void
  waits(why: string): void
  stop(): void
}

const NOTE_EVERY_MS = 5_000

/** @param figures text after the bar; `update` replaces each name in braces by the figure of that name */
export function createBytesBar(out: Output, bytesTotal: number, figures: string): BytesBar {
  const format = `{bar} {percentage} % │ ${figures}{problem}`
  const bar = new SingleBar({ stream: out.stderr, format, hideCursor: null, clearOnComplete: true, fps: 10 }, Presets.shades_classic)
  const isShown = out.stderr.isTTY === true
  let lastNoteAt = -Infinity
  let waiting = ''
  return {
    update(bytes, values, bad) {
      if (!isShown) return
      const shown = { ...values, problem: waiting + (bad === '' ? '' : ` │ ${bad}`) }
      if (!bar.isActive) bar.start(Math.max(bytesTotal, 1), 0, shown)
      bar.update(Math.min(bytes, bytesTotal), shown)
      waiting = ''
    },
    waits(why) {
      waiting = ` │ waiting: ${why}`
      if (isShown || performance.now() - lastNoteAt < NOTE_EVERY_MS) return
      lastNoteAt = performance.now()
      out.note(`waiting: ${why}`)
    },
    stop() {
      if (bar.isActive) bar.stop()
    },
  }
}
