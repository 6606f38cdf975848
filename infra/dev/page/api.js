/** @import { DevActors, DevKinds, DevProblems, DevState } from '../dev-routes.ts' */
/** @import { History } from '../actor-history.ts' */

/** An error answer of the interface, in the form of RFC 9457. */
export class Problem extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail)
    this.status = status
    this.code = code
  }
}

const TOKEN_KEY = 'colloquy token'

/** Keeps the token until the tab is closed. @param {string} token */
export const useToken = (token) => sessionStorage.setItem(TOKEN_KEY, token)

/**
 * @param {string} path @param {RequestInit} [init]
 * @returns {Promise<unknown>}
 * @throws {Problem} for an error answer; its status is 0 if there is no answer
 */
async function ask(path, init = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY)
  const headers = { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) }
  const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(20_000) }).catch(() => {
    throw new Problem(0, 'away', '"colloquy dev" does not answer')
  })
  /** @type {unknown} */
  const body = await response.json().catch(() => undefined)
  // 422 is the answer to an input that was rejected, which is an outcome like others.
  if (response.ok || response.status === 422) return body
  const { code, detail } = /** @type {{ code?: string, detail?: string }} */ (body ?? {})
  throw new Problem(response.status, code ?? 'error', detail ?? response.statusText)
}

/** @param {Record<string, string | number>} values */
const query = (values) => new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]))
/** @param {string} tenant @param {string} kind @param {string} id */
const pathOf = (tenant, kind, id) => [tenant, kind, id].map(encodeURIComponent).join('/')

export const readState = () => /** @type {Promise<DevState>} */ (ask('state'))
export const readKinds = () => /** @type {Promise<DevKinds>} */ (ask('kinds'))

/** @param {string} kind @param {string} state @param {string} text */
export const readActors = (kind, state, text) => /** @type {Promise<DevActors>} */ (ask(`actors?${query({ kind, state, text })}`))

/** @param {string} tenant @param {string} kind @param {string} id @param {{ from?: number, limit?: number }} range */
export const readHistory = (tenant, kind, id, range) =>
  /** @type {Promise<History>} */ (ask(`history/${pathOf(tenant, kind, id)}?${query(range)}`))

/** All that is wrong with the data of an input. @param {string} kind @param {{ type: string, data: unknown }} input */
export const readProblems = (kind, input) =>
  /** @type {Promise<DevProblems>} */ (
    ask('problems', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ kind, ...input }) })
  )

/**
 * @typedef {{ position: number, id: string, outcome: 'committed' | 'rejected' | 'repeat', reason?: string, error?: string }} Sent
 */

/** Sends an input and waits for its outcome. @param {string} tenant @param {string} kind @param {string} id @param {object} input */
export const send = (tenant, kind, id, input) =>
  /** @type {Promise<Sent>} */ (
    ask(`/v1/in/${pathOf(tenant, kind, id)}?wait=actor`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    })
  )
