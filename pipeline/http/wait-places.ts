import type { FastifyReply } from 'fastify'
import type { FairPlaces } from '../runtime/fair-places.ts'
import { HttpProblem, RETRY_AFTER } from './problems.ts'

/** The signal of a request that waits: it aborts at its time-out, when the client goes, and when the server closes. */
export function waitSignal({ raw }: FastifyReply, timeoutMs: number, closing: AbortSignal): AbortSignal {
  const disconnected = new AbortController()
  if (raw.destroyed) disconnected.abort()
  raw.once('close', () => disconnected.abort())
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), closing, disconnected.signal])
}

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
