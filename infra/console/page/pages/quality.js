import { ask, query } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { goTo, hrefOf } from '../page-address.js'
import { choice, empty, panel, scoreMark, shown } from '../parts.js'
import { createReading } from '../reading.js'
import { createShownAnswer, reasonText } from '../shown-answer.js'
import { ago, number, words } from '../words.js'

/** @import { Choices } from '../../conversation-list.ts' */
/** @import { AnswerList, ListedAnswer, QualityFigures } from '../../listed-answers.ts' */
/** @import { Page } from '../pages.js' */
/** @import { Place } from '../page-address.js' */

const SHOWN = /** @type {const} */ (['review', 'disagreeing', 'judged'])
const PERIODS = ['1', '7', '30', '90', '365']
const LOW = ['0.3', '0.5', '0.7', '0.9']
const DEFAULTS = { tenant: '', show: 'review', below: '0.7', days: '30' }

/** @type {Page} */
export const qualityPage = { name: 'quality', title: (all) => all.quality.title, create: createQuality }

function createQuality() {
  let filters = DEFAULTS
  /** @type {ReturnType<typeof createShownAnswer> | null} */
  let one = null
  const choices = createReading(async () => /** @type {Choices} */ (await ask('/console/data/choices')))
  const wanted = () => query({ ...filters, tenant: filters.tenant || (choices.value?.tenants[0] ?? '') })
  const list = createReading(async () => /** @type {AnswerList} */ (await ask(`/console/data/quality/answers?${wanted()}`)))
  const figures = createReading(async () => /** @type {QualityFigures} */ (await ask(`/console/data/quality/figures?${wanted()}`)))

  const load = async () => {
    if (choices.value === undefined) await choices.load()
    if ((choices.value?.tenants.length ?? 0) > 0) await Promise.all([list.load(), figures.load()])
  }
  const narrow = (/** @type {Partial<typeof DEFAULTS>} */ change) =>
    goTo(hrefOf('quality', [], { ...filters, ...change }), { replace: true })

  const filterBar = () => {
    const text = words().quality
    const show = SHOWN.find((name) => name === filters.show) ?? SHOWN[0]
    return html` <div class="filters" role="group" aria-label=${words().conversations.filters}>
      ${choice(words().tenant, words().overview.firstTenant, filters.tenant, choices.value?.tenants ?? [], (tenant) => narrow({ tenant }))}
      ${choice(text.which, null, show, SHOWN, (value) => narrow({ show: value }), nameOfShown)}
      ${show === 'review' ? choice(text.below, null, filters.below, LOW, (below) => narrow({ below })) : null}
      ${choice(
        text.period,
        null,
        filters.days,
        PERIODS,
        (days) => narrow({ days }),
        (days) => text.days(days),
      )}
    </div>`
  }
  const row = (/** @type {ListedAnswer} */ { tenant, kind, actor, seq, idx, at, query: asked, response, quality, reasons, thumbs }) =>
    html` <li key=${`${seq}.${idx}`}>
      <a class="row" href=${hrefOf('quality', [tenant, kind, actor], { ...filters, seq: String(seq), idx: String(idx) })}>
        <b class="preview" dir="auto">${asked}</b>
        <span class="marks">${scoreMark(quality) ?? html`<small>${words().quality.notScored}</small>`}</span>
        <span class="preview" dir="auto">${response}</span>
        <time>${ago(at)}</time>
        <small>${[thumbsText(thumbs), ...reasons.map(reasonText)].filter(Boolean).join(' · ')}</small>
      </a>
    </li>`

  return {
    open: (/** @type {Place} */ { path, query: given }) => {
      filters = { ...DEFAULTS, ...Object.fromEntries(Object.entries(given).filter(([name]) => name in DEFAULTS)) }
      const [tenant, kind, id] = path
      one = null
      if (tenant === undefined || kind === undefined || id === undefined) return void load()
      one = createShownAnswer({ tenant, kind, id }, { seq: given['seq'] ?? '', idx: given['idx'] ?? '' })
    },
    view: () => {
      const text = words().quality
      if (one !== null) {
        return [html`<p class="crumbs"><a href=${hrefOf('quality', [], filters)}>← ${text.back}</a></p>`, one.view()]
      }
      return [
        html`<p class="hint">${text.about}</p>`,
        filterBar(),
        choices.value?.tenants.length === 0
          ? empty(words().overview.noConversations)
          : panel(
              text.list,
              shown(list, ({ answers, more }) => answerList(answers, more, row, wanted), load),
            ),
        shown(figures, figureParts, load),
      ]
    },
  }
}

/** @param {string} thumbs */
const thumbsText = (thumbs) => (thumbs === 'up' || thumbs === 'down' ? words().quality[thumbs] : '')

/** @param {string} show */
const nameOfShown = (show) => words().quality.show[/** @type {typeof SHOWN[number]} */ (show)]

/**
 * @param {readonly ListedAnswer[]} answers @param {boolean} more @param {(one: ListedAnswer) => unknown} row
 * @param {() => URLSearchParams} wanted
 */
const answerList = (answers, more, row, wanted) =>
  answers.length === 0
    ? empty(words().quality.none)
    : html` <p class="actions">
          <a href=${`/console/data/quality/dataset?${wanted()}`} download="answers.jsonl">${words().quality.dataset}</a>
          ${more ? html`<small>${words().quality.first(number(answers.length))}</small>` : null}
        </p>
        <ul class="hits">
          ${answers.map(row)}
        </ul>`

/** @param {QualityFigures} all */
function figureParts({ quality, agreement }) {
  const text = words().quality
  const score = (/** @type {number | null} */ value) => (value === null ? '–' : value.toFixed(2))
  return html` <div class="columns">
    ${panel(
      text.figures,
      quality.every(({ answers }) => answers === 0)
        ? empty(text.noFigures)
        : html` <table class="plain-table">
            <thead>
              <tr>
                <th>${text.model}</th>
                <th class="number">${text.answers}</th>
                <th class="number">${text.average}</th>
                <th class="number">${text.low}</th>
              </tr>
            </thead>
            <tbody>
              ${quality.map(
                ({ total, model, model_version: version, prompt_version: prompt, answers, average, low }) =>
                  html` <tr>
                    <td>${total ? text.allModels : [model, version, prompt].filter((name) => name !== null).join(' · ')}</td>
                    <td class="number">${number(answers)}</td>
                    <td class="number">${score(average)}</td>
                    <td class="number">${number(low)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
    )}
    ${panel(
      text.agreement,
      agreement.length === 0
        ? empty(text.noPairs)
        : html` <table class="plain-table">
            <thead>
              <tr>
                <th>${text.pair}</th>
                <th class="number">${text.answers}</th>
                <th class="number">${text.agree}</th>
                <th class="number">${text.difference}</th>
              </tr>
            </thead>
            <tbody>
              ${agreement.map(
                ({ one, other, answers, agree_share: agree, mean_difference: difference }) =>
                  html` <tr>
                    <td>${one} – ${other}</td>
                    <td class="number">${number(answers)}</td>
                    <td class="number">${agree === null ? '–' : number(agree, { style: 'percent' })}</td>
                    <td class="number">${score(difference)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
    )}
  </div>`
}
