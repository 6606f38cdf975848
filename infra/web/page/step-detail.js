import { differences } from './diff.js'
import { html } from './html.js'
import { STEP_WORDS } from './step-words.js'
import { timeText } from './times.js'

/** @import { History, Step } from '../actor-history.ts' */

/** Which context of a step is shown. @typedef {'changes' | 'before' | 'after'} ContextView */

/**
 * A step: its input, its effects, and the state before and after. `before` is the step before it, `progress` what pending tasks tell.
 *
 * @typedef {{
 *   actor: { tenant: string, kind: string, id: string }, step: Step, before: Step | undefined, progress: History['progress'],
 *   context: ContextView, onContext: (context: ContextView) => void, placeOf: (actor: { kind: string, id: string }) => string,
 *   labels?: StepLabels,
 * }} ShownStep
 */

/** @typedef {Readonly<Record<keyof typeof STEP_WORDS, string>>} StepLabels */

/** @param {ShownStep} shown */
export function stepDetail(shown) {
  const { actor, step, labels = STEP_WORDS } = shown
  return html` <div class="detail">
    <p class="move" data-outcome=${step.outcome}>
      <span>${step.from || labels.notStarted}</span><i>→</i><b>${step.to || labels.notStarted}</b>
      ${step.status === 'done' || step.status === 'error' ? html`<em>${step.status}</em>` : null}
    </p>
    ${step.outcome === 'rejected' ? html`<p class="refusal" role="alert"><code>${step.reason}</code> ${step.error}</p>` : null}
    ${
      step.status === 'error' && step.error !== undefined && step.outcome !== 'rejected'
        ? html`<p class="refusal" role="alert">${step.error}</p>`
        : null
    }
    <dl class="facts">
      <dt>${labels.actor}</dt>
      <dd>${actor.tenant}/${actor.kind}/${actor.id}</dd>
      <dt>${labels.at}</dt>
      <dd>${new Date(step.at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })}</dd>
      <dt>${labels.machine}</dt>
      <dd>${step.machine || labels.unknown}</dd>
      <dt>${labels.input}</dt>
      <dd><b>${step.input.type}</b> <small>${step.input.id} ${labels.from} ${step.input.source}</small></dd>
    </dl>
    ${step.input.data === undefined ? null : json(step.input.data)} ${effects(shown, labels)} ${contextOf(shown, labels)}
    ${pending(shown, labels)}
  </div>`
}

/** @param {ShownStep} shown @param {StepLabels} labels */
function effects({ step, placeOf }, labels) {
  /**
   * @param {'emits' | 'sends' | 'starts' | 'ends' | 'sets'} verb  @param {string} what  @param {unknown} [data]
   * @param {{ kind: string, id: string }} [to]
   */
  const effect = (verb, what, data, to) =>
    html` <li data-verb=${verb}>
      <details>
        <summary>
          <i>${labels[verb]}</i
          >${' '}<b>${what}</b>${to === undefined ? null : html` ${labels.to} <a href=${placeOf(to)}>${to.kind}/${to.id}</a>`}
        </summary>
        ${data === undefined ? null : json(data)}
      </details>
    </li>`
  const rows = [
    ...step.emitted.map(({ type, data }) => effect('emits', type, data)),
    ...(step.sent ?? []).map(({ kind, actor, type, data }) => effect('sends', type, data, { kind, id: actor })),
    ...step.started.map(({ task, input }) => effect('starts', task, input)),
    ...step.ended.map(({ task, status, error }) => effect('ends', `${task} ${status}`, error)),
    ...step.timers.map(({ event, at }) => effect('sets', timerName(event), at)),
  ]
  return rows.length === 0
    ? null
    : html`<h2>${labels.effects}</h2>
        <ul class="effects">
          ${rows}
        </ul>`
}

/** @param {string} event */
const timerName = (event) => event.replace(/^xstate\.after\.([^.]*).*$/s, 'after $1')

/** @param {ShownStep} shown @param {StepLabels} labels */
function contextOf({ step, before: previous, context: shown, onContext }, labels) {
  const before = previous?.state?.context
  const after = step.state?.context
  const tab = (/** @type {ContextView} */ name) =>
    html` <button aria-pressed=${String(shown === name)} onClick=${() => onContext(name)}>${labels[name]}</button>`
  return html` <h2>${labels.context} <span class="switch" role="group">${tab('before')}${tab('changes')}${tab('after')}</span></h2>
    ${shown === 'changes' ? changes(before, after, labels) : json(shown === 'before' ? before : after)}`
}

/** @param {unknown} before @param {unknown} after @param {StepLabels} labels */
function changes(before, after, labels) {
  const rows = differences(before ?? {}, after)
  if (rows.length === 0) return html`<p class="hint">${labels.nothingChanged}</p>`
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

/** What a pending task tells. @param {History['progress'][string] | undefined} one @param {StepLabels} labels */
const told = (one, labels) =>
  one === undefined
    ? null
    : html`<br /><small
          >${text(one.progress)} — ${one.attempt > 1 ? `${labels.attempt} ${one.attempt}, ` : ''}${labels.told} ${timeText(one.at)}</small
        >`

/** Pending tasks and timers. @param {ShownStep} shown @param {StepLabels} labels */
function pending({ step: { state }, progress }, labels) {
  const tasks = Object.entries(state?.tasks ?? {}).map(
    ([run, { task, deadlineAt }]) =>
      html` <li><i>${labels.task}</i> <b>${task}</b> ${labels.until} ${timeText(deadlineAt)}${told(progress[run], labels)}</li>`,
  )
  const timers = Object.values(state?.timers ?? {}).map(
    ({ event, at }) => html` <li><i>${labels.timer}</i> <b>${timerName(event.type)}</b> ${labels.at} ${timeText(at)}</li>`,
  )
  return tasks.length + timers.length === 0
    ? null
    : html`<h2>${labels.pending}</h2>
        <ul class="effects">
          ${tasks}${timers}
        </ul>`
}

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
/** @param {unknown} value */
const json = (value) => html`<pre class="json">${value === undefined ? '—' : JSON.stringify(value, undefined, 2)}</pre>`
