/** @import { KeptStorage } from './browser-storage.js' */

/** A token is good for 24 hours; it is renewed when it is older than this. Only time that passed here counts, whatever the clock shows. */
const RENEW_MS = 12 * 3_600_000
const REQUEST_MS_MAX = 20_000

/**
 * @typedef {object} Visit
 * @property {string} token
 * @property {{ tenant: string, kind: string, id: string }} conversation
 * @property {number} gotAt by this browser's clock
 */

/** An answer that is no success. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail @param {number} seconds after which to ask again */
  constructor(status, detail, seconds) {
    super(detail)
    this.status = status
    this.seconds = seconds
  }

  /** Whether the same request may succeed later. */
  get isPassing() {
    return this.status === 429 || this.status >= 500
  }
}

/**
 * The visit of this browser: its token, and requests with it.
 *
 * @param {{ server: string, tenant: string, kind: string | undefined, storage: KeptStorage }} options
 */
export function createVisit({ server, tenant, kind, storage }) {
  /** @type {Promise<Visit> | undefined} */
  let asking

  const known = () => /** @type {Visit | undefined} */ (storage.get('visit'))

  /** @param {Visit | undefined} old @returns {Promise<Visit>} */
  async function begin(old) {
    const answer = await ask(`/v1/visitors/${tenant}`, { kind }, old?.token)
    /** @type {Pick<Visit, 'token' | 'conversation'>} */
    const { token, conversation } = await jsonOf(answer)
    const visit = { token, conversation, gotAt: Date.now() }
    storage.set('visit', visit)
    return visit
  }
  /** One tab asks at a time, so that all have the same conversation. @returns {Promise<Visit>} */
  async function current() {
    const visit = known()
    if (visit !== undefined && Math.abs(Date.now() - visit.gotAt) < RENEW_MS) return visit
    const again = async () => {
      const now = known()
      if (now !== undefined && now.token !== visit?.token) return now
      try {
        return await begin(now)
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 401) throw error
        return begin(undefined)
      }
    }
    asking ??= (navigator.locks === undefined ? again() : navigator.locks.request(`colloquy visit ${tenant}`, again)).finally(() => {
      asking = undefined
    })
    return asking
  }
  /** @param {string} path @param {object | undefined} body @param {string | undefined} token @param {AbortSignal} [signal] */
  async function ask(path, body, token, signal) {
    const response = await fetch(server + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ?? AbortSignal.timeout(REQUEST_MS_MAX),
      credentials: 'omit',
      cache: 'no-store',
    })
    if (response.ok) return response
    const { detail = response.statusText } = await problemOf(response).catch(() => ({ detail: undefined }))
    throw new Refused(response.status, detail, Number(response.headers.get('retry-after') ?? 0))
  }

  return {
    current,
    /**
     * Sends a request about the conversation. Where its token is not good any more, the visit is forgotten.
     *
     * @param {(conversation: Visit['conversation']) => string} path
     * @param {object} [body] absent: a GET
     * @param {AbortSignal} [signal]
     * @throws {Refused}
     */
    async ask(path, body, signal) {
      const { token, conversation } = await current()
      try {
        return await ask(path(conversation), body, token, signal)
      } catch (error) {
        if (error instanceof Refused && error.status === 401 && known()?.token === token) storage.set('visit', undefined)
        throw error
      }
    },
  }
}

/** @template Body @param {Response} response @returns {Promise<Body>} */
const jsonOf = (response) => response.json()

/** @param {Response} response @returns {Promise<{ detail?: string | undefined }>} */
const problemOf = (response) => response.json()
