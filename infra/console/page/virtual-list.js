import { html } from '../../web/page/html.js'
import { redraw } from './redraw.js'

/** Rows drawn above and below those that can be seen. */
const SPARE_ROWS = 8
/** Before the list was measured. */
const HEIGHT_GUESS = 800

/**
 * A list of rows of one height, of which only those near the visible part are drawn. Up and down move between the rows.
 *
 * @template Row
 * @param {{ label: () => string, rowHeight: number, keyOf: (row: Row) => string, row: (row: Row) => unknown, onEnd?: () => void }} options
 *   `row` draws a row, with one link or button in it; `onEnd` is called when the end comes near.
 */
export function createVirtualList({ label, rowHeight, keyOf, row, onEnd }) {
  let top = 0
  let height = HEIGHT_GUESS
  /** @type {HTMLElement | null} */
  let box = null
  const measure = (/** @type {Element | null} */ element) => {
    box = element instanceof HTMLElement ? element : null
    if (box === null || box.clientHeight === height || box.clientHeight === 0) return
    height = box.clientHeight
    redraw()
  }
  const onScroll = () => {
    if (box === null) return
    const before = Math.floor(top / rowHeight)
    height = box.clientHeight || height
    top = box.scrollTop
    if (Math.floor(top / rowHeight) !== before) redraw()
    if (box.scrollHeight - top - box.clientHeight < rowHeight * SPARE_ROWS) onEnd?.()
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const way = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    const at = document.activeElement?.closest('[data-index]')
    if (way === 0 || box === null || !(at instanceof HTMLElement)) return
    event.preventDefault()
    const index = Number(at.dataset['index']) + way
    const next = box.querySelector(`[data-index="${index}"] :is(a, button)`)
    if (next instanceof HTMLElement) next.focus()
  }
  return {
    /** Back to the first row, for another list of rows. */
    reset() {
      top = 0
      if (box !== null) box.scrollTop = 0
    },
    /** @param {readonly Row[]} rows */
    view(rows) {
      const first = Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS)
      const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + SPARE_ROWS)
      return html` <div class="virtual" ref=${measure} onScroll=${onScroll} onKeyDown=${onKeyDown}>
        <ul aria-label=${label()} style=${{ height: `${rows.length * rowHeight}px` }}>
          ${rows
            .slice(first, last)
            .map(
              (one, offset) =>
                html` <li
                  key=${keyOf(one)}
                  data-index=${first + offset}
                  aria-setsize=${rows.length}
                  aria-posinset=${first + offset + 1}
                  style=${{ top: `${(first + offset) * rowHeight}px`, height: `${rowHeight}px` }}
                >
                  ${row(one)}
                </li>`,
            )}
        </ul>
      </div>`
    },
  }
}
