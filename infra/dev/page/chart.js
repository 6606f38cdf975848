import { drawnChart } from '../../web/page/drawn-chart.js'
import { html } from '../../web/page/html.js'
import { refresh } from './follow.js'
import { current, update } from './store.js'

/** @import { DrawnKind } from '../../web/drawn-kinds.ts' */

/** The statechart with the number of actors in each state, and the state of the chosen actor. @param {DrawnKind} kind */
export function chart({ name, drawing }) {
  const { steps, at, counts, kind, filter, zoom } = current()
  if (drawing === null) return html`<p class="empty">The statechart of ${name} could not be laid out; the terminal says why.</p>`
  return drawnChart({
    name,
    drawing,
    step: steps.get(at),
    before: steps.get(at - 1),
    counts: counts?.kinds[kind],
    chosen: filter.state,
    zoom,
    onZoom: (scale) => update({ zoom: scale }),
    onChoose: (state) => {
      update({ filter: { ...filter, state: filter.state === state ? '' : state } })
      void refresh()
    },
  })
}
