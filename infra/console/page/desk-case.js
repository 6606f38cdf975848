import { ask, pathOf, posting, query } from '../../web/page/ask.js'
import { html } from '../../web/page/html.js'
import { newId, sendInput } from './desk-inputs.js'
import { goTo, hrefOf } from './page-address.js'
import { empty, failure } from './parts.js'
import { createReading, problemOf, repeatWhileVisible } from './reading.js'
import { redraw } from './redraw.js'
import { createTalk } from './talk-view.js'
import { moment, words } from './words.js'

/** @import { EarlyMessage } from '../desk-stream.ts' */
/** @import { CaseNote, ListedCase } from '../desk-view.ts' */
/** @import { SearchAnswer } from '../../../pipeline/search/search-answer.ts' */
/** @import { Address } from './desk-inputs.js' */
/** @import { Typing, createShift } from './desk-shift.js' */

/** @typedef {ReturnType<typeof createShift>} Shift */
/** @typedef {'reply' | 'note'} Mode */
/** A text keeps its id until it is taken, so that one that is sent again counts once. @typedef {{ text: string, id: string }} UnsentText */
/** @typedef {Record<Mode, UnsentText>} Unsent */

const EVERY_MS = 3_000
/** When the talk is read after a hint: the tables follow LOG after some 100 ms. */
const AFTER_MS = [50, 250, 600, 1_500]
const TYPING_EVERY_MS = 2_500
const SUGGESTIONS = 3
const SUGGESTION_CHARS = 600
const QUESTION_CHARS = 1_000
const NOTE_CHARS = 4_000
const WORD_CHARS = 1_000
const REPLY_CHARS = 16_000

/** @returns {Unsent} */
export const nothingUnsent = () => ({ reply: { text: '', id: newId() }, note: { text: '', id: newId() } })

/**
 * A case in the desk: its talk, and what its agent does with it.
 *
 * @param {Address} actor @param {Shift} shift @param {() => string} inboxHref
 * @param {Unsent} unsent what was written before in it; it changes
 */
