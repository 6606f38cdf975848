import { UTC } from '../questions/ask-question.ts'
import { fact, htmlPage } from '../report/html-page.ts'
import { type Html, html } from '../report/html-template.ts'
import { COLOURS, drawChart } from '../report/report-charts.ts'
import { createFormat, type Format } from '../report/report-format.ts'
import { clipped } from '../report/report-words.ts'
import type { UnusualHour } from '../trends/hourly-series.ts'
import type { SocialFigures, SocialScope } from './social-figures.ts'
import type { Column, SocialWords } from './social-words.ts'

/** Unusual hours of all topics that are listed. */
const UNUSUAL_MAX = 15

type Section = keyof SocialWords['sections']
type Cell = string | { readonly figure: string }

/** The report as one HTML page. It has no scripts, and it loads no fonts, images or styles. */
export function socialPage(figures: SocialFigures, scope: SocialScope, madeAt: Date, words: SocialWords): string {
  const { tz = UTC } = scope
  const format = createFormat(words.language, tz)
  const at = (time: Date): string => format.time(time.toISOString())
  const { posts, authors, comments, likes, unlikes, shares, searches } = figures.totals
  const counts = [posts, authors, comments, likes - unlikes, shares, searches].map((value) => format.count(value))
  const [one = '', two = '', three = '', four = '', five = '', six = ''] = counts
  const body = html`<header>
      <h1>${words.title}</h1>
      <dl>
        ${fact(words.tenant, scope.tenant)} ${fact(words.period, `${at(scope.from)} ${words.to} ${at(scope.to)}`)}
        ${fact(words.made, at(madeAt))}
      </dl>
      <p class="answer">${words.summary(one, two, three, four, five, six)}</p>
      <p>${words.times(tz)}</p>
    </header>
    <main>${sectionsOf(figures, words, format)}</main>`
  return htmlPage(words.tag, `${words.title} · ${scope.tenant}`, body)
}

function sectionsOf(figures: SocialFigures, words: SocialWords, format: Format): Html[] {
  const figure = (value: number): Cell => ({ figure: format.count(value) })
  const share = (part: number, of: number): Cell => ({ figure: of === 0 ? '–' : format.share(part / of) })
  const decimal = (value: number): Cell => ({ figure: format.figure(value) })
  const section = (name: Section, columns: readonly Column[], rows: readonly (readonly Cell[])[], chart?: Html): Html =>
    html`<section id="${name}">
      <h2>${words.sections[name]}</h2>
      ${rows.length === 0 ? html`<p class="answer none">${words.none}</p>` : [chart, table(columns, rows, words)]}
      <p class="definition">${words.counted[name]}</p>
    </section>`
  const titles = new Map(figures.topics.map(({ topic, keywords }) => [topic, keywords === '' ? topic : keywords]))
  const unusual = [...figures.topics.flatMap(({ trend }) => (trend === undefined ? [] : [trend])), figures.trend]
    .flatMap(({ name, unusual: hours }) => hours.map((hour): readonly [string, UnusualHour] => [titles.get(name) ?? words.allPosts, hour]))
    .sort(([, a], [, b]) => Math.abs(b.surprise) - Math.abs(a.surprise))
    .slice(0, UNUSUAL_MAX)
  const hour = (time: Date): string => format.time(time.toISOString())
  const { forecast } = figures.trend
  return [
    section(
      'moods',
      ['platform', 'language', 'posts', 'positive', 'neutral', 'negative'],
      figures.moods.map(({ platform, language, positive, neutral, negative }) => {
        const all = positive + neutral + negative
        return [
          platform || words.unknown,
          language || words.unknown,
          figure(all),
          ...[positive, neutral, negative].map((n) => share(n, all)),
        ]
      }),
    ),
    section(
      'topics',
      ['topic', 'posts', 'usual', 'positive', 'negative'],
      figures.topics.map(({ topic, posts, positive, negative, trend }) => [
        titles.get(topic) ?? topic,
        figure(posts),
        { figure: format.figure(trend?.usualDay ?? null) },
        share(positive, posts),
        share(negative, posts),
      ]),
    ),
    section(
      'unusual',
      ['topic', 'hour', 'posts', 'expected', 'low', 'high'],
      unusual.map(([title, { at, count, mean, low, high }]) => [
        title,
        hour(at),
        figure(count),
        decimal(mean),
        decimal(low),
        decimal(high),
      ]),
    ),
    forecast === null
      ? html`<section id="forecast">
          <h2>${words.sections.forecast}</h2>
          <p class="answer none">${words.noForecast}</p>
        </section>`
      : section(
          'forecast',
          ['hour', 'expected', 'low', 'high'],
          forecast.map(({ at, mean, low, high }) => [hour(at), decimal(mean), decimal(low), decimal(high)]),
          html`<figure role="img" aria-label="${words.sections.forecast}">
            ${drawChart({
              shape: 'lines',
              labels: forecast.map(({ at }) => hour(at)),
              series: [
                { name: words.columns.high, values: forecast.map(({ high }) => high), colour: COLOURS.light },
                { name: words.columns.expected, values: forecast.map(({ mean }) => mean), colour: COLOURS.plain },
                { name: words.columns.low, values: forecast.map(({ low }) => low), colour: COLOURS.grey },
              ],
              format: (value) => format.count(value),
            })}
          </figure>`,
        ),
    section(
      'authors',
      ['author', 'influence', 'posts', 'interest'],
      figures.authors.map(({ author, influence, posts, interestWords }) => [author, decimal(influence), figure(posts), interestWords]),
    ),
    section(
      'spreads',
      ['post', 'shares', 'depth', 'perHour'],
      figures.spreads.map(({ post, excerpt, size, depth, per_hour: perHour }) => [
        excerpt === '' ? post : excerpt,
        figure(size),
        figure(depth),
        decimal(perHour),
      ]),
    ),
    section(
      'searches',
      ['keyword', 'searches'],
      figures.searches.map(({ keyword, searches }) => [keyword, figure(searches)]),
    ),
  ]
}

function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], words: SocialWords): Html {
  const side = (cell: Cell | undefined): string => (typeof cell === 'string' ? 'text' : 'figure')
  const [first = []] = rows
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${columns.map((column, index) => html`<th scope="col" class="${side(first[index])}">${words.columns[column]}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td class="${side(cell)}">${typeof cell === 'string' ? clipped(cell) : cell.figure}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
