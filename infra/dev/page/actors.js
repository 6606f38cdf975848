import { html } from '../../web/page/html.js'
import { timeText } from '../../web/page/times.js'
import { go, refresh } from './follow.js'
import { current, update } from './store.js'

/** The actors of the kind, newest first, and the filters of the list. */
export function actorList() {
  const { actors, filter, actor, counts, kind } = current()
  const total = counts?.kinds[kind]?.total ?? 0
  const narrow = (/** @type {Partial<typeof filter>} */ change) => {
    update({ filter: { ...filter, ...change } })
    void refresh()
  }
  return html` <aside class="left">
    <div class="search">
      <input
        type="search"
        placeholder="tenant/id"
        aria-label="Find actors"
        value=${filter.text}
        onInput=${(/** @type {InputEvent} */ event) => event.target instanceof HTMLInputElement && narrow({ text: event.target.value })}
      />
      ${
        filter.state === ''
          ? null
          : html` <button class="chip" title="Show actors of every state" onClick=${() => narrow({ state: '' })}>
              in ${filter.state} ×
            </button>`
      }
    </div>
    <ul class="actors" aria-label="Actors">
      ${(actors ?? []).map(
        ({ tenant, id, state, status, n, lastAt }) =>
          html` <li key=${`${tenant}/${id}`}>
            <button
              aria-current=${String(actor?.tenant === tenant && actor.id === id)}
              onClick=${() => go({ kind, actor: { tenant, kind, id } })}
            >
              <span class="who">${tenant}/<b>${id}</b></span
              ><time title=${timeText(lastAt)}>${ago(lastAt)}</time>
              <span class="state" data-status=${status}>${state || 'not started'}</span><small>${n}</small>
            </button>
          </li>`,
      )}
    </ul>
    <p class="hint">${actors === null ? 'Reading…' : hint(actors.length, total, filter.state !== '' || filter.text !== '')}</p>
  </aside>`
}

/** @param {number} shown @param {number} total @param {boolean} isNarrowed */
function hint(shown, total, isNarrowed) {
  if (shown === 0) return isNarrowed ? 'No actor matches.' : 'No actor yet: send an input.'
  return shown < total && !isNarrowed ? `The newest ${shown} of ${total.toLocaleString('en')}.` : ''
}

/** @param {string} iso */
export function ago(iso) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}
