import { html } from './html.js'
import { activePaths, eventsOf } from './step.js'

/** @import { Drawing, DrawnState, DrawnTransition } from '../chart/chart-layout.ts' */
/** @import { Point } from '../chart/layered-layout.ts' */
/** @import { Step } from '../actor-history.ts' */

/**
 * What is drawn. `step`: the step whose states are marked; `before`: the one before it. `counts`: actors in each state. `chosen`: a state
 * that is marked as chosen. `zoom`: the scale; `null` fits the drawing into its place.
 *
 * @typedef {{
 *   name: string, drawing: Drawing, step?: Step | undefined, before?: Step | undefined,
 *   counts?: { readonly total: number, readonly states: Readonly<Record<string, number>> } | undefined,
 *   chosen?: string, zoom: number | null, onZoom: (zoom: number | null) => void, onChoose?: (state: string) => void, labels?: Labels,
 * }} Chart
 */

/** @typedef {{ chart: (name: string) => string, zoom: string, smaller: string, fit: string, larger: string }} Labels */

/** @type {Labels} */
const ENGLISH = { chart: (name) => `Statechart of ${name}`, zoom: 'Zoom', smaller: 'Smaller', fit: 'fit', larger: 'Larger' }

const ZOOMS = [0.4, 0.55, 0.75, 1, 1.35, 1.8]
const CORNER = 7
/** Bounds of the scale of `fit`; a drawing that is still too large can be scrolled. */
const FIT_MIN = 0.2
const FIT_MAX = 1.2
/** Must equal the heights in chart-layout.ts. */
const NAME_HEIGHT = 20
const LINE_HEIGHT = 16

/** A statechart, with the states of a step and the number of actors in each state. @param {Chart} shown */
export function drawnChart(shown) {
  const { name, drawing, zoom, onZoom, labels = ENGLISH } = shown
  const { width, height } = drawing
  const px = (/** @type {number} */ size) => `${Math.round(size)}px`
  const style =
    zoom !== null
      ? { width: px(width * zoom), height: px(height * zoom) }
      : { minWidth: px(width * FIT_MIN), maxWidth: px(width * FIT_MAX), minHeight: px(height * FIT_MIN), maxHeight: px(height * FIT_MAX) }
  return html` <div class=${zoom === null ? 'chart fit' : 'chart'} tabindex="0" role="region" aria-label=${labels.chart(name)}>
      <svg
        viewBox=${`0 0 ${width} ${height}`}
        role="img"
        aria-label=${labels.chart(name)}
        style=${style}
        ref=${showActive(`${shown.step?.n} ${zoom}`)}
      >
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M0 0.8L8 4L0 7.2z" />
          </marker>
          <marker id="arrow-taken" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M0 0.8L8 4L0 7.2z" />
          </marker>
        </defs>
        ${contents(shown)}
      </svg>
    </div>
    <div class="zoom" role="group" aria-label=${labels.zoom}>
      <button onClick=${() => onZoom(nextZoom(zoom, -1))} aria-label=${labels.smaller}>−</button>
      <button onClick=${() => onZoom(null)} aria-pressed=${String(zoom === null)}>${labels.fit}</button>
      <button onClick=${() => onZoom(nextZoom(zoom, 1))} aria-label=${labels.larger}>+</button>
    </div>`
}

/** Scrolls the chart, and nothing else, to the active state: once for each step and scale. @param {string} key */
const showActive = (key) => (/** @type {Element | null} */ svg) => {
  const place = svg?.parentElement
  const active = svg === null ? undefined : [...svg.querySelectorAll('.box.active')].at(-1)
  if (!(place instanceof HTMLElement) || active === undefined || place.dataset['shown'] === key) return
  place.dataset['shown'] = key
  const [box, seen] = [active.getBoundingClientRect(), place.getBoundingClientRect()]
  if (box.left < seen.left || box.right > seen.right) place.scrollLeft += box.left + box.width / 2 - (seen.left + seen.width / 2)
  if (box.top < seen.top || box.bottom > seen.bottom) place.scrollTop += box.top + box.height / 2 - (seen.top + seen.height / 2)
}

/** @param {number | null} zoom @param {-1 | 1} way */
function nextZoom(zoom, way) {
  const nearest = ZOOMS.indexOf(zoom ?? 1)
  return ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, nearest + way))] ?? 1
}

/** Draws boxes, parents first; then lines; then labels on top. @param {Chart} shown */
function contents(shown) {
  const { drawing, step, counts, chosen = '', onChoose } = shown
  const active = activePaths(step?.to ?? '')
  const before = activePaths(step?.from ?? '')
  const taken = takenOf(shown, before, active)
  return [
    ...drawing.states.map((state) =>
      stateBox(state, {
        active: step !== undefined && (state.id === '' || active.has(state.id)),
        before: step !== undefined && state.id !== '' && before.has(state.id) && !active.has(state.id),
        count: state.id === '' ? (counts?.total ?? 0) : (counts?.states[state.id] ?? 0),
        chosen: state.id !== '' && chosen === state.id,
        onChoose,
      }),
    ),
    ...drawing.beginnings.map(
      ({ dot, points }) =>
        html` <g class="beginning"><circle cx=${dot.x} cy=${dot.y} r="4.5" /><path d=${pathOf(points)} marker-end="url(#arrow)" /></g>`,
    ),
    ...drawing.transitions.map(
      (transition) =>
        html` <path
          key=${`${transition.from} ${transition.to}`}
          class=${taken.has(transition) ? 'line taken' : 'line'}
          d=${pathOf(transition.points)}
          marker-end=${taken.has(transition) ? 'url(#arrow-taken)' : 'url(#arrow)'}
          ><title>${described(transition)}</title></path
        >`,
    ),
    ...drawing.transitions.map((transition) => transitionLabel(transition, taken.has(transition))),
  ]
}

