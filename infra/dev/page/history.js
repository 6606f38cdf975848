import { differences } from './diff.js'
import { look } from './follow.js'
import { html } from './html.js'
import { current, update } from './store.js'
import { timeText } from './times.js'

/** @import { Step } from '../actor-history.ts' */

/** Steps shown on either side of the chosen one. */
const AROUND = 40

/** The history of the actor; the user can step through it. */
export function timeline() {
  const { actor, steps, last, at, live } = current()
  if (actor === null) return null
  if (last === 0) {
    return html`<footer class="time"><p class="hint">${actor.tenant}/${actor.kind}/${actor.id} has no record yet.</p></footer>`
  }
  const near = [...steps.values()].filter(({ n }) => Math.abs(n - at) <= AROUND).sort((a, b) => a.n - b.n)
  return html` <footer class="time" aria-label="History">
    <div class="bar">
      <button onClick=${() => void look(1)} disabled=${at <= 1} aria-label="First step">«</button>
      <button onClick=${() => void look(at - 1)} disabled=${at <= 1} aria-label="Step back">‹</button>
      <input
        type="range"
        min="1"
        max=${last}
        value=${at}
        aria-label="Step"
        onInput=${(/** @type {InputEvent} */ event) => event.target instanceof HTMLInputElement && void look(Number(event.target.value))}
      />
      <button onClick=${() => void look(at + 1)} disabled=${at >= last} aria-label="Step forward">›</button>
      <button onClick=${() => void look(last)} disabled=${at >= last} aria-label="Last step">»</button>
      <output>${at} of ${last}${live ? html` <i class="live">live</i>` : null}</output>
    </div>
    <ol class="steps">
      ${near.map(
        (step) =>
          html` <li key=${step.n} ref=${step.n === at ? intoView : undefined}>
            <button
              class=${step.outcome}
              title=${timeText(step.at)}
              aria-current=${String(step.n === at)}
              onClick=${() => {
                void look(step.n)
                update({ tab: 'step' })
              }}
            >
              <small>${step.n}</small><b>${step.input.type}</b>
              <span>${step.outcome === 'rejected' ? step.reason : step.from === step.to ? '·' : step.to}</span>
            </button>
          </li>`,
      )}
    </ol>
  </footer>`
}

/** @param {Element | null} element */
const intoView = (element) => element?.scrollIntoView({ block: 'nearest', inline: 'center' })

/** The chosen step: its input, its effects, and the state before and after. */
export function stepDetail() {
  const { actor, steps, at } = current()
  const step = steps.get(at)
  if (actor === null) return html`<p class="empty">Choose an actor, or send an input to one.</p>`
  if (step === undefined) return html`<p class="empty">Reading…</p>`
  return html` <div class="detail">
    <p class="move" data-outcome=${step.outcome}>
      <span>${step.from || 'not started'}</span><i>→</i><b>${step.to || 'not started'}</b>
      ${step.status === 'done' || step.status === 'error' ? html`<em>${step.status}</em>` : null}
    </p>
    ${step.outcome === 'rejected' ? html`<p class="refusal" role="alert"><code>${step.reason}</code> ${step.error}</p>` : null}
    ${
      step.status === 'error' && step.error !== undefined && step.outcome !== 'rejected'
        ? html`<p class="refusal" role="alert">${step.error}</p>`
        : null
    }
    <dl class="facts">
      <dt>actor</dt>
      <dd>${actor.tenant}/${actor.kind}/${actor.id}</dd>
      <dt>at</dt>
      <dd>${new Date(step.at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })}</dd>
      <dt>machine</dt>
      <dd>${step.machine || 'unknown'}</dd>
      <dt>input</dt>
      <dd><b>${step.input.type}</b> <small>${step.input.id} from ${step.input.source}</small></dd>
    </dl>
    ${step.input.data === undefined ? null : json(step.input.data)} ${effects(step)} ${contextOf(step)} ${pending(step)}
  </div>`
}

