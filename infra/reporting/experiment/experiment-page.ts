import { fact, htmlPage } from '../report/html-page.ts'
import { type Html, html } from '../report/html-template.ts'
import { experimentRows } from './experiment-rows.ts'
import { statementsOf } from './experiment-statement.ts'
import type { ExperimentSummary } from './experiment-summary.ts'
import type { QuestionResult, VariantResult } from './run-experiment.ts'

export interface ExperimentPage {
  readonly dataset: string
  readonly variants: { readonly a: string; readonly b: string }
  /** Name and version of what evaluated. */
  readonly evaluator: string
  readonly madeAt: Date
  readonly summary: ExperimentSummary
  readonly results: readonly QuestionResult[]
}

/** Questions that the page shows: those whose answers differ most in quality. */
const QUESTIONS_MAX = 50
/** UTF-16 units of a text that the page shows. */
const TEXT_CHARS_MAX = 600

/** An experiment as one HTML page without scripts, which loads nothing. */
export function experimentPage({ dataset, variants, evaluator, madeAt, summary, results }: ExperimentPage): string {
  const shown = results.toSorted((one, other) => distance(other) - distance(one)).slice(0, QUESTIONS_MAX)
  const body = html`<header>
      <h1>Experiment</h1>
      <dl>
        ${fact('Dataset', dataset)} ${fact('Questions', String(summary.questions))} ${fact('A', variants.a)} ${fact('B', variants.b)}
        ${fact('Evaluator', evaluator)} ${fact('Made', `${madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`)}
      </dl>
    </header>
    <main>
      <section>
        <h2>What it shows</h2>
        ${statementsOf(summary).map((statement, index) => html`<p class="${index === 0 ? 'answer' : 'definition'}">${statement}</p>`)}
      </section>
      <section>
        <h2>Side by side</h2>
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col"></th>
                <th scope="col">A</th>
                <th scope="col">B</th>
              </tr>
            </thead>
            <tbody>
              ${experimentRows(summary).map(
                ([name, a, b]) =>
                  html`<tr>
                    <th scope="row">${name}</th>
                    <td>${a}</td>
                    <td>${b}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
        <p class="definition">
          An answer is good from a quality of 0.7 on. Tokens and cost of an answer are means. Both answered the same words to
          ${summary.sameAnswers} of the questions.
        </p>
      </section>
      <section>
        <h2>Questions whose answers differ most</h2>
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col">Question</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
              </tr>
            </thead>
            <tbody>
              ${shown.map(
                ({ question, a, b }) =>
                  html`<tr>
                    <td>${question.line}</td>
                    <td class="text">${clipped(question.query)}</td>
                    <td class="text">${resultText(a)}</td>
                    <td class="text">${resultText(b)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
        ${results.length > shown.length ? html`<p class="more">${results.length - shown.length} more are not shown.</p>` : undefined}
      </section>
    </main>`
  return htmlPage('en', `Experiment · ${dataset}`, body)
}

const qualityOf = ({ evaluation }: VariantResult): number => evaluation?.overall ?? 0
const distance = ({ a, b }: QuestionResult): number => Math.abs(qualityOf(b) - qualityOf(a))
const clipped = (text: string): string => (text.length <= TEXT_CHARS_MAX ? text : `${text.slice(0, TEXT_CHARS_MAX)}…`.toWellFormed())

function resultText({ answer, evaluation, error }: VariantResult): Html {
  if (error !== undefined) return html`<em>${error.code}</em>`
  if (answer === undefined || answer.text === null || evaluation === undefined) return html`<em>no answer</em>`
  return html`${clipped(answer.text)}<small>${[evaluation.overall.toFixed(2), ...evaluation.reasons].join(' · ')}</small>`
}
