/** @import { Step } from '../actor-history.ts' */

/**
 * Turns a state, in the form that records have, into the paths of its leaves and of their parents.
 *
 * @param {string} state @returns {Set<string>}
 */
export function activePaths(state) {
  const paths = new Set(
    state.split('+').flatMap((leaf) => {
      const parts = leaf.split('.')
      return parts.map((_, index) => parts.slice(0, index + 1).join('.'))
    }),
  )
  paths.delete('')
  return paths
}

/**
 * The events that the machine got at a step, as its transitions name them. `before` is the previous step: it has the event of a timer or
 * task that was still pending then.
 *
 * @param {Step | undefined} step @param {Step | undefined} before
 * @returns {Set<string>}
 */
export function eventsOf(step, before) {
  if (step === undefined || step.outcome === 'rejected') return new Set()
  const { type } = step.input
  if (type === 'timer.fired') {
    const timers = Object.entries(before?.state?.timers ?? {})
    const gone = timers.filter(([run]) => step.state?.timers[run] === undefined)
    return new Set(gone.map(([, { event }]) => event.type))
  }
  if (type.startsWith('task.')) {
    const what = type === 'task.done' ? 'done' : 'error'
    const children = step.ended.map(({ run }) => before?.state?.tasks[run]?.child)
    return new Set(children.map((child) => `xstate.${what}.actor.${child}`))
  }
  return new Set([type])
}
