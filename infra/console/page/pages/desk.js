import { ask } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { createDeskCase, unsentOf } from '../desk-case.js'
import { createShift } from '../desk-shift.js'
import { goTo, hrefOf } from '../page-address.js'
import { empty, failure, panel, shown } from '../parts.js'
import { createReading } from '../reading.js'
import { sessionNow } from '../session.js'
import { duration, words } from '../words.js'

/** @import { DeskView, ListedCase } from '../../desk-view.ts' */
/** @import { Page } from '../pages.js' */
/** @import { Place } from '../page-address.js' */
/** @import { Unsent, Shift } from '../desk-case.js' */
/** @import { Who } from '../desk-shift.js' */

/** As the server has it: a name has at most so many characters. */
const AGENT_CHARS = 48

/** @type {Page} */
export const deskPage = { name: 'desk', title: (all) => all.desk.title, create: createDesk }

/** Who was at a desk in this tab, for when the page is opened again. */
let lastHref = ''

/** The address of a desk has who is there: each tab is one agent at one desk, also after it is loaded again. */
function createDesk() {
  const desks = createReading(
    async () => /** @type {{ desks: readonly { tenant: string, team: string }[] }} */ (await ask('/console/data/desks')).desks,
  )
  /** @type {{ key: string, shift: Shift } | null} */
  let at = null
  /** @type {ReturnType<typeof createDeskCase> | null} */
  let opened = null
  /** Who is there, as the address has it. @type {Readonly<Record<string, string>>} */
  let named = {}
  /** What was written and not sent, by case. @type {Map<string, Unsent>} */
  const unsent = new Map()
  const inboxHref = () => (at === null ? hrefOf('desk') : hrefOf('desk', [at.shift.who.tenant, at.shift.who.team], named))
  const hrefOfCase = (/** @type {string} */ ref) =>
    at === null ? hrefOf('desk') : hrefOf('desk', [at.shift.who.tenant, at.shift.who.team, ...ref.split('/')], named)

  const closeAll = () => {
    opened?.close()
    at?.shift.close()
    opened = null
    at = null
  }
  return {
    open: (/** @type {Place} */ { path: [tenant, team, kind, id], query }) => {
      const agent = query['as'] ?? ''
      if (!tenant || !team || agent === '') {
        closeAll()
        if (lastHref !== '') return goTo(lastHref, { replace: true })
        void desks.load()
        return
      }
      const key = JSON.stringify([tenant, team, query])
      if (at?.key !== key) {
        closeAll()
        unsent.clear()
        named = query
        /** @type {Who} */
        const who = {
          tenant,
          team,
          agent,
          languages: listOf(query['lang']),
          skills: listOf(query['skills']),
          capacity: capacityOf(query['capacity']),
        }
        const shift = createShift(who, {
          onTalk: (early) => opened?.onTalk(early),
          onTyping: (typing) => opened?.onTyping(typing),
          onLeft: () => {
            lastHref = ''
            at?.shift.stop()
            goTo(hrefOf('desk'))
          },
        })
        at = { key, shift }
        lastHref = inboxHref()
      }
      const ref = kind && id ? `${kind}/${id}` : ''
      if (opened?.ref === ref) return
      opened?.close()
      opened = null
      if (!kind || !id) return
      const written = unsent.get(ref) ?? unsentOf({ tenant, kind, id })
      // An agent has few cases; those that he only looked at are forgotten.
      for (const [other, { reply, note }] of unsent) if (reply.text === '' && note.text === '') unsent.delete(other)
      unsent.set(ref, written)
      opened = createDeskCase({ tenant, kind, id }, at.shift, inboxHref, written)
    },
    view: () => {
      if (at === null) return entry(desks.value ?? [])
      const { shift } = at
      const problem = shift.problem()
      return [
        bar(shift),
        problem === undefined ? null : failure(problem),
        html`<p class="said" role="status">${shift.said()}</p>`,
        html` <div class="desk" data-open=${String(opened !== null)}>
          <div class="inbox" onKeyDown=${inboxKeys}>
            ${shown(shift.desk, (all) => inbox(all, shift, hrefOfCase, opened?.ref), shift.load)}
          </div>
          ${opened === null ? html`<div class="desk-none">${empty(words().desk.chooseCase)}</div>` : opened.view()}
        </div>`,
      ]
    },
    close: closeAll,
  }
}

