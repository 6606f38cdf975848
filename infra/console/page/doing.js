import { problemOf } from './reading.js'
import { redraw } from './redraw.js'

/** @import { Problem } from '../../web/page/ask.js' */

/**
 * What somebody does here that may fail: one thing at a time, with the problem of the last one.
 *
 * @param {() => void} onBegin what is said of the thing before no longer counts
 */
export function createDoing(onBegin) {
  let isBusy = false
  /** @type {Problem | undefined} */
  let problem
  return {
    get isBusy() {
      return isBusy
    },
    get problem() {
      return problem
    },
    /** Tells how something went that is done beside. @param {Problem | undefined} told */
    tell: (told) => {
      problem = told
    },
    /** Does it, unless something else is being done. @param {() => Promise<unknown>} work */
    run: async (work) => {
      if (isBusy) return
      isBusy = true
      problem = undefined
      onBegin()
      redraw()
      try {
        await work()
      } catch (error) {
        problem = problemOf(error)
      } finally {
        isBusy = false
        redraw()
      }
    },
  }
}
