import { html } from './html.js'
import { TIMELINE_WORDS } from './timeline-words.js'
import { timeText } from './times.js'

/** @import { Step } from '../actor-history.ts' */

/** Steps shown on either side of the chosen one. */
const AROUND = 40

/**
 * The history of an actor, which the user can step through. `onLook` shows a step; `onChoose` one that was chosen by itself.
 *
 * @param {{
 *   steps: ReadonlyMap<number, Step>, last: number, at: number, live: boolean, onLook: (n: number) => void,
 *   onChoose?: (n: number) => void, labels?: typeof TIMELINE_WORDS,
 * }} shown
 */
export function timeline({ steps, last, at, live, onLook, onChoose = onLook, labels = TIMELINE_WORDS }) {
  const near = [...steps.values()].filter(({ n }) => Math.abs(n - at) <= AROUND).sort((a, b) => a.n - b.n)
  return html` <section class="time" aria-label=${labels.history}>
    <div class="bar">
      <button onClick=${() => onLook(1)} disabled=${at <= 1} aria-label=${labels.first}>«</button>
      <button onClick=${() => onLook(at - 1)} disabled=${at <= 1} aria-label=${labels.back}>‹</button>
      <input
        type="range"
        min="1"
        max=${last}
        value=${at}
        aria-label=${labels.step}
        onInput=${(/** @type {InputEvent} */ event) => event.target instanceof HTMLInputElement && onLook(Number(event.target.value))}
      />
      <button onClick=${() => onLook(at + 1)} disabled=${at >= last} aria-label=${labels.forward}>›</button>
      <button onClick=${() => onLook(last)} disabled=${at >= last} aria-label=${labels.last}>»</button>
      <output>${labels.ofAll(at, last)}${live ? html` <i class="live">${labels.live}</i>` : null}</output>
    </div>
    <ol class="steps">
      ${near.map(
        (step) =>
          html` <li key=${step.n} ref=${step.n === at ? intoView : undefined}>
            <button
              class=${step.outcome}
              title=${timeText(step.at)}
              aria-current=${String(step.n === at)}
              onClick=${() => onChoose(step.n)}
            >
              <small>${step.n}</small><b>${step.input.type}</b>
              <span>${step.outcome === 'rejected' ? step.reason : step.from === step.to ? '·' : step.to}</span>
            </button>
          </li>`,
      )}
    </ol>
  </section>`
}

/** Moves the list of steps, and nothing else. @param {Element | null} element */
function intoView(element) {
  const list = element?.parentElement
  if (!(element instanceof HTMLElement) || !list) return
  list.scrollLeft = element.offsetLeft - list.offsetLeft - (list.clientWidth - element.offsetWidth) / 2
}
