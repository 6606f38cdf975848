import { html } from '../../web/page/html.js'
import { stepDetail } from '../../web/page/step-detail.js'
import { timeline } from '../../web/page/timeline.js'
import { look } from './follow.js'
import { current, update } from './store.js'

/** The history of the actor; the user can step through it. */
export function actorTimeline() {
  const { actor, steps, last, at, live } = current()
  if (actor === null) return null
  if (last === 0) {
    return html`<section class="time"><p class="hint">${actor.tenant}/${actor.kind}/${actor.id} has no record yet.</p></section>`
  }
  const onChoose = (/** @type {number} */ n) => {
    void look(n)
    update({ tab: 'step' })
  }
  return timeline({ steps, last, at, live, onLook: (n) => void look(n), onChoose })
}

/** The chosen step: its input, its effects, and the state before and after. */
export function shownStep() {
  const { actor, steps, at, progress, context } = current()
  const step = steps.get(at)
  if (actor === null) return html`<p class="empty">Choose an actor, or send an input to one.</p>`
  if (step === undefined) return html`<p class="empty">Reading…</p>`
  return stepDetail({
    actor,
    step,
    before: steps.get(at - 1),
    progress,
    context,
    onContext: (view) => update({ context: view }),
    placeOf: ({ kind, id }) => `#/${[kind, actor.tenant, id].map(encodeURIComponent).join('/')}`,
  })
}
