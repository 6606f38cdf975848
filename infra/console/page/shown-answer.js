import { ask, pathOf, posting, Problem, query } from '../../web/page/ask.js'
import { html } from '../../web/page/html.js'
import { createDoing } from './doing.js'
import { draftOf, keepDraft, keeping } from './kept-drafts.js'
import { hrefOf } from './page-address.js'
import { empty, failure, panel, scoreMark, shown } from './parts.js'
import { createReading } from './reading.js'
import { moment, words } from './words.js'

/** @import { ShownAnswer } from '../listed-answers.ts' */

/** Characters of a comment and of a correction. */
const SAID_CHARS_MAX = 4_000

/** A reason of an evaluator in words; one of a model as it is. @param {string} reason */
export const reasonText = (reason) =>
  words().quality.reasons[/** @type {keyof ReturnType<typeof words>['quality']['reasons']} */ (reason)] ?? reason

/**
 * One answer with its question, passages and scores, and the judgement of a person.
 *
 * @param {{ tenant: string, kind: string, id: string }} actor @param {{ seq: string, idx: string }} place
 */
export function createShownAnswer({ tenant, kind, id }, place) {
  const path = pathOf(tenant, kind, id)
  const reading = createReading(async () => /** @type {ShownAnswer} */ (await ask(`/console/data/quality/answer/${path}?${query(place)}`)))
  const draftKey = `judgement ${path} ${place.seq}.${place.idx}`
  /** What was written before this view of it. */
  let draft = draftOf(draftKey)
  let isSent = false
  const doing = createDoing(() => {
    isSent = false
  })
  const judge = (/** @type {SubmitEvent} */ event, /** @type {string} */ answer) => {
    event.preventDefault()
    const { target } = event
    if (!(target instanceof HTMLFormElement)) return
    const said = [...new FormData(target)].filter(([, value]) => typeof value === 'string' && value.trim() !== '')
    void doing.run(async () => {
      const body = await ask(`/console/data/quality/judge/${path}`, posting({ answer, ...Object.fromEntries(said) }))
      const { code, detail } = /** @type {{ code?: string, detail?: string }} */ (body)
      if (code !== undefined) throw new Problem(422, code, detail ?? code)
      isSent = true
      keepDraft(draftKey, {})
      draft = undefined
      target.reset()
      await reading.load()
    })
  }

  const form = (/** @type {ShownAnswer} */ { answer }) => {
    const text = words().quality
    return html` <form
      class="judgement"
      onInput=${keeping(draftKey)}
      onSubmit=${(/** @type {SubmitEvent} */ event) => judge(event, answer)}
    >
      <fieldset>
        <legend>${text.judge}</legend>
        <label class="check"
          ><input type="radio" name="thumbs" value="up" required defaultChecked=${draft?.['thumbs'] === 'up'} />${text.up}</label
        >
        <label class="check"
          ><input type="radio" name="thumbs" value="down" defaultChecked=${draft?.['thumbs'] === 'down'} />${text.down}</label
        >
      </fieldset>
      <label class="choice wide"
        ><span>${text.comment}</span
        ><textarea name="comment" rows="2" maxlength=${SAID_CHARS_MAX} dir="auto" defaultValue=${draft?.['comment'] ?? ''}></textarea>
      </label>
      <label class="choice wide"
        ><span>${text.correction}</span
        ><textarea name="correction" rows="4" maxlength=${SAID_CHARS_MAX} dir="auto" defaultValue=${draft?.['correction'] ?? ''}></textarea>
      </label>
      ${doing.problem === undefined ? null : failure(doing.problem)}
      <p role="status" class=${isSent ? 'sent' : ''} data-outcome="committed">${isSent ? text.sent : ''}</p>
      <button class="primary" disabled=${doing.isBusy}>${text.send}</button>
    </form>`
  }

  void reading.load()
  return {
    view: () =>
      shown(
        reading,
        (one) => {
          const text = words().quality
          return html` <div class="columns">
            <div class="stack">
              ${panel(text.question, html`<p class="whole-text" dir="auto">${one.query}</p>`)}
              ${panel(
                text.answer,
                html` <p class="whole-text" dir="auto" lang=${one.lang || undefined}>${one.response}</p>
                  <p class="hint">
                    <time>${moment(one.at)}</time>${one.model === null ? '' : ` · ${one.model}`} ·${' '}
                    <a href=${hrefOf('conversations', [tenant, kind, id])}>${text.conversation}</a>
                  </p>`,
              )}
              ${panel(
                text.passages,
                html` ${one.sources.length === 0 ? null : html`<p class="hint" dir="auto">${one.sources.join(' · ')}</p>`}
                ${
                  one.passages.length === 0
                    ? empty(text.noPassages)
                    : html`<ol class="passages">
                        ${one.passages.map((passage) => html`<li class="whole-text" dir="auto">${passage}</li>`)}
                      </ol>`
                }`,
              )}
            </div>
            <div class="stack">
              ${panel(text.scores, one.scores.length === 0 ? empty(text.noScores) : scores(one))} ${panel(text.judge, form(one))}
            </div>
          </div>`
        },
        reading.load,
      ),
  }
}

/** @param {ShownAnswer} one */
function scores({ scores: all }) {
  const text = words().quality
  return html` <table class="plain-table">
    <thead>
      <tr>
        <th>${text.by}</th>
        <th>${text.dimension}</th>
        <th class="number">${text.score}</th>
        <th>${text.said}</th>
      </tr>
    </thead>
    <tbody>
      ${all.map(
        ({ evaluator, dimension, score, reasons, comment }) =>
          html` <tr key=${`${evaluator} ${dimension}`}>
            <td>${evaluator}</td>
            <td>${text.dimensions[/** @type {keyof typeof text.dimensions} */ (dimension)] ?? dimension}</td>
            <td class="number">${dimension === 'rating' ? score : dimension === 'correction' ? '' : scoreMark(score)}</td>
            <td dir="auto">${[...reasons.map(reasonText), comment ?? ''].filter(Boolean).join(' · ')}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
