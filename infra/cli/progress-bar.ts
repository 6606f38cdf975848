import { Presets, SingleBar } from 'cli-progress'
import type { Output } from '../app/terminal-output.ts'

/** Progress of a long command: a bar on a terminal, a line every 10 s elsewhere. */
export interface ProgressBar {
  update(done: number, total: number): void
  /** Shows that it waits, and for what. */
  waits(what: string): void
  stop(): void
}

const NOTE_EVERY_MS = 10_000
const FORMAT = '{bar} {percentage} % │ {value} of {total} records │ {rate}/s │ {left}{note}'

export function createProgressBar(out: Output, now: () => number = () => performance.now()): ProgressBar {
  const isShown = out.stderr.isTTY === true
  const options = { stream: out.stderr, format: FORMAT, hideCursor: null, clearOnComplete: true, fps: 10 }
  const bar = new SingleBar(options, Presets.shades_classic)
  const startedMs = now()
  let lastNoteMs = startedMs
  let last = { done: 0, total: 0 }
  const figures = () => {
    const rate = Math.round((last.done / Math.max(now() - startedMs, 1)) * 1_000)
    const leftSec = rate === 0 ? undefined : Math.ceil((last.total - last.done) / rate)
    return { rate, left: leftSec === undefined ? 'time left unknown' : `${duration(leftSec)} left` }
  }
  const show = (note: string): void => {
    if (!isShown) return
    if (!bar.isActive) bar.start(Math.max(last.total, 1), 0, { ...figures(), note })
    bar.setTotal(Math.max(last.total, 1))
    bar.update(last.done, { ...figures(), note })
  }
  return {
    update(done, total) {
      last = { done, total }
      show('')
      if (isShown || now() - lastNoteMs < NOTE_EVERY_MS) return
      lastNoteMs = now()
      const { rate, left } = figures()
      out.note(`${done} of ${total} records, ${rate}/s, ${left}`)
    },
    waits(what) {
      show(` │ waiting for ${what}`)
      if (!isShown) out.note(`waiting for ${what}`)
    },
    stop() {
      if (bar.isActive) bar.stop()
    },
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}
