import { ask, query, serverNow } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { goTo, hrefOf } from '../page-address.js'
import { choice, empty, panel, shown, whatToDo } from '../parts.js'
import { createReading, repeatWhileVisible } from '../reading.js'
import { ago, duration, number, words } from '../words.js'

/** @import { Choices } from '../../conversation-list.ts' */
/** @import { KeyFigures, Overview } from '../../overview.ts' */
/** @import { Page } from '../pages.js' */

const EVERY_MS = 5_000
const MINUTES = 60
const MINUTE_MS = 60_000
/** The drawing of the rates, in its own units. */
const [CHART_WIDTH, CHART_HEIGHT] = [600, 120]

/** @type {Page} */
export const overviewPage = { name: 'overview', title: (all) => all.overview.title, create: createOverview }

function createOverview() {
  const overview = createReading(async () => /** @type {Overview} */ (await ask('/console/data/overview')))
  const choices = createReading(async () => /** @type {Choices} */ (await ask('/console/data/choices')))
  const figures = createReading(
    async (/** @type {string} */ tenant) => /** @type {KeyFigures} */ (await ask(`/console/data/figures?${query({ tenant })}`)),
  )
  let tenant = ''
  let isBusy = false
  const refresh = async () => {
    // A slow server is not asked again before it has answered.
    if (isBusy) return
    isBusy = true
    const takeFigures = async () => {
      const all = await choices.load()
      const of = tenant || (all?.tenants[0] ?? '')
      if (of !== '') await figures.load(of)
    }
    await Promise.all([takeFigures(), overview.load()])
    isBusy = false
  }
  const stop = repeatWhileVisible(EVERY_MS, refresh)
  return {
    open: (/** @type {{ query: Readonly<Record<string, string>> }} */ place) => {
      if (tenant === (place.query['tenant'] ?? '')) return
      tenant = place.query['tenant'] ?? ''
      figures.forget()
      if (tenant !== '') void figures.load(tenant)
    },
    view: () => [
      shown(overview, overviewParts, refresh),
      panel(
        words().overview.figures,
        choices.value?.tenants.length === 0 ? empty(words().overview.noConversations) : shown(figures, keyFigures),
        choice(words().tenant, words().overview.firstTenant, tenant, choices.value?.tenants ?? [], (value) =>
          goTo(hrefOf('overview', [], { tenant: value }), { replace: true }),
        ),
      ),
    ],
    close: stop,
  }
}

/** @param {Overview} all */
const overviewParts = ({ status, problems, rates, alerts }) => {
  const text = words().overview
  return html` <div class="columns">
    ${panel(text.wrongNow, problems === null ? empty(text.unread) : wrongNow(problems))}
    ${panel(text.rates, rates === null ? empty(text.unread) : ratesChart(rates))}
    ${panel(text.stages, status === null ? empty(text.unread) : stages(status))}
    ${panel(text.alerts, alerts === null ? empty(text.unread) : openAlerts(alerts))}
  </div>`
}

/** @param {NonNullable<Overview['problems']>} problems */
const wrongNow = (problems) =>
  problems.length === 0
    ? html`<p class="fine">✓ ${words().overview.nothingWrong}</p>`
    : html`<ul class="problems">
        ${problems.map(
          ({ code, what, remedy }) => html` <li key=${code + what}><code>${code}</code>${whatToDo(code, `${what} ${remedy}`)}</li>`,
        )}
      </ul>`

