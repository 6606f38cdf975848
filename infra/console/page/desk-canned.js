import { html } from '../../web/page/html.js'
import { redraw } from './redraw.js'
import { words } from './words.js'

/** @import { CannedReply } from '../desk-view.ts' */

/** What a canned reply may name. @typedef {Readonly<Partial<Record<'customer' | 'name' | 'agent' | 'case' | 'team', string>>>} Values */

/** As the server has it: the name of a canned reply. */
const NAME_CHARS = 64
const EXCERPT_CHARS = 140

/** The variable that is left for the agent, at its place. @param {string} text */
export const openVariable = (text) => /\{\{[^{}]*\}\}/.exec(text)

/** Fills in what is known; the rest stays for the agent. @param {string} text @param {Values} values */
export const filled = (text, values) =>
  text.replace(
    /\{\{\s*(\w+)\s*\}\}/g,
    (whole, /** @type {string} */ name) => /** @type {Readonly<Record<string, string | undefined>>} */ (values)[name] ?? whole,
  )

/** The text in the language of the case, else in that of the page, else in any. @param {CannedReply} reply @param {string | null} lang */
export function textIn({ texts }, lang) {
  const byLanguage = new Map(Object.entries(texts).map(([tag, text]) => [tag.split('-')[0]?.toLowerCase() ?? tag, text]))
  const known = [lang, words().code.slice(0, 2)].find((one) => one !== null && byLanguage.has(one)) ?? [...byLanguage.keys()][0] ?? ''
  return { lang: known, text: byLanguage.get(known) ?? '' }
}

/**
 * The canned replies of a team beside the reply field.
 *
 * @param {{ use: (text: string) => void, keep: (name: string) => Promise<boolean> }} acts
 */
export function createCanned({ use, keep }) {
  let wanted = ''
  return {
    /**
     * @param {readonly CannedReply[]} all @param {Values} values
     * @param {{ lang: string | null, canKeep: boolean }} state `canKeep`: there is a text that could be kept
     */
    view: (all, values, { lang, canKeep }) => {
      const text = words().desk.canned
      const listed = all
        .map((reply) => ({ name: reply.name, ...textIn(reply, lang) }))
        .filter((one) => `${one.name} ${one.text}`.toLowerCase().includes(wanted.toLowerCase()))
        .toSorted((a, b) => Number(b.lang === lang) - Number(a.lang === lang))
      return html` <details class="canned">
        <summary>${text.title} (${all.length})</summary>
        ${
          all.length === 0
            ? html`<small>${text.none}</small>`
            : html`<input
                type="search"
                aria-label=${text.find}
                placeholder=${text.find}
                value=${wanted}
                onInput=${(/** @type {Event} */ { target }) => {
                  if (target instanceof HTMLInputElement) wanted = target.value
                  redraw()
                }}
              />`
        }
        <ul>
          ${listed.map(
            (one) =>
              html` <li key=${one.name}>
                <button type="button" class="plain" onClick=${() => use(filled(one.text, values))}>${one.name}</button>
                ${one.lang === lang ? null : html`<span class="tag">${one.lang}</span>`}
                <small dir="auto" lang=${one.lang}>${filled(one.text, values).slice(0, EXCERPT_CHARS)}</small>
              </li>`,
          )}
        </ul>
        ${
          canKeep
            ? html`<form
                class="keep"
                onSubmit=${async (/** @type {Event} */ event) => {
                  event.preventDefault()
                  const { target } = event
                  if (!(target instanceof HTMLFormElement)) return
                  const name = new FormData(target).get('name')
                  if (typeof name === 'string' && (await keep(name.trim()))) target.reset()
                }}
              >
                <label>${text.keepAs}<input name="name" required maxlength=${NAME_CHARS} dir="auto" /></label>
                <button class="plain">${text.keep}</button>
              </form>`
            : null
        }
      </details>`
    },
  }
}
