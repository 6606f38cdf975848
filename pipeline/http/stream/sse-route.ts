import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { CLOSE_REASONS, eventIdSchema, eventTypesSchema, placeOf, type StreamPlace } from '../../../schemas/stream-events.ts'
import type { ActorFeed, Following } from '../../streams/actor-feed.ts'
import type { FeedSink } from '../../streams/followed-stream.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { HttpProblem, RETRY_AFTER } from '../problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams, addressParams } from '../route-address.ts'
import type { EndReason, Outlets, Wire } from './outlets.ts'
import { closeFrame, eventFrame, gapFrame, HEARTBEAT, idFrame, liveFrame, retryFrame } from './sse-frames.ts'

export interface StreamRouteDeps {
  readonly feed: ActorFeed
  readonly outlets: Outlets
  /** A stream gives its place among the server's connections back: it has one among the streams. */
  readonly leavePlaces: (socket: Socket) => void
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would collect events before it passes them on.
  'x-accel-buffering': 'no',
  connection: 'close',
} as const
/** Pause of a client before it connects again. */
export const RETRY_MS = 2_000
/** The same for one of many that resume at once; the pause is random up to this. */
const BUSY_RETRY_MS_MAX = 5_000

const querySchema = z.strictObject({ after: eventIdSchema.optional(), types: eventTypesSchema.optional() })

/** When a client that met too many others should connect again: at a random time, so that they do not meet again. */
export const busyRetryMs = (): number => Math.ceil(RETRY_MS / 2 + Math.random() * (BUSY_RETRY_MS_MAX - RETRY_MS / 2))

/** Takes a place of the streams. @throws HttpProblem 503 `too_many_streams` */
export function takePlace({ places }: Outlets, client: string): void {
  if (places.acquire(client)) return
  const detail = `too many streams are open here, or of "${client}"; close some, or open this one later or at another process`
  throw new HttpProblem('too_many_streams', detail, { headers: RETRY_AFTER })
}

export const STREAM_ROUTE = {
  method: 'GET',
  path: `/v1/out/${ADDRESS_PATH}`,
  name: 'followActor',
  summary: 'Streams what an actor emits, each event once',
  description:
    'Server-sent events. `id` is one integer; a client that sends it as `Last-Event-ID`, or as `after`, goes on behind it. `event` is the '
    + 'type of the event, `data` the event as on NATS; `delta` and `reset` are a reply while it is written, `gap`, `closed` and `closing` '
    + 'are of the stream itself.',
  params: addressParams,
  query: querySchema,
  headers: z.object({ 'last-event-id': eventIdSchema.optional().meta({ description: 'Id of the last event that the client has' }) }),
  answers: { 200: { description: 'The events, without an end', type: 'text/event-stream' } },
  problems: ['bad_subject', 'bad_query', 'too_many_streams'],
  isStream: true,
} as const satisfies DescribedRoute

/**
 * Adds `GET /v1/out/<tenant>/<kind>/<id>[?after=<id>&types=a,b]`: what the actor emits, as server-sent events. Resumes after
 * `Last-Event-ID`, or `after`; without both it begins with what comes from now on.
 */
export function addStreamRoute(app: FastifyInstance, { feed, outlets, leavePlaces }: StreamRouteDeps): void {
  addRoute<RouteTypes & { Params: AddressParams }>(app, STREAM_ROUTE, async (request, reply) => {
    const address = addressOf(request.params)
    const { after, types } = readQuery(request)
    if (request.method === 'HEAD') return reply.headers(HEADERS).send()
    const { tenant } = address
    takePlace(outlets, tenant)
    leavePlaces(request.socket)
    reply.hijack()
    const stream: { following?: Following } = {}
    const response = openResponse(reply.raw)
    const { wire, end } = wireOf(response, {
      onRoom: () => stream.following?.ready(),
      onEnd: (reason) => outlet.ended(reason),
      closeMs: outlets.closeMs,
    })
    const outlet = outlets.open(wire)
    response.on('drain', outlet.drained)
    response.once('close', () => {
      stream.following?.stop()
      outlets.places.release(tenant)
      outlet.ended(end.reason ?? 'client')
    })
    const write = (frame: string | Buffer, events = 0): void => {
      if (end.reason !== undefined) return
      response.write(frame)
      outlet.wrote(events)
    }
    write(retryFrame(RETRY_MS))
    const sink: FeedSink = {
      opened: (id) => write(idFrame(id)),
      hasRoom: outlet.hasRoom,
      take(events) {
        const wanted = types === undefined ? events : events.filter(({ type }) => types.has(type))
        if (wanted.length > 0) write(Buffer.concat(wanted.map(eventFrame)), wanted.length)
      },
      gap: (gap, id) => write(gapFrame(gap, id)),
      live(event) {
        if (outlet.isIdle() && types?.has(event.type) !== false) write(liveFrame(event))
      },
      busy: () => wire.close('busy'),
    }
    stream.following = feed.follow(address, after, sink)
    return reply
  })
}

/** The header wins: a browser that connects again sends it together with the query of the first time. */
function readQuery({ query, headers }: Pick<FastifyRequest, 'query' | 'headers'>): {
  after: StreamPlace | undefined
  types: ReadonlySet<string> | undefined
} {
  const asked = querySchema.safeParse(query, IN_WORDS)
  if (!asked.success) throw new HttpProblem('bad_query', zodProblem(asked.error, ''))
  const [header = ''] = [headers['last-event-id']].flat()
  const last = header === '' ? undefined : eventIdSchema.safeParse(header, IN_WORDS)
  if (last?.success === false) throw new HttpProblem('bad_query', `Last-Event-ID: ${last.error.issues[0]?.message ?? 'not valid'}`)
  const after = last?.data ?? asked.data.after
  return { after: after === undefined ? undefined : placeOf(after), types: asked.data.types }
}

function openResponse(response: ServerResponse): ServerResponse {
  response.socket?.setTimeout(0)
  response.writeHead(200, HEADERS)
  return response
}

interface WireEvents {
  readonly onRoom: () => void
  readonly onEnd: (reason: EndReason) => void
  /** How long a client that is closed may take to read why. */
  readonly closeMs: number
}

function wireOf(response: ServerResponse, { onRoom, onEnd, closeMs }: WireEvents): { wire: Wire; end: { reason: EndReason | undefined } } {
  const end: { reason: EndReason | undefined } = { reason: undefined }
  const wire: Wire = {
    transport: 'sse',
    buffered: () => response.writableLength,
    heartbeat: () => response.write(HEARTBEAT),
    onRoom,
    close(reason) {
      if (end.reason !== undefined) return
      end.reason = reason
      onEnd(reason)
      response.end(lastFrame(reason))
      setTimeout(() => response.destroy(), closeMs).unref()
    },
  }
  return { wire, end }
}

function lastFrame(reason: EndReason): string {
  if (reason === 'closing') return closeFrame('closing', { retryMs: RETRY_MS })
  const retryMs = reason === 'busy' ? busyRetryMs() : RETRY_MS
  const named = CLOSE_REASONS.find((known) => known === reason)
  return `${retryFrame(retryMs)}${named === undefined ? '' : closeFrame('closed', { reason: named, retryMs })}`
}
