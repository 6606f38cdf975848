import { type Freshness, type Scope, UTC } from '../questions/ask-question.ts'
import { compareAnswers, type ComparedRow, type Row } from '../questions/compare-answers.ts'
import { type Answer, QUESTION_NAMES, type QuestionName } from '../questions/questions.ts'
import { fact, htmlPage } from './html-page.ts'
import { type Html, html } from './html-template.ts'
import { drawChart } from './report-charts.ts'
import { createFormat, type Format, type Kind, type Value } from './report-format.ts'
import { SECTIONS } from './report-sections.ts'
import { type Answers, clipped, type ColumnName, named, type Words } from './report-words.ts'

/** Max rows that a table shows; `colloquy questions` prints all. */
const ROWS_MAX = 25

export interface ReportOf {
  readonly scope: Scope
  /** Tables that lack rows, because they are being made again after damage. */
  readonly repairing: readonly string[]
  readonly madeAt: Date
}

/** The period that a report compares with. */
interface Before {
  readonly scope: Scope
  readonly answers: Answers
}

export interface ReportContent extends ReportOf {
  readonly answers: Answers
  readonly before?: Before | undefined
  /** Whether history that was imported with `--count` is part of the answers. */
  readonly countsHistory?: boolean | undefined
  /** Freshness of the tables before the first question. */
  readonly freshness: Freshness | undefined
}

/** The report as one HTML page. It has no scripts, and it loads no fonts, images or styles. */
export function reportPage(content: ReportContent, words: Words): string {
  const { scope, before, freshness, repairing, madeAt, countsHistory = false } = content
  const { tz = UTC } = scope
  const format = createFormat(words.language, tz)
  const at = (time: Date): string => format.time(time.toISOString())
  const state = freshness === undefined ? words.nothingProjected : words.asOf(format.count(freshness.seq), at(freshness.completeTo))
  const period = ({ from, to }: Scope): string => `${at(from)} ${words.to} ${at(to)}`
  const body = html`<header>
      <h1>${words.title}</h1>
      <dl>
        ${fact(words.tenant, scope.tenant)} ${scope.kind === undefined ? undefined : fact(words.kind, scope.kind)}
        ${fact(words.period, period(scope))} ${before === undefined ? undefined : fact(words.before, period(before.scope))}
        ${fact(words.made, at(madeAt))}
      </dl>
      <p>
        ${state} ${words.times(tz)} ${countsHistory ? words.historyCounts : words.noHistory} ${before === undefined ? '' : words.comparison}
      </p>
      ${repairing.length === 0 ? undefined : html`<p role="alert">${words.repairing(repairing.join(', '))}</p>`}
      <nav aria-label="${words.contents}">
        <ol>
          ${QUESTION_NAMES.map((name) => html`<li><a href="#${name}">${words.questions[name].title}</a></li>`)}
        </ol>
      </nav>
    </header>
    <main>${QUESTION_NAMES.map((name) => section(name, content, { words, format }))}</main>`
  return htmlPage(words.tag, `${words.title} · ${scope.tenant}`, body)
}

interface Tools {
  readonly words: Words
  readonly format: Format
}

function section<Name extends QuestionName>(name: Name, { scope, answers, before }: ReportContent, { words, format }: Tools): Html {
  const { title, definition, summary } = words.questions[name]
  const { hasData } = SECTIONS[name]
  const rows: Answer<Name> = answers[name]
  const earlier: Answer<Name> | undefined = before?.answers[name]
  const compared =
    before === undefined || earlier === undefined
      ? undefined
      : compareAnswers(name, { scope, rows }, { scope: before.scope, rows: earlier })
  const answer = (): Html => html`<p class="answer">${summary(rows, format)}</p>`
  const beforeAnswer = (of: Answer<Name>): Html =>
    html`<p class="before">${words.beforeAnswer} ${hasData(of) ? summary(of, format) : words.noData}</p>`
  return html`<section id="${name}">
    <h2>${title}</h2>
    ${hasData(rows) ? answer() : html`<p class="answer none">${words.noData}</p>`}
    ${earlier === undefined ? undefined : beforeAnswer(earlier)}
    ${hasData(rows) ? [figure(name, rows, words, format), table(name, rows, compared, { words, format })] : undefined}
    <p class="definition"><strong>${words.howCounted}:</strong> ${definition}</p>
  </section> `
}

function figure<Name extends QuestionName>(name: Name, rows: Answer<Name>, words: Words, format: Format): Html | undefined {
  const chart = SECTIONS[name].chart(rows, { words, format })
  if (chart === undefined || chart.labels.length === 0) return undefined
  return html`<figure role="img" aria-label="${words.questions[name].title}">${drawChart(chart)}</figure>`
}

function table<Name extends QuestionName>(
  name: Name,
  all: Answer<Name>,
  compared: readonly ComparedRow[] | undefined,
  { words, format }: Tools,
): Html {
  const { tableRows } = SECTIONS[name]
  const columns: readonly (readonly [ColumnName, Kind])[] = SECTIONS[name].columns
  const rows: readonly Row[] = tableRows === undefined ? (compared?.map(({ row }) => row) ?? all) : tableRows(all)
  const pairs = new Map(compared?.map((pair) => [pair.row, pair]))
  const shown = rows.slice(0, ROWS_MAX)
  const left = rows.length - shown.length
  return html`<div class="wide">
      <table>
        <thead>
          <tr>
            ${columns.map(([column, kind]) => html`<th scope="col" class="${side(kind)}">${words.columns[column]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map((row) => {
            const isTotal = row['total'] === true
            const pair = pairs.get(row)
            const content = (column: ColumnName, kind: Kind, index: number): Html | string => {
              if (isTotal && side(kind) === 'text') return index === 0 ? words.all : ''
              const figures = cell(row[column] ?? null, kind, words, format)
              return pair === undefined ? figures : html`${figures}${beside(pair, column, kind, format)}`
            }
            return html`<tr${isTotal ? { html: ' class="total"' } : undefined}>${columns.map(
              ([column, kind], index) => html`<td class="${side(kind)}">${content(column, kind, index)}</td>`,
            )}</tr>`
          })}
        </tbody>
      </table>
    </div>
    ${left > 0 ? html`<p class="more">${words.more(format.count(left))}</p>` : undefined}`
}

/** The value of the period before, and the change. */
function beside({ previous, change }: ComparedRow, column: ColumnName, kind: Kind, format: Format): Html | undefined {
  if (kind === 'name' || kind === 'who' || kind === 'text') return undefined
  const value = previous?.[column] ?? null
  if (side(kind) === 'text' && value === null) return undefined
  // Without a value before there is no change.
  if (value === null || !(column in change)) return html`<small>${format[kind](value)}</small>`
  return html`<small>${format[kind](value)} · ${format.change(kind, change[column] ?? null)}</small>`
}

const TEXTS: readonly Kind[] = ['name', 'who', 'text', 'day', 'hour', 'weekday', 'clock']
const side = (kind: Kind): 'text' | 'figure' => (TEXTS.includes(kind) ? 'text' : 'figure')

function cell(value: Value, kind: Kind, words: Words, format: Format): Html {
  if (kind === 'name') return html`${named(words, value === null ? null : String(value))}`
  if (kind === 'who') return html`${value === null ? words.nobody : named(words, String(value))}`
  if (kind === 'text') return html`${value === null ? '–' : clipped(String(value))}`
  return html`${format[kind](value)}`
}