export function createDeskCase(actor, shift, inboxHref, unsent) {
  const ref = `${actor.kind}/${actor.id}`
  const path = pathOf(actor.tenant, actor.kind, actor.id)
  const { agent } = shift.who
  /** @type {Mode} */
  let mode = /** @type {Mode} */ ('reply')
  /** Who writes, until when by the clock of the page. @type {Map<string, { role: string, until: number }>} */
  const writers = new Map()
  let typedAt = 0
  let searchedFor = ''
  let isClosed = false
  /** @type {ReturnType<typeof setTimeout>[]} */
  let due = []
  const notes = createReading(async () => /** @type {{ notes: readonly CaseNote[] }} */ (await ask(`/console/data/notes/${path}`)).notes)
  const found = createReading(
    async (/** @type {string} */ q) =>
      /** @type {SearchAnswer} */ (await ask(`/v1/search?${query({ tenant: actor.tenant, q, in: 'knowledge', limit: SUGGESTIONS })}`)).hits,
  )
  const talk = createTalk(actor, { onStep: () => goTo(hrefOf('conversations', [actor.tenant, actor.kind, actor.id])) })
  const follow = async () => {
    await talk.follow()
    const question = talk.question()
    if (isClosed || question === undefined || !shift.isOwn(ref) || searchedFor === question.id || question.text.trim() === '') return
    searchedFor = question.id
    await found.load(question.text.slice(0, QUESTION_CHARS))
  }
  const soon = (/** @type {() => unknown} */ work) => {
    for (const timer of due) clearTimeout(timer)
    due = AFTER_MS.map((ms) => setTimeout(work, ms))
  }
  const followAll = () => Promise.all([follow(), notes.load()])
  const stop = repeatWhileVisible(EVERY_MS, () => {
    for (const [who, { until }] of writers) if (until <= Date.now()) writers.delete(who)
    void followAll()
  })
  shift.followTalk(ref)

  const write = (/** @type {string} */ text) => {
    unsent[mode] = { ...unsent[mode], text }
    redraw()
    if (mode !== 'reply' || text === '' || Date.now() - typedAt < TYPING_EVERY_MS) return
    typedAt = Date.now()
    // Who does not hear it misses nothing that stays.
    void ask(`/v1/typing/${path}`, posting({ who: agent, role: 'agent' })).catch(problemOf)
  }
  const send = () => {
    const { text, id } = unsent[mode]
    const own = mode
    if (text.trim() === '') return
    void shift.act(async () => {
      if (own === 'reply') await sendInput(actor, 'message.received', { role: 'agent', agent, text }, id)
      else await sendInput(actor, 'note.added', { agent, text }, id)
      // What was written meanwhile stays.
      const now = unsent[own].text
      unsent[own] = { text: now.startsWith(text) ? now.slice(text.length) : now, id: newId() }
      soon(followAll)
    })
  }

  const composer = () => {
    const text = words().desk
    const { text: draft } = unsent[mode]
    return html` <form
      class="composer"
      data-mode=${mode}
      onSubmit=${(/** @type {Event} */ event) => {
        event.preventDefault()
        send()
      }}
    >
      <fieldset class="modes">
        <legend class="unseen">${text.modes}</legend>
        ${
          /** @type {const} */ (['reply', 'note']).map(
            (one) =>
              html` <label key=${one} class="check"
                ><input
                  type="radio"
                  name="mode"
                  checked=${mode === one}
                  onChange=${() => {
                    mode = one
                    redraw()
                  }}
                />${text.mode[one]}</label
              >`,
          )
        }
      </fieldset>
      <textarea
        name="text"
        rows="3"
        dir="auto"
        aria-label=${text.mode[mode]}
        placeholder=${text.hint[mode]}
        maxlength=${mode === 'note' ? NOTE_CHARS : REPLY_CHARS}
        value=${draft}
        onInput=${(/** @type {Event} */ { target }) => target instanceof HTMLTextAreaElement && write(target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          // An input method ends a word with the same key.
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing) return
          event.preventDefault()
          send()
        }}
      ></textarea>
      <p class="more">
        <button class="primary" disabled=${shift.isBusy() || draft.trim() === ''}>${text.send[mode]}</button>
        <small>${text.sendKey}</small>
      </p>
    </form>`
  }
  const use = (/** @type {string} */ text) => {
    mode = 'reply'
    const { text: draft } = unsent.reply
    write(draft.trim() === '' ? text : `${draft.trimEnd()}\n${text}`)
    document.querySelector('.composer textarea')?.closest('form')?.querySelector('textarea')?.focus()
  }
  const suggestions = () => {
    const text = words().desk
    if (found.value === undefined && found.problem === undefined) return null
    return html` <details class="suggestions" open>
      <summary>${text.suggestions}</summary>
      ${found.problem === undefined ? null : failure(found.problem)}
      ${
        found.value?.length === 0
          ? html`<small>${text.noSuggestion}</small>`
          : html`<ul>
              ${found.value?.map(
                (hit) =>
                  html` <li key=${hit.id}>
                    <p dir="auto" lang=${hit.lang ?? undefined}>${hit.text.slice(0, SUGGESTION_CHARS)}</p>
                    <small>${text.source(hit.source, hit.score.toFixed(2))}</small>
                    <button type="button" class="plain" onClick=${() => use(hit.text.slice(0, SUGGESTION_CHARS))}>${text.use}</button>
                  </li>`,
              )}
            </ul>`
      }
    </details>`
  }

  /** A form of one action. @param {Event} event @param {(field: (name: string) => string) => Promise<boolean>} work */
  const submitted = async (event, work) => {
    event.preventDefault()
    const { target } = event
    if (!(target instanceof HTMLFormElement)) return
    const fields = new FormData(target)
    const isDone = await work((name) => {
      const value = fields.get(name)
      return typeof value === 'string' ? value.trim() : ''
    })
    if (!isDone) return
    shift.say(words().desk.done(ref))
    goTo(inboxHref())
  }
  const endings = () => {
    const text = words().desk
    const isBusy = shift.isBusy()
    const others = shift.desk.value?.agents.filter(({ name, isOnline }) => isOnline && name !== agent) ?? []
    return html` <div class="endings">
      <details name="ending">
        <summary>${text.giveBack}</summary>
        <form onSubmit=${(/** @type {Event} */ event) => submitted(event, (field) => shift.giveBack(ref, field('agreed')))}>
          <label>${text.agreed}<textarea name="agreed" rows="2" maxlength=${WORD_CHARS} dir="auto"></textarea></label>
          <button class="primary" disabled=${isBusy}>${text.giveBack}</button>
        </form>
      </details>
      <details name="ending">
        <summary>${text.transfer}</summary>
        <form
          onSubmit=${(/** @type {Event} */ event) =>
            submitted(event, async (field) => {
              const [to, team] = [field('agent'), field('team')]
              if (to === '' && team === '') return false
              return shift.transfer(ref, to === '' ? { team } : { agent: to }, field('note'))
            })}
        >
          <label
            >${text.toAgent}
            <select name="agent">
              <option value="">${text.toTeam}</option>
              ${others.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}
            </select></label
          >
          <label>${text.team}<input name="team" maxlength="128" pattern="[A-Za-z0-9_\\-]+" /></label>
          <label>${text.noteForNext}<textarea name="note" rows="2" maxlength=${WORD_CHARS} dir="auto"></textarea></label>
          <button class="primary" disabled=${isBusy}>${text.transfer}</button>
        </form>
      </details>
      <details name="ending">
        <summary>${text.resolve}</summary>
        <form
          onSubmit=${(/** @type {Event} */ event) =>
            submitted(event, () => shift.resolve(ref, () => sendInput(actor, 'case.resolved', { by: agent })))}
        >
          <p>${text.resolveNote}</p>
          <button class="primary" disabled=${isBusy}>${text.resolve}</button>
        </form>
      </details>
    </div>`
  }
  /** @param {ListedCase | undefined} one */
  const whereIs = (one) => {
    const text = words().desk
    if (one === undefined) return text.notHere
    if (one.held !== 'assigned') return text.held[one.held]
    return one.agent === agent ? text.yours : text.has(one.agent ?? '')
  }
  const writing = () => {
    const names = [...writers].map(([who, { role }]) => (role === 'user' ? words().talk.role.user : who))
    return html`<p class="hint writing" role="status">${names.length === 0 ? '' : words().desk.writing(names.join(', '))}</p>`
  }

  return {
    ref,
    onTalk: (/** @type {readonly EarlyMessage[]} */ early) => {
      talk.expect(early)
      soon(followAll)
    },
    onTyping: (/** @type {Typing} */ { who, role, forMs }) => {
      if (role === 'agent' && who === agent) return
      writers.set(who, { role, until: Date.now() + forMs })
      redraw()
    },
    close: () => {
      isClosed = true
      for (const timer of due) clearTimeout(timer)
      stop()
      shift.followTalk('')
    },
    view: () => {
      const text = words().desk
      const one = shift.caseOf(ref)
      const isOwn = shift.isOwn(ref)
      const asked = shift.askedOf(ref)
      return html` <section class="desk-case" aria-label=${text.aCase(ref)}>
        <p class="crumbs">
          <a class="to-inbox" href=${inboxHref()}>← ${text.inbox}</a> <b>${ref}</b>
          <span class="state">${whereIs(one)}</span>
          ${asked?.customer === undefined ? null : html`<small>${text.customer} ${asked.customer}</small>`}
        </p>
        ${
          asked?.summary === undefined
            ? null
            : html`<details class="summary" open>
                <summary>${text.summary}</summary>
                <p dir="auto">${asked.summary}</p>
              </details>`
        }
        ${
          notes.value === undefined || notes.value.length === 0
            ? null
            : html`<details class="notes" open>
                <summary>${text.notes}</summary>
                <ul>
                  ${notes.value.map(
                    ({ key, agent: by, at, text: note }) =>
                      html`<li key=${key}>
                        <b>${by}</b> <time>${moment(at)}</time>
                        <p dir="auto">${note}</p>
                      </li>`,
                  )}
                </ul>
              </details>`
        }
        ${talk.view(undefined)} ${writing()}
        ${
          isOwn
            ? [suggestions(), composer(), endings()]
            : one === undefined || one.held === 'assigned'
              ? empty(text.readOnly)
              : html`<p>
                  <button type="button" class="primary" disabled=${shift.isBusy()} onClick=${() => void shift.take(ref)}>
                    ${text.take}
                  </button>
                </p>`
        }
      </section>`
    },
  }
}