/** As the server has it: the most cases that an agent has at one time. */
const CAPACITY_MAX = 20
/** @param {string | undefined} text */
const capacityOf = (text) => (text !== undefined && /^\d+$/.test(text) ? Math.min(CAPACITY_MAX, Math.max(1, Number(text))) : undefined)

/** @param {string | undefined} text */
const listOf = (text = '') =>
  text
    .split(/[,，、]/)
    .map((one) => one.trim())
    .filter(Boolean)

/** Who one is, and at which desk. @param {readonly { tenant: string, team: string }[]} desks */
function entry(desks) {
  const text = words().desk
  const come = (/** @type {Event} */ event) => {
    event.preventDefault()
    const { target } = event
    if (!(target instanceof HTMLFormElement)) return
    const fields = new FormData(target)
    const [as = '', tenant = '', team = '', lang = '', skills = '', capacity = ''] = [
      'as',
      'tenant',
      'team',
      'lang',
      'skills',
      'capacity',
    ].map((name) => {
      const value = fields.get(name)
      return typeof value === 'string' ? value.trim() : ''
    })
    goTo(hrefOf('desk', [tenant, team], { as, lang, skills, capacity }))
  }
  const [first] = desks
  const field = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {string} */ value,
    /** @type {Readonly<Record<string, unknown>>} */ more,
  ) => html`<label>${label}<input name=${name} value=${value} ...${more} /></label>`
  const token = { required: true, maxlength: 128, pattern: '[A-Za-z0-9_\\-]+' }
  return html` <form class="token come" onSubmit=${come}>
    <p>${text.about}</p>
    ${field('as', text.yourName, sessionNow().state?.by?.slice(0, AGENT_CHARS) ?? '', { required: true, maxlength: AGENT_CHARS })}
    ${field('tenant', words().tenant, first?.tenant ?? 'default', { ...token, list: 'desk-tenants' })}
    ${field('team', text.team, first?.team ?? 'support', { ...token, list: 'desk-teams' })}
    ${field('lang', text.languages, '', { maxlength: 64, placeholder: 'zh, en' })} ${field('skills', text.skills, '', { maxlength: 256 })}
    ${field('capacity', text.capacity, '', { type: 'number', min: 1, max: CAPACITY_MAX, placeholder: '3' })}
    ${options(
      'desk-tenants',
      desks.map(({ tenant }) => tenant),
    )}
    ${options(
      'desk-teams',
      desks.map(({ team }) => team),
    )}
    <button class="primary">${text.come}</button>
  </form>`
}

/** @param {string} id @param {readonly string[]} values */
const options = (id, values) =>
  html`<datalist id=${id}>${[...new Set(values)].map((value) => html`<option key=${value} value=${value} />`)}</datalist>`

/** Who is there, and the way home. @param {Shift} shift */
function bar(shift) {
  const text = words().desk
  const { tenant, team, agent } = shift.who
  const me = shift.me()
  const online = shift.desk.value?.agents.filter(({ isOnline }) => isOnline) ?? []
  return html` <div class="actions desk-bar">
    <b>${agent}</b> <span>${tenant}/${team}</span>
    <span class="tag" data-online=${String(me?.isOnline === true)}>${me?.isOnline === true ? text.online : text.offline}</span>
    ${me === undefined ? null : html`<small>${text.load(String(me.load), String(me.capacity))}</small>`}
    <small title=${online.map(({ name }) => name).join(', ')}>${text.agentsOnline(String(online.length))}</small>
    <button type="button" class="plain" disabled=${shift.isBusy()} onClick=${() => void shift.leave(false)}>${text.leave}</button>
    ${
      me === undefined || me.load === 0
        ? null
        : html`<button type="button" class="plain" disabled=${shift.isBusy()} onClick=${() => void shift.leave(true)}>
            ${text.leaveAll}
          </button>`
    }
  </div>`
}

/** Keys of the inbox, while one of its cases has the focus: up and down, T takes it, D declines it. @param {KeyboardEvent} event */
function inboxKeys(event) {
  const { target, currentTarget, key } = event
  if (!(target instanceof HTMLAnchorElement) || !(currentTarget instanceof HTMLElement)) return
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0
  const wanted = key.toLowerCase() === 't' ? '.primary' : key.toLowerCase() === 'd' ? '.plain' : undefined
  if (step !== 0) {
    const rows = [...currentTarget.querySelectorAll('.cases a')]
    const next = rows[rows.indexOf(target) + step]
    if (next instanceof HTMLElement) next.focus()
  } else if (wanted !== undefined) {
    const button = target.closest('li')?.querySelector(`button${wanted}`)
    if (button instanceof HTMLButtonElement) button.click()
  } else return
  event.preventDefault()
}

