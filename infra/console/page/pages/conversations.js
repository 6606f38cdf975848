import { ask, posting, query } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { createConversation } from '../conversation.js'
import { goTo, hrefOf } from '../page-address.js'
import { choice, empty, failure, scoreMark, shown } from '../parts.js'
import { createReading, problemOf, repeatWhileVisible } from '../reading.js'
import { redraw } from '../redraw.js'
import { createVirtualList } from '../virtual-list.js'
import { ago, moment, number, words } from '../words.js'

/** @import { Choices, ConversationPage, ListedConversation, Preview } from '../../conversation-list.ts' */
/** @import { SearchAnswer, SearchHit } from '../../../../pipeline/search/search-answer.ts' */
/** @import { Problem } from '../../../web/page/ask.js' */
/** @import { Page, PageView } from '../pages.js' */
/** @import { Place } from '../page-address.js' */

/** Conversations that the page keeps; who looks for older ones filters. */
const LIST_MAX = 20_000
const PAGE = 100
/** Hits that are looked at for those that the other filters let through: as many as a search has. */
const HITS = 100
/** How often the first page of an unscrolled list is read again. */
const EVERY_MS = 5_000
/** Must equal the height in console.css. */
const ROW_HEIGHT = 60
const TYPING_MS = 250
const HIT_CHARS = 600
/** As in console.css. */
const PHONE_PX = 800
const FILTERS = /** @type {const} */ (['tenant', 'kind', 'state', 'intent', 'lang', 'below', 'from', 'to', 'id'])

/** @type {Page} */
export const conversationsPage = { name: 'conversations', title: (all) => all.conversations.title, create: createPage }

/** The list, or one conversation where the address names one. The list keeps its place meanwhile. */
function createPage() {
  const list = createList()
  /** @type {(PageView & { key: string }) | null} */
  let opened = null
  return {
    open: (/** @type {Place} */ place) => {
      const [tenant, kind, id] = place.path
      const key = place.path.join('/')
      if (opened?.key === key) return opened.open?.(place)
      const left = opened?.key
      opened?.close?.()
      opened = tenant && kind && id ? { key, ...createConversation({ tenant, kind, id }) } : null
      if (opened === null) list.open(place)
      else opened.open?.(place)
      if (opened !== null) focusSoon('main')
      else if (left !== undefined) focusSoon(`.virtual a[href=${JSON.stringify(hrefOf('conversations', left.split('/')))}]`)
    },
    view: () => (opened ?? list).view(),
    close: () => {
      opened?.close?.()
      list.close()
    },
  }
}

/** What had the focus is gone; who uses the keyboard goes on here. @param {string} selector */
const focusSoon = (selector) =>
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const found = document.querySelector(selector)
      const isFree = document.activeElement === document.body || document.activeElement?.tagName === 'MAIN'
      if (found instanceof HTMLElement && isFree) found.focus({ preventScroll: true })
    }),
  )

const keyOf = (/** @type {Pick<ListedConversation, 'tenant' | 'kind' | 'id'>} */ { tenant, kind, id }) => `${tenant}/${kind}/${id}`

