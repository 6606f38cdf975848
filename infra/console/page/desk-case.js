import { ask, pathOf, posting, query } from '../../web/page/ask.js'
import { html } from '../../web/page/html.js'
import { createCanned, openVariable } from './desk-canned.js'
import { draftAnswer } from './desk-draft.js'
import { newId, sendInput } from './desk-inputs.js'
import { draftOf, keepDraft } from './kept-drafts.js'
import { goTo, hrefOf } from './page-address.js'
import { empty, failure } from './parts.js'
import { createReading, problemOf, repeatWhileVisible } from './reading.js'
import { redraw } from './redraw.js'
import { createTalk } from './talk-view.js'
import { moment, words } from './words.js'

/** @import { EarlyMessage } from '../desk-stream.ts' */
/** @import { CannedReply, CaseNote, ListedCase } from '../desk-view.ts' */
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

const draftKey = (/** @type {Address} */ { tenant, kind, id }, /** @type {Mode} */ mode) => `desk ${tenant}/${kind}/${id} ${mode}`

/** What was written in a case and not sent, also before the page was opened. @param {Address} actor @returns {Unsent} */
export function unsentOf(actor) {
  const of = (/** @type {Mode} */ mode) => ({ text: draftOf(draftKey(actor, mode))?.['text'] ?? '', id: newId() })
  return { reply: of('reply'), note: of('note') }
}

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
  const drafted = createReading((/** @type {string} */ q) => draftAnswer(actor.tenant, q))
  const canned = createReading(async () => /** @type {{ replies: readonly CannedReply[] }} */ (await ask(`${shift.path}/canned`)).replies)
  /** What the customer wants to be called. */
  const called = createReading(async (/** @type {string} */ customer) => {
    const path = `/v1/customers/${encodeURIComponent(actor.tenant)}/${encodeURIComponent(customer)}?limit=1`
    const { profile } = /** @type {{ profile: { facts: readonly { about: string, value: string }[] } }} */ (await ask(path))
    return profile.facts.find(({ about }) => about === 'name')?.value
  })
  let calledFor = ''
  const teams = createReading(async () =>
    /** @type {{ desks: readonly { tenant: string, team: string }[] }} */ (await ask('/console/data/desks')).desks
      .filter(({ tenant, team }) => tenant === actor.tenant && team !== shift.who.team)
      .map(({ team }) => team),
  )
  void canned.load()
  void teams.load()
  const talk = createTalk(actor, { onStep: () => goTo(hrefOf('conversations', [actor.tenant, actor.kind, actor.id])) })
  const follow = async () => {
    await talk.follow()
    const question = talk.question()
    if (isClosed || question === undefined || !shift.isOwn(ref) || searchedFor === question.id || question.text.trim() === '') return
    searchedFor = question.id
    drafted.forget()
    await found.load(question.text.slice(0, QUESTION_CHARS))
  }
  const soon = (/** @type {() => unknown} */ work) => {
    for (const timer of due) clearTimeout(timer)
    due = AFTER_MS.map((ms) => setTimeout(work, ms))
  }
  const followAll = () => {
    const customer = shift.askedOf(ref)?.customer
    if (customer !== undefined && customer !== calledFor) {
      calledFor = customer
      void called.load(customer)
    }
    return Promise.all([follow(), notes.load()])
  }
  const stop = repeatWhileVisible(EVERY_MS, () => {
    for (const [who, { until }] of writers) if (until <= Date.now()) writers.delete(who)
    void followAll()
  })
  shift.followTalk(ref)

  const write = (/** @type {string} */ text) => {
    unsent[mode] = { ...unsent[mode], text }
    keepDraft(draftKey(actor, mode), { text })
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
      const left = now.startsWith(text) ? now.slice(text.length) : now
      unsent[own] = { text: left, id: newId() }
      keepDraft(draftKey(actor, own), { text: left })
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
          if (event.key === '/' && draft === '' && mode === 'reply') {
            const list = document.querySelector('.canned')
            if (!(list instanceof HTMLDetailsElement)) return
            event.preventDefault()
            list.open = true
            list.querySelector('input')?.focus()
            return
          }
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
  const focusReply = () => {
    const field = document.querySelector('.composer textarea')
    if (!(field instanceof HTMLTextAreaElement)) return undefined
    field.focus()
    return field
  }
  const use = (/** @type {string} */ text) => {
    mode = 'reply'
    const { text: draft } = unsent.reply
    write(draft.trim() === '' ? text : `${draft.trimEnd()}\n${text}`)
    const field = focusReply()
    if (field === undefined) return
    field.value = unsent.reply.text
    // What the page does not know is for the agent to write.
    const left = openVariable(unsent.reply.text)
    if (left !== null) field.setSelectionRange(left.index, left.index + left[0].length)
  }
  const replies = createCanned({
    use,
    keep: async (name) => {
      const { text } = unsent.reply
      const lang = langOf()
      const before = canned.value?.find((one) => one.name === name)?.texts
      let isKept = false
      await shift.act(async () => {
        const desk = { tenant: actor.tenant, kind: 'desk', id: shift.who.team }
        await sendInput(desk, 'canned.set', { name, texts: { ...before, [lang ?? words().code.slice(0, 2)]: text } })
        isKept = true
        soon(() => canned.load())
      })
      return isKept
    },
  })
  const langOf = () => shift.caseOf(ref)?.lang ?? null
  const cannedReplies = () => {
    const customer = shift.askedOf(ref)?.customer
    const name = called.value
    const values = { agent, case: ref, team: shift.who.team, ...(customer && { customer }), ...(name && { name }) }
    return replies.view(canned.value ?? [], values, { lang: langOf(), canKeep: unsent.reply.text.trim() !== '' })
  }
  const draft = () => {
    const text = words().desk
    const question = talk.question()?.text.trim() ?? ''
    if (question === '') return null
    const { value, problem, isBusy } = drafted
    return html` <div class="draft" aria-busy=${String(isBusy)}>
      ${
        value === undefined || value === null
          ? html`<button
              type="button"
              class="plain"
              disabled=${isBusy}
              onClick=${() => void drafted.load(question.slice(0, QUESTION_CHARS))}
            >
              ${isBusy ? text.drafting : text.draft}
            </button>`
          : html`<p dir="auto">${value.text}</p>
              <small>${value.sources.map(({ source, score }) => text.source(source, score.toFixed(2))).join(' · ')}</small>
              <button type="button" class="plain" onClick=${() => use(value.text)}>${text.use}</button>`
      }
      <p role="status" class="hint">${value === null ? text.noDraft : ''}</p>
      ${problem === undefined ? null : failure(problem)}
    </div>`
  }
  const suggestions = () => {
    const text = words().desk
    if (found.value === undefined && found.problem === undefined) return null
    return html` <details class="suggestions" open>
      <summary>${text.suggestions}</summary>
      ${draft()} ${found.problem === undefined ? null : failure(found.problem)}
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
          <label>${text.team}<input name="team" maxlength="128" pattern="[A-Za-z0-9_\\-]+" list="other-teams" /></label>
          <datalist id="other-teams">${teams.value?.map((team) => html`<option key=${team} value=${team} />`)}</datalist>
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
      return html` <section
        class="desk-case"
        aria-label=${text.aCase(ref)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          if (event.key !== 'Escape' || event.isComposing) return
          const list = event.target instanceof Element ? event.target.closest('.canned[open]') : null
          if (list instanceof HTMLDetailsElement) {
            list.open = false
            focusReply()
            return
          }
          goTo(inboxHref())
          const row = document.querySelector(`.cases [data-case="${ref}"] a`)
          if (row instanceof HTMLElement) row.focus()
        }}
      >
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
            ? [suggestions(), cannedReplies(), composer(), endings()]
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
