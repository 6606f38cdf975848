import { formOf } from './asked-form.js'
import { createStorage } from './browser-storage.js'
import { element, pressable } from './element.js'
import { markRated, messageElement } from './message.js'
import { createTalk, TEXT_CHARS_MAX } from './talk.js'

/** @import { Asked } from './asked-form.js' */
/** @import { Message } from './message.js' */
/** @import { ServerEvent } from './sse.js' */
/** @import { Words } from './widget-words.js' */

/** Messages and forms that stay in the page; the oldest ones leave it. */
const SHOWN_MAX = 500
/** How long somebody is said to write after a message; and after a piece of a reply, which the reply or the next piece follows. */
const WRITES_MS = 20_000
const PIECE_MS_MAX = 90_000
/** Distance from the end, in pixels, within which new messages are followed. */
const END_PX = 80

/**
 * A piece of a reply while it is written.
 *
 * @typedef {{ run: string, attempt: number, index: number, text: string }} Piece
 */
/**
 * @typedef {object} Panel
 * @property {HTMLElement} element
 * @property {() => void} show
 */

/**
 * The conversation, as a dialog.
 *
 * @param {{ server: string, tenant: string, kind: string | undefined, title: string, words: Words, onClose: () => void }} options
 * @returns {Panel}
 */
