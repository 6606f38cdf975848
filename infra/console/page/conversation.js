import { ask, pathOf, query } from '../../web/page/ask.js'
import { drawnChart } from '../../web/page/drawn-chart.js'
import { html } from '../../web/page/html.js'
import { stepDetail } from '../../web/page/step-detail.js'
import { timeline } from '../../web/page/timeline.js'
import { goTo, hrefOf } from './page-address.js'
import { empty, failure, shown } from './parts.js'
import { createReading, problemOf, repeatWhileVisible } from './reading.js'
import { redraw } from './redraw.js'
import { createTalk } from './talk-view.js'
import { duration, moment, words } from './words.js'

/** @import { DrawnKind } from '../../web/drawn-kinds.ts' */
/** @import { History, Step } from '../../web/actor-history.ts' */
/** @import { ListedTask } from '../talk.ts' */
/** @import { Problem } from '../../web/page/ask.js' */
/** @import { Place } from './page-address.js' */

/** @typedef {{ tenant: string, kind: string, id: string }} Address */
/** @typedef {'chart' | 'step' | 'tasks'} Tab */

const EVERY_MS = 3_000
/** Steps read at a time, and those that the page keeps: the ones nearest to the shown one. */
const WINDOW = 60
const STEPS_MAX = 600

/** One conversation: the talk as people see it, and beside it what the machine did. @param {Address} actor */
export function createConversation(actor) {
  const path = pathOf(actor.tenant, actor.kind, actor.id)
  /** @type {Map<number, Step>} */
  let steps = new Map()
  let last = 0
  let at = 0
  let live = true
  let isRead = false
  /** @type {History['progress']} */
  let progress = {}
  /** @type {Problem | undefined} */
  let problem
  /** @type {Tab} */
  let tab = /** @type {Tab} */ ('chart')
  /** @type {import('../../web/page/step-detail.js').ContextView} */
  let context = 'changes'
  /** At first as large as can be read, with the active state in sight. @type {number | null} */
  let zoom = 0.75
  const kind = createReading(
    async () => /** @type {{ kind: DrawnKind | null }} */ (await ask(`/console/data/kind/${encodeURIComponent(actor.kind)}`)),
  )
  const tasks = createReading(async () => /** @type {{ tasks: readonly ListedTask[] }} */ (await ask(`/console/data/tasks/${path}`)).tasks)

  /** @param {{ from?: number, limit?: number }} range */
  const read = async (range) => {
    try {
      const got = /** @type {History} */ (await ask(`/console/data/history/${path}?${query(range)}`))
      for (const step of got.records) steps.set(step.n, step)
      last = Math.max(last, got.last)
      progress = got.progress
      if (live) at = last
      isRead = true
      problem = undefined
      const far = [...steps.keys()].sort((a, b) => Math.abs(b - at) - Math.abs(a - at))
      for (const n of far.slice(0, Math.max(0, steps.size - STEPS_MAX))) steps.delete(n)
    } catch (error) {
      problem = problemOf(error)
    } finally {
      redraw()
    }
  }
  const address = [actor.tenant, actor.kind, actor.id]
  /**
   * Shows a step, with what had been said by then; the last one makes the page follow new ones.
   *
   * @param {number} n @param {{ isInTalk?: boolean }} [from] whether it was chosen in the talk, which then stays where it is
   */
  const look = async (n, { isInTalk = false } = {}) => {
    at = Math.max(1, Math.min(n, last))
    live = at === last
    goTo(hrefOf('conversations', address, { step: live ? '' : String(at) }), { replace: true })
    redraw()
    if ([at, at - 1].some((one) => one > 0 && !steps.has(one))) {
      await read({ from: Math.max(1, at - WINDOW / 2), limit: WINDOW })
    }
    const seq = steps.get(at)?.seq
    if (!isInTalk && seq !== undefined) talk.showUpTo(seq)
  }
  const talk = createTalk(actor, {
    onStep: (n) => {
      tab = 'step'
      void look(n, { isInTalk: true })
    },
  })
  const follow = async () => {
    await Promise.all([read(last === 0 ? { limit: WINDOW } : { from: last + 1, limit: WINDOW }), talk.follow()])
    if (tab === 'tasks') await tasks.load()
  }
  const stop = repeatWhileVisible(EVERY_MS, follow)
  void kind.load()

  /** @param {Tab} name */
  const choose = (name) => {
    tab = name
    if (name === 'tasks') void tasks.load()
    redraw()
  }
  /** @param {KeyboardEvent} event */
  const onTabKey = (event) => {
    const names = Object.keys(words().talk.tabs)
    const way = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (way === 0) return
    event.preventDefault()
    const next = names[(names.indexOf(tab) + way + names.length) % names.length]
    choose(next === 'step' ? 'step' : next === 'tasks' ? 'tasks' : 'chart')
    const button = document.getElementById(`tab-${next}`)
    button?.focus()
  }
  const content = () => {
    if (tab === 'tasks') return shown(tasks, taskList)
    if (tab === 'chart') {
      return shown(kind, ({ kind: drawn }) =>
        drawn === null || drawn.drawing === null
          ? empty(words().talk.noChart)
          : drawnChart({
              name: actor.kind,
              drawing: drawn.drawing,
              step: steps.get(at),
              before: steps.get(at - 1),
              zoom,
              labels: words().chart,
              onZoom: (scale) => {
                zoom = scale
                redraw()
              },
            }),
      )
    }
    const step = steps.get(at)
    return step === undefined
      ? empty(isRead && last === 0 ? words().talk.noRecord : words().reading)
      : stepDetail({
          actor,
          step,
          before: steps.get(at - 1),
          progress,
          context,
          labels: words().step,
          placeOf: ({ kind: other, id }) => hrefOf('conversations', [actor.tenant, other, id]),
          onContext: (view) => {
            context = view
            redraw()
          },
        })
  }

  return {
    open: (/** @type {Place} */ { query: { at: seq, step } }) => {
      const wanted = Math.max(0, Number(step ?? 0) || 0)
      if (wanted === 0) return talk.lookAt(Number(seq ?? 0) || 0)
      if (wanted === at) return
      at = wanted
      live = false
      void read({ from: Math.max(1, wanted - WINDOW / 2), limit: WINDOW }).then(() => look(wanted))
    },
    close: stop,
    view: () =>
      html` <p class="crumbs">
          <a href=${hrefOf('conversations')}>← ${words().talk.back}</a> <b>${actor.tenant}/${actor.kind}/${actor.id}</b>
          <span class="state">${steps.get(at)?.to ?? ''}</span>
        </p>
        ${problem === undefined ? null : failure(problem)}
        <div class="conversation">
          ${talk.view(live ? undefined : steps.get(at)?.seq)}
          <section class="machine" aria-label=${words().talk.tabs.chart}>
            <div class="tabs" role="tablist" onKeyDown=${onTabKey}>
              ${Object.entries(words().talk.tabs).map(
                ([name, text]) =>
                  html` <button
                    key=${name}
                    id=${`tab-${name}`}
                    role="tab"
                    aria-selected=${String(tab === name)}
                    aria-controls="machine-panel"
                    tabindex=${tab === name ? 0 : -1}
                    onClick=${() => choose(name === 'step' ? 'step' : name === 'tasks' ? 'tasks' : 'chart')}
                  >
                    ${text}
                  </button>`,
              )}
            </div>
            <div class="machine-panel" id="machine-panel" role="tabpanel" aria-labelledby=${`tab-${tab}`} tabindex="0">${content()}</div>
            ${
              last === 0
                ? null
                : timeline({
                    steps,
                    last,
                    at,
                    live,
                    labels: words().timeline,
                    onLook: (n) => void look(n),
                    onChoose: (n) => {
                      choose('step')
                      void look(n)
                    },
                  })
            }
          </section>
        </div>`,
  }
}

/** @param {readonly ListedTask[]} tasks */
const taskList = (tasks) =>
  tasks.length === 0
    ? empty(words().talk.noTasks)
    : html` <ul class="problems">
        ${tasks.map(
          ({ run, name, status, attempts, startedAt, durationMs, error }) =>
            html` <li key=${run}>
              <b>${name}</b>
              <span class="tag" data-priority=${status === 'failed' || status === 'expired' ? 'high' : 'normal'}>${status}</span>
              <small
                >${moment(startedAt)}${durationMs === null ? '' : ` · ${duration(durationMs)}`}${
                  attempts === null ? '' : ` · ${words().talk.attempts(String(attempts))}`
                }</small
              >
              ${error === null ? null : html`<small dir="auto" lang="en">${error}</small>`}
            </li>`,
        )}
      </ul>`