/** @param {NonNullable<Overview['status']>} status */
function stages({ stages: all, dead, log }) {
  const text = words().overview
  return html` <table class="plain-table">
      <thead>
        <tr>
          <th>${text.stage}</th>
          <th class="number">${text.lag}</th>
          <th>${text.state}</th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(all).map(
          ([role, { lag, ok, detail }]) =>
            html` <tr key=${role} data-ok=${String(ok)}>
              <td><code>${role}</code></td>
              <td class="number">${number(lag)}</td>
              <td lang="en">${detail}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <p class="hint">${text.records(number(log.last))} <a href=${hrefOf('dead')}>${text.dead(number(dead))}</a></p>`
}

/** Inputs of each minute of the last hour, and those that were rejected. @param {NonNullable<Overview['rates']>} rates */
function ratesChart(rates) {
  const text = words().overview
  const byMinute = new Map(rates.map((one) => [Math.floor(Date.parse(one.minute) / MINUTE_MS), one]))
  const now = Math.floor(serverNow() / MINUTE_MS)
  const minutes = Array.from({ length: MINUTES }, (_, index) => byMinute.get(now - MINUTES + 1 + index))
  const highest = Math.max(1, ...rates.map(({ inputs }) => inputs))
  const total = rates.reduce((sum, { inputs }) => sum + inputs, 0)
  const rejected = rates.reduce((sum, one) => sum + one.rejected, 0)
  const width = CHART_WIDTH / MINUTES
  const summary = text.ratesSummary(number(total), number(rejected), number(highest))
  return html` <svg
      class="rates"
      viewBox=${`0 0 ${CHART_WIDTH} ${CHART_HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label=${summary}
    >
      ${minutes.map((one, index) => {
        if (one === undefined) return null
        const [height, bad] = [(one.inputs / highest) * CHART_HEIGHT, (one.rejected / highest) * CHART_HEIGHT]
        return html` <g key=${one.minute}
          ><title>${text.minute(number(one.inputs), number(one.rejected))}</title>
          <rect class="bar-all" x=${index * width + 1} y=${CHART_HEIGHT - height} width=${width - 2} height=${height} />
          ${
            one.rejected === 0
              ? null
              : html`<rect class="bar-bad" x=${index * width + 1} y=${CHART_HEIGHT - bad} width=${width - 2} height=${bad} />`
          }
        </g>`
      })}
    </svg>
    <p class="hint">${summary}</p>`
}

/** @param {NonNullable<Overview['alerts']>} alerts */
const openAlerts = (alerts) =>
  alerts.length === 0
    ? html`<p class="fine">✓ ${words().overview.noAlerts}</p>`
    : html`<ul class="problems">
        ${alerts.map(
          ({ tenant, trigger, series, priority, title, value, raisedAt, acknowledgedBy }) =>
            html` <li key=${`${tenant}/${trigger}/${series}`}>
              <span class="tag" data-priority=${priority}>${priority}</span> <b dir="auto">${title}</b>
              <small
                >${tenant} · ${series}${value === null ? '' : ` = ${number(value)}`} ·
                <time>${ago(raisedAt)}</time> ${acknowledgedBy === null ? '' : ` · ${words().overview.seenBy(acknowledgedBy)}`}</small
              >
            </li>`,
        )}
      </ul>`

/** @param {KeyFigures} all */
const keyFigures = ({ now, before }) =>
  html` <dl class="figures">
    ${now.map(({ figure, value, aim, met }) => {
      const earlier = before.find((one) => one.figure === figure)?.value ?? null
      return html` <div key=${figure} data-met=${met === null ? 'unknown' : String(met)}>
        <dt>${words().figures[/** @type {keyof ReturnType<typeof words>['figures']} */ (figure)] ?? figure}</dt>
        <dd>
          <b>${figureText(figure, value)}</b>
          <small>${words().overview.aim(figureText(figure, aim))}</small>
          <small>${words().overview.dayBefore(figureText(figure, earlier))}</small>
        </dd>
      </div>`
    })}
  </dl>`

/** @param {string} figure @param {number | null} value */
function figureText(figure, value) {
  if (value === null) return '–'
  if (figure.endsWith('_ms')) return duration(value)
  if (figure === 'quality') return value.toFixed(2)
  return number(value, { style: 'percent', maximumFractionDigits: 1 })
}