function createList() {
  /** @type {Readonly<Record<string, string>>} */
  let filter = {}
  /** @type {readonly ListedConversation[]} */
  let rows = []
  let hasMore = false
  let isMore = false
  let turn = 0
  let isScrolled = false
  /** @type {Problem | undefined} */
  let problem
  /** What was said last, by conversation. @type {Map<string, Preview>} */
  const previews = new Map()
  const choices = createReading(async () => /** @type {Choices} */ (await ask('/console/data/choices')))
  const hits = createReading(async (/** @type {string} */ tenant, /** @type {string} */ q) => {
    const { kind = '' } = filter
    const asked = query({ tenant, q, in: 'messages', limit: HITS, ...(kind !== '' && { kind }) })
    const answer = /** @type {SearchAnswer} */ (await ask(`/v1/search?${asked}`))
    const keys = [...new Set(answer.hits.map((hit) => hitKey(tenant, hit)))]
    const given = narrowing()
    if (keys.length === 0 || FILTERS.every((name) => name === 'tenant' || name === 'kind' || given[name] === undefined)) return answer
    const among = /** @type {{ keys: readonly string[] }} */ (await ask('/console/data/conversations/among', posting({ ...given, keys })))
    return { ...answer, hits: answer.hits.filter((hit) => among.keys.includes(hitKey(tenant, hit))), of: answer.hits.length }
  })
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing

  /** The filters that are set, as the server reads them. @returns {Readonly<Record<string, string>>} */
  const narrowing = () => Object.fromEntries(FILTERS.flatMap((name) => (filter[name] ? [[name, timed(name, filter[name])]] : [])))
  const page = async (/** @type {number | undefined} */ before) => {
    const asked = query({ ...narrowing(), limit: PAGE, ...(before === undefined ? {} : { before }) })
    return /** @type {ConversationPage} */ (await ask(`/console/data/conversations?${asked}`))
  }
  const takePreviews = async (/** @type {readonly ListedConversation[]} */ of) => {
    const keys = of.filter((one) => previews.get(keyOf(one)) === undefined).map(keyOf)
    if (keys.length === 0) return
    const read = /** @type {{ previews: readonly Preview[] }} */ (await ask('/console/data/previews', posting({ keys })))
    for (const one of read.previews) previews.set(one.key, one)
    redraw()
  }
  /** Reads the first page; the rows from before stay until it is there. */
  const load = async () => {
    const own = (turn += 1)
    isMore = true
    redraw()
    try {
      const first = await page(undefined)
      if (own !== turn) return
      for (const one of first.conversations) {
        const known = rows.find((row) => keyOf(row) === keyOf(one))
        if (known !== undefined && known.seq !== one.seq) previews.delete(keyOf(one))
      }
      rows = first.conversations
      hasMore = first.more
      problem = undefined
      await takePreviews(rows)
    } catch (error) {
      if (own === turn) problem = problemOf(error)
    } finally {
      if (own === turn) isMore = false
      redraw()
    }
  }
  const more = async () => {
    const last = rows.at(-1)
    if (isMore || !hasMore || last === undefined || rows.length >= LIST_MAX) return
    const own = turn
    isMore = true
    isScrolled = true
    try {
      const next = await page(last.seq)
      if (own !== turn) return
      rows = [...rows, ...next.conversations]
      hasMore = next.more
      await takePreviews(next.conversations)
    } catch (error) {
      problem = problemOf(error)
    } finally {
      if (own === turn) isMore = false
      redraw()
    }
  }
  const list = createVirtualList({
    label: () => words().conversations.list,
    rowHeight: ROW_HEIGHT,
    keyOf: (/** @type {ListedConversation} */ one) => keyOf(one),
    row: (one) => conversationRow(one, previews.get(keyOf(one))),
    onEnd: () => void more(),
  })
  const narrow = (/** @type {Readonly<Record<string, string>>} */ change) =>
    goTo(hrefOf('conversations', [], { ...filter, ...change }), { replace: true })
  const typed =
    (/** @type {string} */ name) =>
    (/** @type {Event} */ { target }) => {
      if (!(target instanceof HTMLInputElement)) return
      const { value } = target
      clearTimeout(typing)
      typing = setTimeout(() => narrow({ [name]: value }), TYPING_MS)
    }
  /** On a phone they would take the place of the list. */
  const areFiltersOpen = () => innerWidth > PHONE_PX || FILTERS.some((name) => filter[name])
  /** The tenant whose texts are searched: the chosen one, or the only one. */
  const searched = () => filter['tenant'] || (choices.value?.tenants.length === 1 ? (choices.value.tenants[0] ?? '') : '')
  const find = () => {
    const q = filter['q'] ?? ''
    if (q.trim() === '' || searched() === '') hits.forget()
    else void hits.load(searched(), q)
  }
  void choices.load().then(find)
  const stop = repeatWhileVisible(EVERY_MS, () => {
    if (isScrolled || location.hash.split('/').length > 2 || turn === 0) return
    if (!isMore) void load()
  })

  return {
    open: (/** @type {Place} */ place) => {
      const isSame = JSON.stringify(place.query) === JSON.stringify(filter) && turn > 0
      filter = place.query
      if (isSame) return
      isScrolled = false
      list.reset()
      find()
      void load()
    },
    view: () => {
      const text = words().conversations
      const q = filter['q'] ?? ''
      return html` <form
          class="filters"
          role="search"
          aria-label=${text.filters}
          onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}
        >
          ${field(text.search, 'search', q, typed('q'), { placeholder: text.searchHint, wide: true })}
          <details open=${areFiltersOpen()}>
            <summary>${text.filters}</summary>
            <div class="narrow">
              ${choice(words().tenant, text.all, filter['tenant'] ?? '', choices.value?.tenants ?? [], (tenant) => narrow({ tenant }))}
              ${choice(text.kind, text.all, filter['kind'] ?? '', choices.value?.kinds ?? [], (kind) => narrow({ kind }))}
              ${choice(text.state, text.all, filter['state'] ?? '', choices.value?.states ?? [], (state) => narrow({ state }))}
              ${choice(text.intent, text.all, filter['intent'] ?? '', choices.value?.intents ?? [], (intent) => narrow({ intent }))}
              ${choice(text.lang, text.all, filter['lang'] ?? '', choices.value?.langs ?? [], (lang) => narrow({ lang }))}
              ${choice(text.below, text.all, filter['below'] ?? '', ['0.3', '0.5', '0.7', '0.8', '0.9'], (below) => narrow({ below }))}
              ${field(text.from, 'datetime-local', filter['from'] ?? '', typed('from'))}
              ${field(text.to, 'datetime-local', filter['to'] ?? '', typed('to'))}
              ${field(text.id, 'text', filter['id'] ?? '', typed('id'))}
            </div>
          </details>
          ${
            Object.values(filter).every((value) => value === '')
              ? null
              : html`<a class="clear" href=${hrefOf('conversations')}>${text.clear}</a>`
          }
        </form>
        ${problem === undefined ? null : failure(problem, load)}
        ${
          q.trim() === ''
            ? listed()
            : searched() === ''
              ? empty(text.chooseTenant)
              : html`<p class="hint">${text.hits}, ${text.searchIn(searched())}</p>
                  ${shown(hits, (answer) => hitList(searched(), answer), find)}`
        }`
    },
    close: () => {
      clearTimeout(typing)
      stop()
    },
  }

  function listed() {
    const text = words().conversations
    if (rows.length === 0) return isMore ? html`<p class="empty" role="status">${words().reading}</p>` : problem ? null : empty(text.none)
    const count = number(rows.length)
    return html`<p class="hint" role="status">${hasMore ? text.shownMore(count) : text.shown(count)}</p>
      ${list.view(rows)}`
  }
}

