import { html } from '../../web/page/html.js'
import { timeText } from '../../web/page/times.js'
import { actorList } from './actors.js'
import { useToken } from './api.js'
import { chart } from './chart.js'
import { go, refresh } from './follow.js'
import { actorTimeline, shownStep } from './history.js'
import { sendForm } from './send.js'
import { current, kindNow, update } from './store.js'

/** The whole page for the current state. */
export function page() {
  const { problem, actor, tab } = current()
  if (problem?.status === 401) return tokenForm()
  const kind = kindNow()
  return html` ${header()} ${banner()}
    <main class=${actor === null ? 'page' : 'page with-time'}>
      ${actorList()}
      <section class="middle">
        ${kind === undefined ? html`<p class="empty">${waiting()}</p>` : chart(kind)} ${actor === null ? null : actorTimeline()}
      </section>
      <aside class="right">
        <nav class="tabs" role="tablist">
          ${tabButton('send', 'Send an input')} ${tabButton('step', actor === null ? 'Step' : `Step ${current().at || ''}`)}
        </nav>
        ${tab === 'send' ? sendForm() : shownStep()}
      </aside>
    </main>`
}

/** @param {'send' | 'step'} name @param {string} text */
const tabButton = (name, text) =>
  html` <button role="tab" aria-selected=${String(current().tab === name)} onClick=${() => update({ tab: name })}>${text}</button>`

function waiting() {
  const { reload, kinds } = current()
  if (reload === null || reload.phase === 'starting') return 'Loading the kinds…'
  return kinds.length === 0 ? 'No kinds run; the reason is above.' : 'Choose a kind.'
}

const PHASES = /** @type {const} */ ({
  starting: 'starting…',
  reloading: 'reloading…',
  running: 'running',
  refused: 'refused: earlier kinds run',
  down: 'no kinds run',
})

function header() {
  const { reload, kinds, kind, counts } = current()
  const phase = reload?.phase ?? 'starting'
  const took = phase === 'running' && reload !== null && reload.tookMs !== null ? `, reloaded in ${reload.tookMs} ms` : ''
  return html` <header>
    <h1><img src="icon.svg" alt="" width="22" height="22" />Colloquy <span>dev</span></h1>
    <nav class="kinds" aria-label="Kinds">
      ${kinds.map(
        ({ name, version }) =>
          html` <button key=${name} class="kind" aria-current=${String(name === kind)} onClick=${() => go({ kind: name, actor: null })}>
            ${name}<small>@${version}</small> <b>${number(counts?.kinds[name]?.total ?? 0)}</b>
          </button>`,
      )}
    </nav>
    <p class="phase" data-phase=${phase} role="status" title=${(reload?.changed ?? []).join('\n')}>
      <i></i>${PHASES[phase]}${took} ${reload === null || reload.since === '' ? '' : html`<time>${timeText(reload.since)}</time>`}
    </p>
  </header>`
}

/** Problems, above everything else. */
function banner() {
  const { problem, reload, counts } = current()
  if (problem !== null) return html`<div class="banner" role="alert"><strong>${problem.text}</strong> Trying again…</div>`
  if (reload !== null && reload.problem !== null) {
    const { code, message, stack } = reload.problem
    return html` <div class="banner" role="alert">
      <strong
        >${reload.phase === 'refused' ? 'Your last save was refused; the kinds from before it keep running.' : 'No kinds run.'}</strong
      >
      <code>${code}</code>
      <p>${message}</p>
      ${
        stack === undefined
          ? null
          : html`<details>
              <summary>Where</summary>
              <pre>${stack}</pre>
            </details>`
      }
    </div>`
  }
  if (reload !== null && counts === null) {
    return html`<div class="banner mild" role="status">ClickHouse does not answer: counts and lists are out of date.</div>`
  }
  return null
}

function tokenForm() {
  const enter = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const form = event.currentTarget
    const token = form instanceof HTMLFormElement ? new FormData(form).get('token') : null
    if (typeof token === 'string') useToken(token)
    void refresh()
  }
  return html` <form class="token" onSubmit=${enter}>
    <h1><img src="icon.svg" alt="" width="22" height="22" />Colloquy <span>dev</span></h1>
    <label>Token (COLLOQUY_HTTP_TOKEN)<input name="token" type="password" autocomplete="off" required /></label>
    <button class="primary">Enter</button>
    <p class="hint">The token is kept in this tab only.</p>
  </form>`
}

/** @param {number} value */
export const number = (value) => value.toLocaleString('en')
