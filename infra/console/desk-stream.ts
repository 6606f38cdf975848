import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { HttpProblem, RETRY_AFTER } from '../../pipeline/http/problems.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { createFairPlaces } from '../../pipeline/runtime/fair-places.ts'
import { rateLimitedWarn } from '../../pipeline/runtime/rate-limited-warn.ts'
import { createLiveFeed } from '../../pipeline/streams/live-feed.ts'
import type { Address } from '../../schemas/subjects.ts'

/** Desks that are followed at one time in this process; a tenant gets at most three quarters. */
const STREAMS_MAX = 1_000
const HEARTBEAT_MS = 15_000

/** What a page of a desk follows. */
export interface FollowedDesk {
  readonly desk: Address
  /** The case that is open in it. */
  readonly talk: Address | undefined
}

/**
 * Creates the streams that tell a page when to read again, as server-sent events: `desk` and `talk` when their actor has a new record,
 * `typing` while somebody writes in the talk. They are hints: one may be told twice, and one that a slow client would have to wait for is
 * left out, because the page also reads by itself.
 */
export function createDeskStreams(app: FastifyInstance, { nc }: Pick<JetStreamContext, 'nc'>, log: Logger) {
  const places = createFairPlaces(STREAMS_MAX)
  const live = createLiveFeed(nc)
  const open = new Set<FastifyReply>()
  // The server would wait for them when it stops.
  app.addHook('preClose', (done) => {
    for (const reply of open) reply.raw.destroy()
    done()
  })

  /** @throws HttpProblem 503 `too_many_streams` */
  return (request: FastifyRequest, reply: FastifyReply, { desk, talk }: FollowedDesk): FastifyReply => {
    if (!places.acquire(desk.tenant)) {
      const detail = `${STREAMS_MAX} desks are followed here, or too many of "${desk.tenant}"; close some pages, or wait`
      throw new HttpProblem('too_many_streams', detail, { headers: RETRY_AFTER })
    }
    request.socket.setTimeout(0)
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    const tell = (event: string, data = ''): void => {
      if (response.writableLength === 0) response.write(`event: ${event}\ndata: ${data}\n\n`)
    }
    const onRecord = (address: Address, event: string) => {
      const subscription = nc.subscribe(recordsOf(address), {
        callback: (err) => (err === null ? tell(event) : rateLimitedWarn(log, { err }, 'a page of a desk cannot follow it and only polls')),
      })
      return () => {
        if (!nc.isClosed()) subscription.unsubscribe()
      }
    }
    const stops = [onRecord(desk, 'desk')]
    if (talk !== undefined) {
      stops.push(
        onRecord(talk, 'talk'),
        live.listen(talk, (kind, { type, data }) => {
          if (kind === talk.kind && type === 'typing') tell(type, data)
        }),
      )
    }
    const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS)
    open.add(reply)
    response.once('close', () => {
      clearInterval(heartbeat)
      open.delete(reply)
      places.release(desk.tenant)
      for (const stop of stops) stop()
    })
    tell('open')
    return reply
  }
}
