import { createHmac } from 'node:crypto'
import { type Dispatcher, request } from 'undici'
import { ColloquyError } from '../../schemas/errors.ts'

export interface SignedPost {
  readonly agent: Dispatcher
  readonly url: string
  /** The key that the receiver checks the signature with. */
  readonly key: Uint8Array
  /** Names the message: the same for each attempt, so that the receiver can tell a repeat. */
  readonly id: string
  readonly body: Uint8Array
  readonly contentType: string
  readonly signal: AbortSignal
}

/** Time of a call, from the connection to the end of the answer. */
const CALL_MS_MAX = 15_000
/** Bytes of an answer that are read, so that the connection can be used again. */
const ANSWER_BYTES_MAX = 64 * 1024

/** What `webhook-signature` says of a message. */
export const signatureOf = (key: Uint8Array, id: string, timestamp: string, body: Uint8Array | string): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`

/**
 * Posts a message with the headers of Standard Webhooks (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` in seconds,
 * and `webhook-signature`, which is `v1,` and the HMAC-SHA-256 of `<id>.<timestamp>.<body>` as base64.
 *
 * @throws ColloquyError `hook_failed` for any answer but 2xx; `hook_address_refused`; the errors of the connection
 */
export async function postSigned({ agent, url, key, id, body, contentType, signal }: SignedPost): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const answer = await request(url, {
    method: 'POST',
    dispatcher: agent,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS_MAX)]),
    headers: {
      'content-type': contentType,
      'user-agent': 'Colloquy',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(key, id, timestamp, body),
    },
    body,
  })
  await mustBeTaken(answer, url)
}

/** Reads an answer to its end. @param from who answers, for the error @throws ColloquyError `hook_failed` for any answer but 2xx */
export async function mustBeTaken({ body, statusCode }: Pick<Dispatcher.ResponseData, 'body' | 'statusCode'>, from: string): Promise<void> {
  await body.dump({ limit: ANSWER_BYTES_MAX })
  if (statusCode >= 200 && statusCode < 300) return
  const why = statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed: set the hook to its new URL' : ''
  throw new ColloquyError('hook_failed', `${from} answered ${statusCode}${why}`)
}
