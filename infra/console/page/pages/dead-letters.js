import { ask, posting, query } from '../../../web/page/ask.js'
import { html } from '../../../web/page/html.js'
import { createDoing } from '../doing.js'
import { hrefOf } from '../page-address.js'
import { empty, failure, panel, shown, whatToDo } from '../parts.js'
import { createReading, problemOf } from '../reading.js'
import { redraw } from '../redraw.js'
import { ago, number, words } from '../words.js'

/** @import { DeadLetters, ResolvedLetters, ShownDeadLetter } from '../../dead-letter-actions.ts' */
/** @import { Page } from '../pages.js' */
/** @import { Place } from '../page-address.js' */

/** @typedef {{ end: 'redriven' | 'dropped', seqs?: number[], reason?: string }} Wish */

/** As many as one request resolves. */
const CHOSEN_MAX = 100

/** @type {Page} */
export const deadLettersPage = { name: 'dead', title: (all) => all.dead.title, create: createDeadLetters }

function createDeadLetters() {
  let reason = ''
  /** @type {Set<number>} */
  let chosen = new Set()
  let isAsked = false
  let said = ''
  const doing = createDoing(() => {
    isAsked = false
  })
  /** What is unfolded. @type {{ seq: number, payload: string, cut: boolean } | null} */
  let unfolded = null
  const dead = createReading(
    async () => /** @type {DeadLetters} */ (await ask(`/console/data/dead?${query(reason === '' ? {} : { reason })}`)),
  )
  const resolve = (/** @type {Wish} */ wish) =>
    doing.run(async () => {
      const { resolved } = /** @type {ResolvedLetters} */ (await ask('/console/data/dead/resolve', posting(wish)))
      said = summaryOf(resolved)
      chosen = new Set()
      unfolded = null
      await dead.load()
    })
  const unfold = async (/** @type {number} */ seq) => {
    if (unfolded?.seq === seq) unfolded = null
    else {
      try {
        const read = /** @type {{ payload: string, cut: boolean }} */ (await ask(`/console/data/dead/payload?${query({ seq })}`))
        unfolded = { seq, ...read }
      } catch (error) {
        doing.tell(problemOf(error))
      }
    }
    redraw()
  }
  const toggle = (/** @type {readonly number[]} */ seqs, /** @type {boolean} */ isOn) => {
    for (const seq of seqs)
      if (isOn) chosen.add(seq)
      else chosen.delete(seq)
    isAsked = false
    redraw()
  }

  const actions = (/** @type {DeadLetters} */ all) => {
    const text = words().dead
    const seqs = [...chosen].slice(0, CHOSEN_MAX)
    const isIdle = doing.isBusy || seqs.length === 0
    return html` <div class="actions" role="group" aria-label=${text.title}>
      <label class="check"
        ><input
          type="checkbox"
          checked=${seqs.length > 0 && seqs.length >= Math.min(CHOSEN_MAX, all.letters.length)}
          onChange=${(/** @type {Event} */ { target }) =>
            toggle(
              all.letters.slice(0, CHOSEN_MAX).map(({ seq }) => seq),
              target instanceof HTMLInputElement && target.checked,
            )}
        />${text.selectAll}</label
      >
      <button type="button" class="primary" disabled=${isIdle} onClick=${() => void resolve({ end: 'redriven', seqs })}>
        ${text.redrive(seqs.length)}
      </button>
      ${
        isAsked
          ? html`<span class="confirm" role="alert"
              >${text.confirmDrop(seqs.length)}
              <button type="button" class="danger" disabled=${isIdle} onClick=${() => void resolve({ end: 'dropped', seqs })}>
                ${text.yesDrop}
              </button>
              <button type="button" class="plain" onClick=${() => confirmDrop(false)}>${words().cancel}</button></span
            >`
          : html`<button type="button" class="danger" disabled=${isIdle} onClick=${() => confirmDrop(true)}>
              ${text.drop(seqs.length)}
            </button>`
      }
      ${
        reason === ''
          ? null
          : html`<button type="button" class="plain" disabled=${doing.isBusy} onClick=${() => void resolve({ end: 'redriven', reason })}>
              ${text.redriveAll}
            </button>`
      }
    </div>`
  }
  const confirmDrop = (/** @type {boolean} */ value) => {
    isAsked = value
    redraw()
  }

  const letter = (/** @type {ShownDeadLetter} */ { seq, address: { tenant, kind, id }, reason: why, type, error, at }) =>
    html` <li key=${seq} class="letter">
      <label class="check"
        ><input
          type="checkbox"
          checked=${chosen.has(seq)}
          aria-label=${words().dead.select(String(seq))}
          onChange=${(/** @type {Event} */ { target }) => toggle([seq], target instanceof HTMLInputElement && target.checked)}
        /><small>${seq}</small></label
      >
      <div>
        <code class="tag" data-priority="high">${why}</code> <b>${type}</b>${' '}
        <a href=${hrefOf('conversations', [tenant, kind, id])}>${tenant}/${kind}/${id}</a> <time title=${at}>${ago(at)}</time>
        <p lang="en" dir="auto">${error}</p>
        <button type="button" class="plain" aria-expanded=${String(unfolded?.seq === seq)} onClick=${() => void unfold(seq)}>
          ${words().dead.payload}
        </button>
        ${
          unfolded?.seq !== seq
            ? null
            : html`<pre class="json" dir="auto" tabindex="0">${unfolded.payload}</pre>
                ${unfolded.cut ? html`<small>${words().dead.cut}</small>` : null}`
        }
      </div>
    </li>`

  return {
    open: (/** @type {Place} */ place) => {
      reason = place.query['reason'] ?? ''
      chosen = new Set()
      unfolded = null
      void dead.load()
    },
    view: () => [
      html`<p class="hint">${words().dead.about}</p>`,
      doing.problem === undefined ? null : failure(doing.problem),
      said === '' ? null : html`<p class="sent" data-outcome="committed" role="status">${said}</p>`,
      shown(
        dead,
        (all) =>
          all.causes.length === 0
            ? html`<p class="fine">✓ ${words().dead.none}</p>`
            : [
                panel(words().dead.causes, causes(all, reason)),
                panel(
                  `${words().dead.newest}${reason === '' ? '' : ` ${words().dead.ofReason(reason)}`}`,
                  all.letters.length === 0
                    ? empty(words().dead.none)
                    : [
                        actions(all),
                        html`<ul class="letters">
                          ${all.letters.map(letter)}
                        </ul>`,
                      ],
                ),
              ],
        dead.load,
      ),
    ],
  }
}

/** @param {DeadLetters} all @param {string} chosen */
const causes = ({ causes: all }, chosen) =>
  html` <ul class="problems">
    ${all.map(
      ({ reason, error, count, kinds, types, lastAt, meaning, remedy, seq }) =>
        html` <li key=${seq}>
          <b class="number">${number(count)}</b> <code>${reason}</code> <span lang="en" dir="auto">${error}</span>
          <small>${[kinds.join(', '), types.join(', ')].filter(Boolean).join(' · ')} · <time>${ago(lastAt)}</time></small>
          ${whatToDo(reason, `${meaning} ${remedy}`)}
          ${reason === chosen ? html`<a href=${hrefOf('dead')}>${words().dead.showAll}</a>` : null}
        </li>`,
    )}
  </ul>`

/** @param {ResolvedLetters['resolved']} resolved */
function summaryOf(resolved) {
  const { outcomes, done } = words().dead
  const counts = Map.groupBy(resolved, ({ outcome }) => outcome)
  const parts = [...counts].map(([outcome, all]) => {
    const why = all.find(({ error }) => error !== undefined)?.error
    return `${all.length} ${outcomes[outcome]}${why === undefined ? '' : ` (${why})`}`
  })
  return done(parts.join(', ') || '0')
}
