/** An error answer of the interface, in the form of RFC 9457. */
export class Problem extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail)
    this.status = status
    this.code = code
  }
}

const TIMEOUT_MS = 20_000
/** A clock that differs by less is right: the server tells whole seconds, and an answer takes time. */
const CLOCK_MS = 5_000

/** How far the clock of the server is ahead of that of the browser, which may be wrong, to a second. */
let aheadMs = 0
/** The time by the clock of the server, once it has answered. */
export const serverNow = () => Date.now() + aheadMs

/**
 * Asks the server this page comes from.
 *
 * @param {string} path @param {RequestInit} [init]
 * @returns {Promise<unknown>}
 * @throws {Problem} for an error answer; its status is 0 if there is no answer
 */
export async function ask(path, init = {}) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  const response = await fetch(path, { ...init, signal }).catch((error) => {
    if (init.signal?.aborted) throw error
    throw new Problem(0, 'away', 'The server does not answer')
  })
  const told = Date.parse(response.headers.get('date') ?? '')
  if (!Number.isNaN(told)) aheadMs = Math.abs(told - Date.now()) < CLOCK_MS ? 0 : told - Date.now()
  /** @type {unknown} */
  const body = await response.json().catch(() => undefined)
  // 422 is the answer to an input that was rejected, which is an outcome like others.
  if (response.ok || response.status === 422) return body
  const { code, detail } = /** @type {{ code?: string, detail?: string }} */ (body ?? {})
  throw new Problem(response.status, code ?? 'error', detail ?? response.statusText)
}

/** Names and values as the query of an address. @param {Readonly<Record<string, string | number>>} values */
export const query = (values) => new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]))

/** The address of an actor as the end of a path. @param {string} tenant @param {string} kind @param {string} id */
export const pathOf = (tenant, kind, id) => [tenant, kind, id].map(encodeURIComponent).join('/')

/** A request that sends JSON. @param {unknown} body @returns {RequestInit} */
export const posting = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
