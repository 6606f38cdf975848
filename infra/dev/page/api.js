import { ask, pathOf, posting, Problem, query } from '../../web/page/ask.js'

/** @import { DevActors, DevKinds, DevProblems, DevState } from '../dev-routes.ts' */
/** @import { History } from '../../web/actor-history.ts' */

export { Problem }

const TOKEN_KEY = 'colloquy token'

/** Keeps the token until the tab is closed. @param {string} token */
export const useToken = (token) => sessionStorage.setItem(TOKEN_KEY, token)

/** Asks with the token of the tab. @param {string} path @param {RequestInit} [init] */
function askWithToken(path, init = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY)
  return ask(path, { ...init, headers: { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) } })
}

export const readState = () => /** @type {Promise<DevState>} */ (askWithToken('state'))
export const readKinds = () => /** @type {Promise<DevKinds>} */ (askWithToken('kinds'))

/** @param {string} kind @param {string} state @param {string} text */
export const readActors = (kind, state, text) => /** @type {Promise<DevActors>} */ (askWithToken(`actors?${query({ kind, state, text })}`))

/** @param {string} tenant @param {string} kind @param {string} id @param {{ from?: number, limit?: number }} range */
export const readHistory = (tenant, kind, id, range) =>
  /** @type {Promise<History>} */ (askWithToken(`history/${pathOf(tenant, kind, id)}?${query(range)}`))

/** All that is wrong with the data of an input. @param {string} kind @param {{ type: string, data: unknown }} input */
export const readProblems = (kind, input) => /** @type {Promise<DevProblems>} */ (askWithToken('problems', posting({ kind, ...input })))

/**
 * @typedef {{ position: number, id: string, outcome: 'committed' | 'rejected' | 'repeat', reason?: string, error?: string }} Sent
 */

/** Sends an input and waits for its outcome. @param {string} tenant @param {string} kind @param {string} id @param {object} input */
export const send = (tenant, kind, id, input) =>
  /** @type {Promise<Sent>} */ (askWithToken(`/v1/in/${pathOf(tenant, kind, id)}?wait=actor`, posting(input)))
