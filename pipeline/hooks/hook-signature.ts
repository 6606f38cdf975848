import { createHmac, timingSafeEqual } from 'node:crypto'

/** A receiver refuses a call whose time stamp is further away: an old call that somebody repeats has no effect. */
export const SIGNATURE_AGE_S_MAX = 300

const macOf = (secret: string, id: string, timestamp: string, body: string): Buffer =>
  createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest()

/**
 * The headers of a signed call, as Standard Webhooks names them: HMAC-SHA-256 over id, time stamp and body. Libraries in many languages
 * verify it.
 *
 * @param id the same for every attempt of one call: the receiver recognises a repeat by it
 * @param nowMs milliseconds since 1970
 */
export function signedHeaders(secret: string, id: string, body: string, nowMs: number): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${macOf(secret, id, timestamp, body).toString('base64')}`,
  }
}

/** Whether a call is signed with the secret and recent. For receivers in this language, and for tests. */
export function isSigned(
  secret: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string,
  nowMs: number,
): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name] ?? ''))
  if (id === undefined || timestamp === undefined || signatures === undefined) return false
  if (!(Math.abs(nowMs / 1_000 - Number(timestamp)) <= SIGNATURE_AGE_S_MAX)) return false
  const expected = macOf(secret, id, timestamp, body)
  return signatures.split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
