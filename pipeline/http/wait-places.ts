import type { FastifyReply } from 'fastify'
import type { FairPlaces } from '../runtime/fair-places.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

const CLIENT_LEFT = 'the client left before its answer'

/** Whether a signal of `waitSignal` aborted because the client went. */
export const hasClientLeft = ({ reason }: AbortSignal): boolean => reason instanceof DOMException && reason.message === CLIENT_LEFT

/** Aborts when the client of a request goes before its answer. */
export function whenDisconnected({ raw }: FastifyReply): AbortSignal {
  const disconnected = new AbortController()
  const abort = (): void => disconnected.abort(new DOMException(CLIENT_LEFT, 'AbortError'))
  if (raw.destroyed) abort()
  raw.once('close', abort)
  return disconnected.signal
}

/** The signal of a request that waits: it aborts at its time-out, when the client goes, and when the server closes. */
export const waitSignal = (disconnected: AbortSignal, timeoutMs: number, closing: AbortSignal): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(timeoutMs), closing, disconnected])

/**
 * Takes a place for a request that waits. The caller releases it.
 *
 * @param instead what else the client may do
 * @throws HttpProblem 503 `too_many_waits`
 */
export function takePlace(places: FairPlaces, tenant: string, instead = ''): void {
  if (places.acquire(tenant)) return
  const detail = `too many requests of ${tenant} are waiting and nothing was stored; repeat the request later${instead}`
  throw new HttpProblem('too_many_waits', detail, { headers: RETRY_AFTER })
}
