import type { Msg } from '@nats-io/transport-node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { conversationMessages } from '../../pipeline/http/chat/conversation-messages.ts'
import { HttpProblem, RETRY_AFTER } from '../../pipeline/http/problems.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { logParser, type ParseLogMessage } from '../../pipeline/jetstream/log-message.ts'
import { createFairPlaces } from '../../pipeline/runtime/fair-places.ts'
import { rateLimitedWarn } from '../../pipeline/runtime/rate-limited-warn.ts'
import { createLiveFeed } from '../../pipeline/streams/live-feed.ts'
import type { Address } from '../../schemas/subjects.ts'

/** Desks that are followed at one time in this process; a tenant gets at most three quarters. */
const STREAMS_MAX = 1_000
const HEARTBEAT_MS = 15_000
/** Characters of a text that is told; the page reads the rest. */
const TEXT_CHARS_MAX = 4_000

/** What a page of a desk follows. */
export interface FollowedDesk {
  readonly desk: Address
  /** The case that is open in it. */
  readonly talk: Address | undefined
}

/** A message as the page shows it until the tables have it. */
export interface EarlyMessage {
  readonly id: string
  readonly role: string
  readonly agent: string | null
  readonly text: string
  /** RFC 3339. */
  readonly time: string
}

/**
 * Creates the streams that tell a page when to read again, as server-sent events: `desk` and `talk` when their actor has a new record, the
 * latter with its messages, `typing` while somebody writes in the talk. They are hints: one may be told twice, or of a record that LOG then
 * refuses, and one that a slow client would have to wait for is left out. What counts is what the page reads.
 */
export function createDeskStreams(app: FastifyInstance, { nc, jsm }: Pick<JetStreamContext, 'nc' | 'jsm'>, log: Logger) {
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
    const onFailure = (err: unknown): void => rateLimitedWarn(log, { err }, 'a page of a desk cannot follow it and only polls')
    let parse: ParseLogMessage | undefined
    void logParser({ jsm }).then((parser) => {
      parse = parser
    }, onFailure)
    const onRecord = (address: Address, event: string, dataOf: (message: Msg) => string = () => '') => {
      const subscription = nc.subscribe(recordsOf(address), {
        callback: (err, message) => (err === null ? tell(event, dataOf(message)) : onFailure(err)),
      })
      return () => {
        if (!nc.isClosed()) subscription.unsubscribe()
      }
    }
    const stops = [onRecord(desk, 'desk')]
    if (talk !== undefined) {
      stops.push(
        onRecord(talk, 'talk', (message) => JSON.stringify(parse === undefined ? [] : messagesIn(parse, message))),
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

function messagesIn(parse: ParseLogMessage, { subject, data }: Msg): EarlyMessage[] {
  try {
    const { record } = parse({ seq: 0, subject, data, time: new Date() })
    return record === undefined ? [] : conversationMessages(record).map(early)
  } catch {
    // A newer Colloquy wrote it: the tables will have it.
    return []
  }
}

const early = ({ id, role, text, at, data: { agent } }: ReturnType<typeof conversationMessages>[number]): EarlyMessage => ({
  ...{ id, role, time: at },
  agent: role === 'agent' && typeof agent === 'string' ? agent : null,
  text: text.slice(0, TEXT_CHARS_MAX).toWellFormed(),
})
