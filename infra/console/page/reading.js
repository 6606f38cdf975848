import { Problem } from '../../web/page/ask.js'
import { redraw } from './redraw.js'
import { sessionEnded } from './session.js'

/**
 * Something that is read from the server. It keeps its last value while it is read again, and after a failed read; a later `load` makes an
 * earlier one void.
 *
 * @template Value @template {unknown[]} Args
 * @typedef {{
 *   readonly value: Value | undefined, readonly problem: Problem | undefined, readonly isBusy: boolean,
 *   load: (...args: Args) => Promise<Value | undefined>, forget: () => void,
 * }} Reading
 */

/**
 * @template Value @template {unknown[]} Args
 * @param {(...args: Args) => Promise<Value>} read
 * @returns {Reading<Value, Args>}
 */
export function createReading(read) {
  let turn = 0
  /** @type {{ value: Value | undefined, problem: Problem | undefined, isBusy: boolean }} */
  const state = { value: undefined, problem: undefined, isBusy: false }
  const forget = () => {
    turn += 1
    Object.assign(state, { value: undefined, problem: undefined, isBusy: false })
  }
  /** @param {Args} args */
  const load = async (...args) => {
    const own = (turn += 1)
    state.isBusy = true
    redraw()
    try {
      const value = await read(...args)
      if (own === turn) Object.assign(state, { value, problem: undefined })
      return own === turn ? value : undefined
    } catch (error) {
      const problem = problemOf(error)
      if (own === turn) state.problem = problem
      return undefined
    } finally {
      if (own === turn) state.isBusy = false
      redraw()
    }
  }
  return {
    get value() {
      return state.value
    },
    get problem() {
      return state.problem
    },
    get isBusy() {
      return state.isBusy
    },
    load,
    forget,
  }
}

/** An error as a problem to show; one of the session leads to the sign-in. @param {unknown} error */
export function problemOf(error) {
  if (!(error instanceof Problem)) throw error
  if (error.status === 401) sessionEnded()
  return error
}

/**
 * Calls now and every so often while the page can be seen, until the returned function is called.
 *
 * @param {number} ms  @param {() => unknown} work
 */
export function repeatWhileVisible(ms, work) {
  const tick = () => void (document.hidden ? undefined : work())
  tick()
  const timer = setInterval(tick, ms)
  document.addEventListener('visibilitychange', tick)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', tick)
  }
}