/** @param {DeskView} all @param {Shift} shift @param {(ref: string) => string} hrefOfCase @param {string | undefined} opened */
function inbox({ cases }, shift, hrefOfCase, opened) {
  const text = words().desk
  const { agent } = shift.who
  const parts = {
    offered: cases.filter((one) => one.held === 'offered' && one.agent === agent),
    own: cases.filter((one) => one.held === 'assigned' && one.agent === agent),
    waiting: cases.filter((one) => one.held === 'waiting' || (one.held === 'offered' && one.agent !== agent)),
    others: cases.filter((one) => one.held === 'assigned' && one.agent !== agent),
  }
  const list = (/** @type {keyof typeof parts} */ name) =>
    panel(
      `${text.parts[name]} (${parts[name].length})`,
      parts[name].length === 0
        ? html`<p class="hint">${text.nothing[name]}</p>`
        : html`<ul class="cases" data-part=${name}>
            ${parts[name].map((one) => caseRow(one, shift, hrefOfCase, opened))}
          </ul>`,
    )
  return [
    html`<p class="unseen" role="status">
      ${parts.offered.length === 0 ? '' : text.offeredNow(parts.offered.map((one) => one.case).join(', '))}
    </p>`,
    list('offered'),
    list('own'),
    list('waiting'),
    parts.others.length === 0 ? null : list('others'),
    html`<p class="hint keys">${text.keys}</p>`,
  ]
}

/** @param {ListedCase} one @param {Shift} shift @param {(ref: string) => string} hrefOfCase @param {string | undefined} opened */
function caseRow({ case: ref, held, agent, priority, lang, skill, since, at, dueAt, missed, waitsForReply }, shift, hrefOfCase, opened) {
  const text = words().desk
  const isOffered = held === 'offered' && agent === shift.who.agent
  const take = async () => {
    if (await shift.take(ref)) goTo(hrefOfCase(ref))
  }
  return html` <li key=${ref} data-case=${ref}>
    <a href=${hrefOfCase(ref)} aria-current=${opened === ref ? 'true' : undefined}><b>${ref}</b></a>
    <span class="marks">
      <span class="tag" data-priority=${priority === 'urgent' ? 'critical' : priority}>${text.priority[priority]}</span>
      ${lang === null ? null : html`<span class="tag">${lang}</span>`} ${skill === null ? null : html`<span class="tag">${skill}</span>`}
      ${held === 'assigned' ? null : html`<small>${text.waits(duration(Math.max(0, shift.now() - since)))}</small>`}
      ${isOffered ? html`<small>${text.until(duration(Math.max(0, at - shift.now())))}</small>` : null}
      ${agent === null || agent === shift.who.agent ? null : html`<small>${held === 'offered' ? text.askedAgent(agent) : agent}</small>`}
      ${waitsForReply ? html`<span class="tag" data-waits="true">${text.waitsForReply}</span>` : null}
      ${dueAt === null ? null : html`<small>${text.due(duration(Math.max(0, dueAt - shift.now())))}</small>`}
      ${missed.length === 0 ? null : html`<span class="tag" data-priority="high">${text.late}</span>`}
    </span>
    ${held === 'assigned' ? null : html`<p class="of-case" dir="auto">${shift.askedOf(ref)?.summary ?? ''}</p>`}
    ${
      held === 'assigned'
        ? null
        : html`<p class="more">
            <button
              type="button"
              class="primary"
              disabled=${shift.isBusy()}
              aria-label=${`${text.take} ${ref}`}
              onClick=${() => void take()}
            >
              ${text.take}
            </button>
            ${
              isOffered
                ? html`<button
                    type="button"
                    class="plain"
                    disabled=${shift.isBusy()}
                    aria-label=${`${text.decline} ${ref}`}
                    onClick=${() => void shift.decline(ref)}
                  >
                    ${text.decline}
                  </button>`
                : null
            }
          </p>`
    }
  </li>`
}
