import { ask, pathOf, posting, Problem } from '../../web/page/ask.js'

/** @typedef {{ tenant: string, kind: string, id: string }} Address */

/** An id for an input, with which it can be sent again. `randomUUID` is absent where a page comes by plain HTTP. */
export const newId = () => crypto.getRandomValues(new Uint32Array(4)).join('-')

/**
 * Sends an input to an actor and waits until it is decided.
 *
 * @param {Address} actor @param {string} type @param {Readonly<Record<string, unknown>>} data @param {string} [id]
 * @throws {Problem} also where the actor rejects it
 */
export async function sendInput({ tenant, kind, id: actor }, type, data, id = newId()) {
  const answer = await ask(`/v1/in/${pathOf(tenant, kind, actor)}?wait=actor`, posting({ type, id, data }))
  const { code, detail = '' } = /** @type {{ code?: string, detail?: string }} */ (answer ?? {})
  if (code !== undefined) throw new Problem(422, code, detail)
}

/**
 * Sends an input from a page that goes away, and so learns nothing of it.
 *
 * @param {Address} actor @param {string} type @param {Readonly<Record<string, unknown>>} data
 */
export function sendLast({ tenant, kind, id }, type, data) {
  void fetch(`/v1/in/${pathOf(tenant, kind, id)}`, { ...posting({ type, id: newId(), data }), keepalive: true }).catch(() => undefined)
}
