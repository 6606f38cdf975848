import { element, pressable } from './element.js'

/** @import { Words } from './widget-words.js' */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} role
 * @property {string} text
 * @property {string} kind
 * @property {string} [agent]
 * @property {string[]} [sources]
 * @property {{ id: string, label: string }[]} [buttons]
 */
/**
 * @typedef {object} Presses
 * @property {(message: Message, thumbs: 'up' | 'down') => void} rate
 * @property {(message: Message, button: string) => void} press
 */

/** Who wrote it. @param {Pick<Message, 'role' | 'agent'>} message @param {Words} words */
const nameOf = ({ role, agent }, words) => (role === 'user' ? words.you : role === 'agent' ? (agent ?? words.agent) : words.machine)

/** A message as it is shown. @param {Message} message @param {Words} words @param {Presses} presses */
export function messageElement(message, words, { rate, press }) {
  const { role, text, sources = [], buttons = [] } = message
  const shown = element(
    'article',
    { class: role },
    element('div', { class: 'name', dir: 'auto' }, nameOf(message, words)),
    element('p', { class: 'text', dir: 'auto' }, text),
  )
  if (sources.length > 0) {
    shown.append(
      element('ul', { 'aria-label': words.sources }, ...sources.map((source) => element('li', { dir: 'auto' }, sourceOf(source)))),
    )
  }
  if (buttons.length > 0) {
    shown.append(
      element(
        'div',
        { class: 'row choices' },
        ...buttons.map(({ id, label }) => pressable(label, () => press(message, id), { dir: 'auto' })),
      ),
    )
  }
  if (role === 'assistant') {
    const thumb = (/** @type {'up' | 'down'} */ thumbs, /** @type {string} */ says) =>
      pressable(says, () => rate(message, thumbs), { class: 'thumb', 'data-thumbs': thumbs, 'aria-pressed': 'false' })
    shown.append(element('div', { class: 'row' }, thumb('up', words.good), thumb('down', words.bad)))
  }
  return shown
}

/** Shows how a message was rated. @param {HTMLElement} shown @param {string} thumbs */
export function markRated(shown, thumbs) {
  for (const one of shown.querySelectorAll('.thumb')) {
    one.setAttribute('aria-pressed', String(one instanceof HTMLElement && one.dataset.thumbs === thumbs))
  }
}

/** A source is a link where it is an address on the web, and else its name. @param {string} source */
const sourceOf = (source) =>
  /^https?:\/\//.test(source) && URL.canParse(source)
    ? element('a', { href: source, target: '_blank', rel: 'noopener noreferrer' }, source)
    : source
