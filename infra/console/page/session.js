import { ask, posting, Problem } from '../../web/page/ask.js'
import { forgetDrafts, keepDraftsOf } from './kept-drafts.js'
import { redraw } from './redraw.js'

/** @import { SessionState } from '../session-routes.ts' */

const PATH = '/console/session'

/** @type {{ state: SessionState | null, problem: Problem | null, isBusy: boolean }} */
const session = { state: null, problem: null, isBusy: false }

/** Who uses the page; `state` is null until that is known. */
export const sessionNow = () => session

/** Whether the pages may be shown: nothing needs a token, or somebody is signed in. */
export const mayEnter = () => session.state !== null && (!session.state.isProtected || session.state.by !== null)

/** @param {RequestInit} [init] */
async function request(init) {
  session.isBusy = true
  redraw()
  try {
    session.state = /** @type {SessionState} */ (await ask(PATH, init))
    session.problem = null
    if (session.state.by !== null) keepDraftsOf(session.state.by)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    session.problem = error
  } finally {
    session.isBusy = false
    redraw()
  }
}

export const readSession = () => request()
/** @param {string} by @param {string} token */
export const signIn = (by, token) => request(posting({ by, token }))
export function signOut() {
  forgetDrafts()
  return request({ method: 'DELETE' })
}

/** The session has ended, or the token has changed. */
export function sessionEnded() {
  if (session.state === null || !session.state.isProtected) return
  session.state = { ...session.state, by: null }
  redraw()
}
