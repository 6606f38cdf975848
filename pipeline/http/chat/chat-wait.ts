import type { FastifyReply } from 'fastify'
import type { FairPlaces } from '../../runtime/fair-places.ts'
import { HttpProblem, RETRY_AFTER } from '../problems.ts'

/**
 * Takes a place for a request that waits, until its response is closed.
 *
 * @throws HttpProblem 503 `too_many_waits`
 */
export function takePlace(places: FairPlaces, tenant: string, reply: FastifyReply): void {
  if (!places.acquire(tenant)) {
    const detail = `too many requests of ${tenant} are waiting and nothing was stored; repeat the request later`
    throw new HttpProblem('too_many_waits', detail, { headers: RETRY_AFTER })
  }
  reply.raw.once('close', () => places.release(tenant))
}

/** The signal of a request that waits: it aborts at its time-out, when the client goes, and when the server closes. */
export function waitSignal(reply: FastifyReply, timeoutMs: number, closing: AbortSignal): AbortSignal {
  const disconnected = new AbortController()
  reply.raw.once('close', () => disconnected.abort())
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), closing, disconnected.signal])
}
