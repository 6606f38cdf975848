import { ask, posting, Problem, query } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { createDoing } from '../doing.js'
import { draftOf, keepDraft, keeping, newestDraft } from '../kept-drafts.js'
import { goTo, hrefOf } from '../page-address.js'
import { choice, empty, failure, panel, shown } from '../parts.js'
import { createReading } from '../reading.js'
import { redraw } from '../redraw.js'
import { ago, number, words } from '../words.js'

/** @import { Choices } from '../../conversation-list.ts' */
/** @import { Gap, Gaps, ListedSource } from '../../knowledge-gaps.ts' */
/** @import { Page } from '../pages.js' */
/** @import { Place } from '../page-address.js' */

const PERIODS = ['1', '7', '30', '90', '365']
const DEFAULTS = { tenant: '', days: '30', find: '' }
const TITLE_CHARS_MAX = 300
const ARTICLE_CHARS_MAX = 16_000
/** As many as one answer has. */
const SOURCES_MAX = 200

/**
 * An article that is written; `key` is that of its draft.
 *
 * @typedef {{ key: string, title: string, text: string, isFromAgent: boolean }} Proposal
 */

/** @type {Page} */
export const knowledgePage = { name: 'knowledge', title: (all) => all.knowledge.title, create: createKnowledge }

