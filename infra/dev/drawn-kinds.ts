import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import { layOut, type Drawing } from './chart/chart-layout.ts'
import type { KindView } from './kind-view.ts'

export type DrawnKind = Omit<KindView, 'chart'> & {
  readonly drawing: Drawing | null
}

/** Drawings that are kept: a kind that did not change is not laid out again. */
const DRAWINGS_MAX = 100

export function createDrawer(log: Logger): (kinds: readonly KindView[]) => Promise<DrawnKind[]> {
  const drawings = new Map<string, Promise<Drawing | null>>()
  const draw = ({ name, chart }: KindView): Promise<Drawing | null> => {
    const key = JSON.stringify(chart)
    const known = drawings.get(key)
    if (known !== undefined) return known
    const drawing = layOut(chart).catch((error: unknown) => {
      log.warn({ kind: name, err: messageOf(error) }, 'the statechart could not be laid out; the page shows the rest')
      return null
    })
    drawings.set(key, drawing)
    for (const old of drawings.keys()) if (drawings.size > DRAWINGS_MAX) drawings.delete(old)
    return drawing
  }
  return (kinds) => Promise.all(kinds.map(async (kind) => {
    const { chart: _, ...rest } = kind
    return { ...rest, drawing: await draw(kind) }
  }))
}