export function createPanel({ server, tenant, kind, title, words, onClose }) {
  const log = element('div', { class: 'log', role: 'log', 'aria-label': words.log, tabindex: '0' })
  const status = element('div', { class: 'status', role: 'status' })
  const note = element('div', { class: 'status wrong', role: 'alert', hidden: '' })
  // Not read out: only the reply itself is.
  const draft = element('article', { class: 'assistant', 'aria-hidden': 'true', hidden: '' })
  const text = element('textarea', { dir: 'auto', placeholder: words.write, 'aria-label': words.write })
  const composer = element('form', { class: 'composer' }, element('label', {}, text), element('button', { class: 'main' }, words.send))
  const panel = element(
    'section',
    { class: 'panel', role: 'dialog', 'aria-label': title, hidden: '' },
    element('header', {}, element('h2', { dir: 'auto' }, title), pressable('✕', hide, { 'aria-label': words.close })),
    log,
    status,
    note,
    composer,
  )
  log.append(draft)
  /** Messages and forms by id. @type {Map<string, HTMLElement>} */
  const shown = new Map()
  /** Labels of buttons by id. @type {Map<string, string>} */
  const labels = new Map()
  /** What waits to be sent. @type {HTMLElement[]} */
  let waits = []
  /** The reply that is being written, and its next piece. */
  let piece = { run: '', attempt: 0, next: 0 }
  let writing = 0

  const name = `${server} ${tenant} ${kind ?? ''}`
  const unsent = createStorage(name, 'sessionStorage')
  const before = unsent.get('draft')
  if (typeof before === 'string') text.value = before
  text.addEventListener('input', () => unsent.set('draft', text.value.slice(0, TEXT_CHARS_MAX)))
  const talk = createTalk({
    server,
    tenant,
    kind,
    storage: createStorage(name),
    onEvent: take,
    onState(state) {
      status.textContent = state === 'online' ? '' : words[state]
      status.hidden = state === 'online'
    },
    onRestart() {
      for (const map of [shown, labels]) map.clear()
      log.replaceChildren(draft)
      hideDraft()
      showWaiting()
    },
    onSent: showWaiting,
    onFailed: (why) => tell(words.failed(why)),
    onBusy: (seconds) => tell(words.busy(seconds)),
  })

  /** @param {string} says empty: nothing */
  function tell(says) {
    note.textContent = says
    note.hidden = says === ''
  }
  function hide() {
    panel.hidden = true
    talk.close()
    onClose()
  }
  /** Keeps the end in sight where it was. @param {() => void} change */
  function atEnd(change) {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < END_PX
    change()
    if (isAtEnd) log.scrollTop = log.scrollHeight
  }
  /** @param {string} id @param {HTMLElement} item */
  function add(id, item) {
    const known = shown.get(id)
    shown.set(id, item)
    atEnd(() => {
      if (known !== undefined) known.replaceWith(item)
      else log.insertBefore(item, draft)
      const [oldest] = shown
      if (oldest === undefined || shown.size <= SHOWN_MAX) return
      oldest[1].remove()
      shown.delete(oldest[0])
    })
  }

  /** @param {ServerEvent} event */
  function take({ type, data }) {
    switch (type) {
      case 'message':
        return takeMessage(/** @type {Message} */ (data))
      case 'form.asked':
        return takeForm(/** @type {Asked} */ (data))
      case 'form.completed':
        return endForm(/** @type {{ id: string }} */ (data).id)
      case 'button.pressed':
        return takePress(/** @type {{ id: string }} */ (data).id)
      case 'feedback.given': {
        const { answer, thumbs } = /** @type {{ answer: string, thumbs: string }} */ (data)
        const rated = shown.get(answer)
        return rated && markRated(rated, thumbs)
      }
      case 'delta':
        return takePiece(/** @type {Piece} */ (data))
      case 'reset':
        return hideDraft()
      case 'typing': {
        const { who, role, forMs } = /** @type {{ who: string, role: string, forMs: number }} */ (data)
        return role === 'agent' && showWriting(who, forMs)
      }
    }
  }
  /** @param {Message} message */
  function takeMessage(message) {
    if (shown.has(message.id)) return
    if (message.role === 'user') endChoices()
    add(
      message.id,
      messageElement(message, words, {
        rate: (of, thumbs) => void send(of.kind, 'feedback.given', { answer: of.id, thumbs }),
        press: (of, id) => void send(of.kind, 'button.pressed', { id }),
      }),
    )
    for (const { id, label } of message.buttons ?? []) labels.set(id, label)
    showWaiting()
    if (message.role === 'user') showWriting()
    else hideDraft()
  }
  /** @param {Asked} asked */
  function takeForm(asked) {
    const form = formOf(asked, words, (values) => talk.input(asked.kind, 'form.submitted', { id: asked.id, values }))
    hideDraft()
    add(asked.id, element('article', {}, form))
  }
  /** @param {string} id */
  function endForm(id) {
    const form = shown.get(id)?.querySelector('form')
    form?.replaceChildren(element('span', {}, `✓ ${form.querySelector('strong')?.textContent ?? ''} ${words.done}`))
  }
  /** @param {string} id */
  function takePress(id) {
    const label = labels.get(id)
    endChoices()
    if (label !== undefined) takeMessage({ id: `pressed ${id}`, role: 'user', text: label, kind: '' })
  }
  /** Buttons of earlier messages cannot be pressed any more. */
  function endChoices() {
    for (const one of log.querySelectorAll('.choices')) one.remove()
  }
  /** @param {Piece} given */
  function takePiece({ run, attempt, index, text: more }) {
    const isNew = piece.run !== run || piece.attempt !== attempt
    if (isNew) piece = { run, attempt, next: 0 }
    // Without a piece the rest makes no sense; the reply comes whole.
    if (index !== piece.next) return
    piece.next += 1
    atEnd(() => {
      if (isNew || draft.dataset.isText === undefined) draft.replaceChildren(element('p', { class: 'text', dir: 'auto' }))
      draft.dataset.isText = ''
      draft.querySelector('p')?.append(more)
      draft.hidden = false
    })
    hideLater(PIECE_MS_MAX)
  }
  function showWriting(name = words.machine, forMs = WRITES_MS) {
    if (draft.dataset.isText !== undefined && !draft.hidden) return
    atEnd(() => {
      draft.replaceChildren(`${name} ${words.writes}`)
      draft.hidden = false
    })
    hideLater(forMs)
  }
  /** @param {number} ms */
  function hideLater(ms) {
    clearTimeout(writing)
    writing = setTimeout(hideDraft, ms)
  }
  function hideDraft() {
    clearTimeout(writing)
    draft.hidden = true
    delete draft.dataset.isText
    piece = { run: '', attempt: 0, next: 0 }
  }
  function showWaiting() {
    for (const one of waits) one.remove()
    waits = talk
      .waiting()
      .filter(({ id }) => !shown.has(id))
      .map(({ text: says }) =>
        element(
          'article',
          { class: 'user' },
          element('p', { class: 'text', dir: 'auto' }, says),
          element('div', { class: 'name' }, words.waits),
        ),
      )
    atEnd(() => draft.after(...waits))
  }
  /** @param {string} of @param {string} type @param {object} data */
  async function send(of, type, data) {
    try {
      await talk.input(of, type, data)
      tell('')
    } catch (error) {
      tell(words.failed(error instanceof Error ? error.message : ''))
    }
  }

  function submit() {
    const says = text.value.trim()
    if (says === '') return
    if (says.length > TEXT_CHARS_MAX) return tell(words.tooLong(TEXT_CHARS_MAX, says.length))
    if (!talk.send(says)) return tell(words.offline)
    tell('')
    text.value = ''
    unsent.set('draft', '')
    log.scrollTop = log.scrollHeight
  }
  composer.addEventListener('submit', (event) => {
    event.preventDefault()
    submit()
  })
  text.addEventListener('keydown', (event) => {
    // Enter also ends what an input method composes.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    submit()
  })
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide()
    if (event.key !== 'Tab') return
    const stops = [...panel.querySelectorAll('button, a, input, select, textarea, [tabindex]')].filter(
      (one) => one instanceof HTMLElement && !one.matches(':disabled') && one.offsetParent !== null,
    )
    const [first, last] = [stops[0], stops.at(-1)]
    const [from, to] = event.shiftKey ? [first, last] : [last, first]
    if (event.target !== from || !(to instanceof HTMLElement)) return
    event.preventDefault()
    to.focus()
  })

  return {
    element: panel,
    show() {
      panel.hidden = false
      showWaiting()
      talk.open()
      log.scrollTop = log.scrollHeight
      text.focus()
    },
  }
}