function createKnowledge() {
  let filters = DEFAULTS
  /** What is being written. @type {Proposal | null} */
  let draft = null
  let said = ''
  const doing = createDoing(() => {
    said = ''
  })
  const choices = createReading(async () => /** @type {Choices} */ (await ask('/console/data/choices')))
  // Those that are asked come first.
  const tenants = () => [...new Set([...(choices.value?.tenants ?? []), ...(choices.value?.knowing ?? [])])]
  const tenantNow = () => filters.tenant || (tenants()[0] ?? '')
  const gaps = createReading(
    async () => /** @type {Gaps} */ (await ask(`/console/data/knowledge/gaps?${query({ tenant: tenantNow(), days: filters.days })}`)),
  )
  const sources = createReading(async () => {
    const wanted = query({ tenant: tenantNow(), text: filters.find })
    return /** @type {{ sources: readonly ListedSource[] }} */ (await ask(`/console/data/knowledge/sources?${wanted}`)).sources
  })
  const draftStart = () => `article ${tenantNow()} `
  /** What was written and not approved. @param {string} key @param {Readonly<Record<string, string>>} written @returns {Proposal} */
  const written = (key, { title = '', text = '' }) => ({ key, title, text, isFromAgent: false })
  const load = async () => {
    if (choices.value === undefined) await choices.load()
    const newest = newestDraft(draftStart())
    if (draft === null && newest !== undefined) draft = written(...newest)
    if (tenantNow() !== '') await Promise.all([gaps.load(), sources.load()])
  }
  const narrow = (/** @type {Partial<typeof DEFAULTS>} */ change) =>
    goTo(hrefOf('knowledge', [], { ...filters, ...change }), { replace: true })

  const write = (/** @type {string} */ example) =>
    doing.run(async () => {
      const wanted = query({ tenant: tenantNow(), question: example })
      const key = draftStart() + example
      const before = draftOf(key)
      const text =
        before !== undefined || example === ''
          ? ''
          : /** @type {{ text: string }} */ (await ask(`/console/data/knowledge/draft?${wanted}`)).text
      draft = before ? written(key, before) : { key, title: example.slice(0, TITLE_CHARS_MAX), text, isFromAgent: text !== '' }
      requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector('textarea')?.focus()))
    })
  const approve = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    const { target } = event
    if (!(target instanceof HTMLFormElement)) return
    const fields = Object.fromEntries(new FormData(target))
    void doing.run(async () => {
      const body = await ask('/console/data/knowledge/learn', posting({ tenant: tenantNow(), ...fields }))
      const { outcome, code, detail } = /** @type {{ outcome?: string, code?: string, detail?: string }} */ (body)
      if (code !== undefined) throw new Problem(422, code, detail ?? code)
      said = words().knowledge.outcomes[/** @type {keyof ReturnType<typeof words>['knowledge']['outcomes']} */ (outcome)]
      discard()
      await sources.load()
    })
  }

  const filterBar = () => {
    const text = words().knowledge
    const { days } = words().quality
    return html` <div class="filters" role="group" aria-label=${words().conversations.filters}>
      ${choice(words().tenant, words().overview.firstTenant, filters.tenant, tenants(), (tenant) => narrow({ tenant }))}
      ${choice(words().quality.period, null, filters.days, PERIODS, (value) => narrow({ days: value }), days)}
      <button type="button" class="plain" onClick=${() => void write('')}>${text.fresh}</button>
    </div>`
  }
  const form = (/** @type {Proposal} */ { key, title, text: body, isFromAgent }) => {
    const text = words().knowledge
    return html` <form key=${key} class="judgement" onInput=${keeping(key)} onSubmit=${approve}>
      ${isFromAgent ? html`<p class="hint">${text.fromAgent}</p>` : null}
      <label class="choice wide"
        ><span>${text.name}</span><input name="title" required maxlength=${TITLE_CHARS_MAX} dir="auto" defaultValue=${title}
      /></label>
      <label class="choice wide"
        ><span>${text.text}</span
        ><textarea name="text" rows="8" required maxlength=${ARTICLE_CHARS_MAX} dir="auto" defaultValue=${body}></textarea>
      </label>
      <p class="actions">
        <button class="primary" disabled=${doing.isBusy}>${text.approve}</button>
        <button type="button" class="plain" onClick=${discard}>${words().cancel}</button>
      </p>
    </form>`
  }
  const discard = () => {
    if (draft !== null) keepDraft(draft.key, {})
    draft = null
    redraw()
  }
  const gap = (/** @type {Gap} */ one) => {
    const text = words().knowledge
    const facts = [
      text.asked(number(one.asked)),
      one.wordings > 1 ? text.wordings(number(one.wordings)) : '',
      one.lastAt && ago(one.lastAt),
    ]
    return html` <li key=${one.example}>
      <b dir="auto">${one.example}</b><small>${facts.filter(Boolean).join(' · ')}</small>
      <button
        type="button"
        class="plain"
        disabled=${doing.isBusy}
        aria-label=${`${text.draft}: ${one.example}`}
        onClick=${() => void write(one.example)}
      >
        ${text.draft}
      </button>
    </li>`
  }
  const gapList = (/** @type {Gaps} */ all) => {
    const text = words().knowledge
    if (all.gaps.length === 0) return empty(text.noGaps)
    return html` ${all.byMeaning ? null : html`<p class="hint">${text.byWords}</p>`}
      <ul class="problems">
        ${all.gaps.map(gap)}
      </ul>`
  }
  const sourceSearch = () =>
    html`<label class="choice"
      ><span>${words().knowledge.find}</span
      ><input
        type="search"
        value=${filters.find}
        onChange=${(/** @type {Event} */ { target }) => target instanceof HTMLInputElement && narrow({ find: target.value })}
    /></label>`

  return {
    open: (/** @type {Place} */ { query: given }) => {
      filters = { ...DEFAULTS, ...Object.fromEntries(Object.entries(given).filter(([name]) => name in DEFAULTS)) }
      void load()
    },
    view: () => {
      const text = words().knowledge
      return [
        html`<p class="hint">${text.about}</p>`,
        filterBar(),
        doing.problem === undefined ? null : failure(doing.problem),
        html`<p role="status" class=${said === '' ? '' : 'sent'} data-outcome="committed">${said}</p>`,
        draft === null ? null : panel(text.article, form(draft)),
        html`<div class="columns">
          ${panel(text.gaps, shown(gaps, gapList, load))} ${panel(text.sources, shown(sources, sourceTable, load), sourceSearch())}
        </div>`,
      ]
    },
  }
}

/** @param {readonly ListedSource[]} all */
function sourceTable(all) {
  const text = words().knowledge
  if (all.length === 0) return empty(text.noSources)
  return html` <table class="plain-table">
      <thead>
        <tr>
          <th>${text.name}</th>
          <th class="number">${text.chunks}</th>
          <th>${text.changed}</th>
        </tr>
      </thead>
      <tbody>
        ${all.map(
          ({ source, title, chunks, lastAt }) =>
            html` <tr key=${source}>
              <td dir="auto">${title || source}${title === '' ? null : html` <small>${source}</small>`}</td>
              <td class="number">${number(chunks)}</td>
              <td><time>${ago(lastAt)}</time></td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${all.length < SOURCES_MAX ? null : html`<p class="hint">${text.some(number(all.length))}</p>`}`
}