/** @param {Step} step */
function effects(step) {
  const rows = [
    ...step.emitted.map(({ type, data }) => effect('emits', type, data)),
    ...(step.sent ?? []).map(({ kind, actor, type, data }) => effect('sends', type, data, { kind, id: actor })),
    ...step.started.map(({ task, input }) => effect('starts', task, input)),
    ...step.ended.map(({ task, status, error }) => effect('ends', `${task} ${status}`, error)),
    ...step.timers.map(({ event, at }) => effect('sets', timerName(event), at)),
  ]
  return rows.length === 0
    ? null
    : html`<h2>Effects</h2>
        <ul class="effects">
          ${rows}
        </ul>`
}

/** @param {string} verb @param {string} what @param {unknown} [data] @param {{ kind: string, id: string }} [to] the actor that it is for */
const effect = (verb, what, data, to) =>
  html` <li data-verb=${verb}>
    <details>
      <summary><i>${verb}</i> <b>${what}</b>${to === undefined ? null : html` to <a href=${placeOf(to)}>${to.kind}/${to.id}</a>`}</summary>
      ${data === undefined ? null : json(data)}
    </details>
  </li>`

/** The page's address of another actor of the same tenant. @param {{ kind: string, id: string }} actor */
const placeOf = ({ kind, id }) => `#/${[kind, current().actor?.tenant ?? '', id].map(encodeURIComponent).join('/')}`

/** @param {string} event */
const timerName = (event) => event.replace(/^xstate\.after\.([^.]*).*$/s, 'after $1')

/** @param {Step} step */
function contextOf(step) {
  const { steps, context: shown } = current()
  const before = steps.get(step.n - 1)?.state?.context
  const after = step.state?.context
  const tab = (/** @type {typeof shown} */ name) =>
    html` <button aria-pressed=${String(shown === name)} onClick=${() => update({ context: name })}>${name}</button>`
  return html` <h2>Context <span class="switch" role="group">${tab('before')}${tab('changes')}${tab('after')}</span></h2>
    ${shown === 'changes' ? changes(before, after) : json(shown === 'before' ? before : after)}`
}

/** @param {unknown} before @param {unknown} after */
function changes(before, after) {
  const rows = differences(before ?? {}, after)
  if (rows.length === 0) return html`<p class="hint">Nothing changed.</p>`
  return html` <table class="changes">
    <tbody>
      ${rows.map(
        (row) =>
          html` <tr key=${row.path}>
            <th>${row.path}</th>
            <td>
              ${row.before === undefined ? null : html`<del>${text(row.before)}</del>`}${
                row.after === undefined ? null : html`<ins>${text(row.after)}</ins>`
              }
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

/** What a pending task tells. @param {import('../actor-history.ts').History['progress'][string] | undefined} one */
const told = (one) =>
  one === undefined
    ? null
    : html`<br /><small>${text(one.progress)} — ${one.attempt > 1 ? `attempt ${one.attempt}, ` : ''}told at ${timeText(one.at)}</small>`

/** Pending tasks and timers. @param {Step} step */
function pending({ state }) {
  const { progress } = current()
  const tasks = Object.entries(state?.tasks ?? {}).map(
    ([run, { task, deadlineAt }]) => html` <li><i>task</i> <b>${task}</b> until ${timeText(deadlineAt)}${told(progress[run])}</li>`,
  )
  const timers = Object.values(state?.timers ?? {}).map(
    ({ event, at }) => html` <li><i>timer</i> <b>${timerName(event.type)}</b> at ${timeText(at)}</li>`,
  )
  return tasks.length + timers.length === 0
    ? null
    : html`<h2>Pending</h2>
        <ul class="effects">
          ${tasks}${timers}
        </ul>`
}

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
/** @param {unknown} value */
const json = (value) => html`<pre class="json">${value === undefined ? '—' : JSON.stringify(value, undefined, 2)}</pre>`
