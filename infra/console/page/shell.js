import { html } from '../../web/page/html.js'
import { hrefOf, placeNow } from './page-address.js'
import { PAGES } from './pages.js'
import { failure } from './parts.js'
import { redraw } from './redraw.js'
import { mayEnter, readSession, sessionNow, signIn, signOut } from './session.js'
import { number, otherLanguages, useLanguage, words } from './words.js'

/** @import { Place } from './page-address.js' */
/** @import { Page, PageView } from './pages.js' */

/** @type {{ page: Page, view: PageView, hash: string } | null} */
let open = null
let isNaming = false

/** The page of a place; the first one, and its address, for an unknown name. @param {Place} place */
function pageOf(place) {
  const known = PAGES.find(({ name }) => name === place.page)
  if (known !== undefined || PAGES[0] === undefined) return known
  if (place.page !== '') history.replaceState(null, '', hrefOf(PAGES[0].name))
  return PAGES[0]
}

/** Shows a place, once somebody may. @param {Place} place */
export function showPlace(place) {
  redraw()
  const page = pageOf(place)
  if (page === undefined || !mayEnter()) return
  if (open?.page !== page) {
    open?.view.close?.()
    open = { page, view: page.create(), hash: '' }
    document.querySelector('main')?.scrollTo(0, 0)
    document.querySelector('main')?.focus()
  }
  if (open.hash === location.hash && open.hash !== '') return
  open.hash = location.hash || '#'
  open.view.open?.(place)
}

/** The whole page for the current state. */
export function shell() {
  const { state, problem } = sessionNow()
  if (state === null) {
    return html`<main class="sign-in">
      ${problem === null ? html`<p role="status">${words().reading}</p>` : failure(problem, readSession)}
    </main>`
  }
  if (!mayEnter() || isNaming) return signInForm()
  if (open === null) showPlace(placeNow())
  const title = open?.page.title(words()) ?? ''
  document.title = `${title} – Colloquy`
  return html` <a class="skip" href="#main" onClick=${skip}>${words().skip}</a>
    ${sidebar()}
    <main id="main" tabindex="-1" data-page=${open?.page.name}>
      ${state.isProtected ? null : html`<p class="open-note" role="note">${words().unprotected}</p>`}
      <h1>${title}</h1>
      ${open?.view.view()}
    </main>`
}

/** The address stays that of the page. @param {Event} event */
function skip(event) {
  event.preventDefault()
  document.querySelector('main')?.focus()
}

function sidebar() {
  const { state } = sessionNow()
  return html` <header class="side">
    <p class="brand"><img src="/console/icon.svg" alt="" width="24" height="24" />Colloquy</p>
    <nav aria-label=${words().navigation}>
      ${PAGES.map(
        (page) =>
          html` <a key=${page.name} href=${hrefOf(page.name)} aria-current=${page === open?.page ? 'page' : undefined}>
            ${page.title(words())}
          </a>`,
      )}
    </nav>
    <div class="account">
      ${state?.by === null ? null : html`<span class="signer" title=${words().actingAs}>${state?.by}</span>`}
      ${
        state?.isProtected === true || (state !== null && state.by !== null)
          ? html`<button type="button" class="plain" onClick=${leave}>${words().signOut}</button>`
          : html`<button type="button" class="plain" onClick=${() => name(true)}>${words().giveName}</button>`
      }
      ${otherLanguages().map(
        (one) =>
          html` <button key=${one.code} type="button" class="plain" lang=${one.lang} onClick=${() => useLanguage(one)}>
            ${one.language}
          </button>`,
      )}
    </div>
  </header>`
}

async function leave() {
  await signOut()
  if (mayEnter()) return
  open?.view.close?.()
  open = null
}

/** @param {boolean} value */
function name(value) {
  isNaming = value
  redraw()
}

function signInForm() {
  const { state, problem, isBusy } = sessionNow()
  const isProtected = state?.isProtected === true
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const { target } = event
    if (!(target instanceof HTMLFormElement) || isBusy) return
    const fields = new FormData(target)
    const [by, token] = [fields.get('by'), fields.get('token')]
    await signIn(typeof by === 'string' ? by : '', typeof token === 'string' ? token : '')
    if (sessionNow().problem !== null) return
    isNaming = false
    showPlace(placeNow())
  }
  return html` <main class="sign-in">
    <form class="token" onSubmit=${submit}>
      <h1><img src="/console/icon.svg" alt="" width="24" height="24" />Colloquy</h1>
      <label>${words().yourName}<input name="by" autocomplete="username" maxlength="64" required /></label>
      ${
        isProtected
          ? html`<label
              >${words().token}<input name="token" type="password" autocomplete="current-password" required maxlength="1024"
            /></label>`
          : html`<p class="open-note">${words().unprotected}</p>`
      }
      ${
        problem === null
          ? null
          : html`<p class="failure" role="alert">
              ${
                problem.status === 401
                  ? words().wrongToken
                  : problem.status === 429
                    ? words().wrongTooOften
                    : html`<span lang="en">${problem.message}</span>`
              }
            </p>`
      }
      <button class="primary" disabled=${isBusy}>${isProtected ? words().signIn : words().save}</button>
      ${isProtected ? null : html`<button type="button" class="plain" onClick=${() => name(false)}>${words().cancel}</button>`}
      <p class="hint">${words().sessionNote(number(12))}</p>
    </form>
  </main>`
}
