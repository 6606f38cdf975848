import { html } from '../../web/page/html.js'
import { hrefOf } from './page-address.js'
import { words } from './words.js'

/** @import { Reading } from './reading.js' */

/** A part of a page under a heading. @param {string} title @param {unknown} content @param {unknown} [beside] */
export const panel = (title, content, beside = null) =>
  html` <section class="panel" aria-label=${title}>
    <h2>${title}${beside}</h2>
    ${content}
  </section>`

/** @param {string} text */
export const empty = (text) => html`<p class="empty">${text}</p>`

/**
 * What is read, once it is there; before that, that it is read; and above it, why it cannot be read.
 *
 * @template Value
 * @param {Pick<Reading<Value, never[]>, 'value' | 'problem' | 'isBusy'>} reading  @param {(value: Value) => unknown} view
 * @param {() => unknown} [again]
 */
export function shown({ value, problem, isBusy }, view, again) {
  return [
    problem === undefined ? null : failure(problem, again),
    value !== undefined
      ? view(value)
      : problem === undefined && isBusy
        ? html`<p class="empty" role="status">${words().reading}</p>`
        : null,
  ]
}

/**
 * A problem, with what to do: the server says it in its detail.
 *
 * @param {{ code: string, message: string }} problem  @param {(() => unknown) | undefined} [again]
 */
export const failure = ({ code, message }, again) =>
  html` <div class="failure" role="alert">
    <strong>${code === 'away' ? words().away : words().failed}</strong> ${code === 'away' ? null : html`<span lang="en">${message}</span>`}
    ${again === undefined ? null : html` <button class="plain" type="button" onClick=${() => void again()}>${words().again}</button>`}
  </div>`

/**
 * A choice of one of some texts, with a first entry for all; without that entry where `all` is `null`.
 *
 * @param {string} label  @param {string | null} all  @param {string} value  @param {readonly string[]} choices
 * @param {(value: string) => void} onChange  @param {(one: string) => string} [nameOf]
 */
export const choice = (label, all, value, choices, onChange, nameOf = (one) => one) =>
  html` <label class="choice"
    ><span>${label}</span>
    <select
      value=${value}
      onChange=${(/** @type {Event} */ event) => event.target instanceof HTMLSelectElement && onChange(event.target.value)}
    >
      ${all === null ? null : html`<option value="" selected=${value === ''}>${all}</option>`}
      ${(value === '' || choices.includes(value) ? choices : [value, ...choices]).map(
        (one) => html`<option key=${one} value=${one} selected=${one === value}>${nameOf(one)}</option>`,
      )}
    </select>
  </label>`

/** A mark of how good something is, 0 to 1. @param {number | null} score */
export const scoreMark = (score) =>
  score === null
    ? null
    : html`<span class="score" data-level=${score < 0.5 ? 'bad' : score < 0.75 ? 'warm' : 'good'}>${score.toFixed(2)}</span>`

/**
 * What is done about something that is wrong, in words for people who open no terminal, and the words for those who do.
 *
 * @param {string} code @param {string} forOperators in English
 */
export function whatToDo(code, forOperators) {
  const { dead, system, ...text } = words().remedies
  const reason = Object.entries(dead).find(([one]) => one === code)?.[1]
  return html`<p>
      ${reason ?? Object.entries(system).find(([one]) => one === code)?.[1] ?? system.other}
      ${reason === undefined ? null : html` <a href=${hrefOf('dead', [], { reason: code })}>${text.showLetters}</a>`}
    </p>
    <details>
      <summary>${text.forOperators}</summary>
      <small lang="en">${forOperators}</small>
    </details>`
}
