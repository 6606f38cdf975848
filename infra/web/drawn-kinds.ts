import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import { type Drawing, layOut } from './chart/chart-layout.ts'
import type { KindView } from './kind-view.ts'

export type DrawnKind = Omit<KindView, 'chart'> & { readonly drawing: Drawing | null }

/** Drawings that are cached, by chart. */
const DRAWINGS_MAX = 100

export function createDrawer(log: Logger): (kinds: readonly KindView[]) => DrawnKind[] {
  const drawings = new Map<string, Drawing | null>()
  const draw = ({ name, chart }: KindView): Drawing | null => {
    try {
      return layOut(chart)
    } catch (error) {
      log.warn({ kind: name, err: messageOf(error) }, 'the statechart could not be laid out; the page shows the rest of the kind')
      return null
    }
  }
  return (kinds) =>
    kinds.map((kind) => {
      const { chart, ...rest } = kind
      const key = JSON.stringify(chart)
      const drawing = drawings.get(key) ?? draw(kind)
      drawings.set(key, drawing)
      for (const old of drawings.keys()) if (drawings.size > DRAWINGS_MAX) drawings.delete(old)
      return { ...rest, drawing }
    })
}
