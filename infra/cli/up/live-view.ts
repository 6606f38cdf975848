import { createLogUpdate } from 'log-update'
import type { Logger } from 'pino'
import type { FigureSource } from '../../app/live-figures.ts'
import type { Output } from '../../app/terminal-output.ts'
import { renderView, type ViewModel } from './render-view.ts'

const REDRAW_MS = 250

/** Redraws the view four times a second until `stop`, which leaves the last view on the screen. */
export function startLiveView(out: Output, source: FigureSource, rest: () => Omit<ViewModel, 'figures'>, log: Logger): { stop(): void } {
  const update = createLogUpdate(out.stdout)
  let reading = false
  let stopped = false
  const redraw = async (): Promise<void> => {
    const figures = await source.read()
    if (!stopped) update(renderView({ figures, ...rest() }, out.paint))
  }
  const timer = setInterval(() => {
    if (reading) return
    reading = true
    redraw()
      .catch((error: unknown) => log.debug({ err: error }, 'drawing the live view failed; trying again'))
      .finally(() => {
        reading = false
      })
  }, REDRAW_MS)
  return {
    stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      source.stop()
      update.done()
    },
  }
}