/**
 * @param {DrawnState} state
 * @param {{ active: boolean, before: boolean, count: number, chosen: boolean, onChoose: Chart['onChoose'] }} looks
 */
function stateBox({ id, name, type, lines, description, x, y, width, height, headHeight }, { active, before, count, chosen, onChoose }) {
  const classes = ['box', type, ...(active ? ['active'] : []), ...(before ? ['before'] : []), ...(chosen ? ['chosen'] : [])].join(' ')
  if (type === 'history') {
    return html` <g key=${id} class=${classes} data-state=${id}
      ><title>${name}: returns to the last active state</title>
      <circle cx=${x + width / 2} cy=${y + height / 2} r=${width / 2 - 2} />
      <text class="name" x=${x + width / 2} y=${y + height / 2 + 4.5} text-anchor="middle">H</text>
    </g>`
  }
  return html` <g
    key=${id}
    class=${classes}
    data-state=${id}
    onClick=${id === '' || onChoose === undefined ? undefined : () => onChoose(id)}
  >
    <title>${[id || name, description, count === 0 ? undefined : `${count} actors`].filter(Boolean).join('\n')}</title>
    <rect x=${x} y=${y} width=${width} height=${height} rx="8" />
    ${type === 'final' ? html`<rect class="inner" x=${x + 3} y=${y + 3} width=${width - 6} height=${height - 6} rx="5.5" />` : null}
    ${type === 'compound' || type === 'parallel' ? html`<path class="rule" d=${`M${x} ${y + headHeight}h${width}`} />` : null}
    <text class="name" x=${x + 11} y=${y + NAME_HEIGHT + 2}>${name}</text>
    ${lines.map(
      (line, index) => html` <text class="does" x=${x + 11} y=${y + NAME_HEIGHT + 4 + (index + 1) * LINE_HEIGHT - 2}>${line}</text>`,
    )}
    ${count === 0 ? null : countBadge(x + width, y, count)}
  </g>`
}

/** @param {number} right @param {number} top @param {number} count */
function countBadge(right, top, count) {
  const text = count.toLocaleString('en')
  const width = text.length * 7 + 12
  return html` <g class="count"
    ><rect x=${right - width - 6} y=${top + 7} width=${width} height="18" rx="9" />
    <text x=${right - width / 2 - 6} y=${top + 20} text-anchor="middle">${text}</text></g
  >`
}

/** @param {DrawnTransition} transition @param {boolean} isTaken */
function transitionLabel(transition, isTaken) {
  const { label, transitions } = transition
  if (label === undefined) return null
  return html` <g class=${isTaken ? 'label taken' : 'label'}
    ><title>${described(transition)}</title>
    <rect x=${label.x} y=${label.y} width=${label.width} height=${label.height} rx="5" />
    ${transitions.map(
      ({ label: text }, index) =>
        html` <text x=${label.x + label.width / 2} y=${label.y + 13.5 + index * LINE_HEIGHT} text-anchor="middle"
          >${text || 'always'}</text
        >`,
    )}
  </g>`
}

/** @param {DrawnTransition} transition */
const described = ({ from, to, transitions }) =>
  [
    `${from || 'anywhere'} → ${to}`,
    ...transitions.map(({ label, actions }) => [label || 'always', ...(actions.length === 0 ? [] : [actions.join(', ')])].join(' / ')),
  ].join('\n')

/**
 * The lines that the step may have taken: the lines of its event that start in the state before it. If some of them lead to the state
 * after it, only these.
 *
 * @param {Chart} shown @param {ReadonlySet<string>} before @param {ReadonlySet<string>} active
 */
function takenOf({ drawing, step, before: previous }, before, active) {
  const events = eventsOf(step, previous)
  const possible = drawing.transitions.filter(
    ({ from, transitions: of }) => (from === '' || before.has(from)) && of.some(({ event }) => events.has(event)),
  )
  const arrived = possible.filter(({ to }) => active.has(to))
  return new Set(arrived.length > 0 ? arrived : possible)
}

/** A line with rounded corners. @param {readonly Point[]} points */
function pathOf(points) {
  return points
    .map((point, index) => {
      const before = points[index - 1]
      const after = points[index + 1]
      if (before === undefined) return `M${point.x} ${point.y}`
      if (after === undefined) return `L${point.x} ${point.y}`
      const [a, b] = [towards(point, before), towards(point, after)]
      return `L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`
    })
    .join('')
}

/** @param {Point} from @param {Point} to */
function towards(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}