/** A field of the browser has a local time; the server wants one of RFC 3339. @param {string} name @param {string} value */
function timed(name, value) {
  if (name !== 'from' && name !== 'to') return value
  const at = new Date(value)
  return Number.isNaN(at.getTime()) ? '' : at.toISOString()
}

/**
 * @param {string} label  @param {string} type  @param {string} value  @param {(event: Event) => void} onInput
 * @param {{ placeholder?: string, wide?: boolean }} [more]
 */
const field = (label, type, value, onInput, { placeholder, wide = false } = {}) =>
  html` <label class=${wide ? 'choice wide' : 'choice'}
    ><span>${label}</span><input type=${type} value=${value} placeholder=${placeholder} onInput=${onInput} maxlength="256"
  /></label>`

/** @param {ListedConversation} one @param {Preview | undefined} preview */
const conversationRow = ({ tenant, kind, id, state, messages, intent, quality, history, lastAt }, preview) =>
  html` <a class="row" href=${hrefOf('conversations', [tenant, kind, id])}>
    <span class="who"><span class="path">${tenant}/${kind}/</span><b>${id}</b></span>
    <time title=${moment(lastAt)}>${ago(lastAt)}</time>
    <span class="preview" dir="auto">${preview?.text ?? ''}</span>
    <span class="marks">
      ${intent === null ? null : html`<span class="tag">${intent}</span>`}
      ${history ? html`<span class="tag">${words().conversations.imported}</span>` : null} <span class="state">${state}</span>
      <small>${words().conversations.messages(number(messages))}</small> ${scoreMark(quality)}
    </span>
  </a>`

/** @param {string} tenant @param {Pick<SearchHit, 'kind' | 'actor'>} hit */
const hitKey = (tenant, { kind, actor }) => keyOf({ tenant, kind, id: actor })

/** @param {string} tenant @param {SearchAnswer & { readonly of?: number }} answer `of`: how many hits were held against the filters */
const hitList = (tenant, { hits, of = 0 }) => [
  of < HITS ? null : html`<p class="hint">${words().conversations.hitsOf(number(of))}</p>`,
  hits.length === 0
    ? empty(words().conversations.noHits)
    : html` <ul class="hits" aria-label=${words().conversations.hits}>
        ${hits.map((hit) => html`<li key=${hit.id}>${hitRow(tenant, hit)}</li>`)}
      </ul>`,
]

/** @param {string} tenant @param {SearchHit} hit */
const hitRow = (tenant, { kind, actor, seq, at, text, highlights, score }) =>
  html` <a class="row" href=${hrefOf('conversations', [tenant, kind, actor], { at: String(seq) })}>
    <span class="who"><span class="path">${tenant}/${kind}/</span><b>${actor}</b></span>
    <time title=${moment(at)}>${ago(at)}</time>
    <span class="preview" dir="auto">${marked(text.slice(0, HIT_CHARS), highlights)}</span>
    <span class="marks"><small>${score.toFixed(2)}</small></span>
  </a>`

/** A text with the ranges of it that were found. @param {string} text @param {SearchHit['highlights']} ranges */
function marked(text, ranges) {
  let done = 0
  const parts = ranges
    .filter(([start]) => start < text.length)
    .flatMap(([start, end]) => {
      const before = text.slice(done, start)
      done = end
      return [before, html`<mark>${text.slice(start, end)}</mark>`]
    })
  return [...parts, text.slice(done)]
}
