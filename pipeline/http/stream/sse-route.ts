import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { eventIdSchema, eventTypesSchema, type StreamPlace } from '../../../schemas/stream-events.ts'
import type { ActorFeed, Following } from '../../streams/actor-feed.ts'
import type { FeedSink } from '../../streams/followed-stream.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { HttpProblem } from '../problems.ts'
import { ADDRESS_PATH, addressOf, type AddressParams, addressParams } from '../route-address.ts'
import { eventFrame, gapFrame, idFrame, liveFrame } from './sse-frames.ts'
import { answerHead, lastEventId, openSse, resumePlace, type SseDeps } from './sse-response.ts'

export interface StreamRouteDeps extends SseDeps {
  readonly feed: ActorFeed
}

const querySchema = z.strictObject({ after: eventIdSchema.optional(), types: eventTypesSchema.optional() })

export const STREAM_ROUTE = {
  method: 'GET',
  path: `/v1/out/${ADDRESS_PATH}`,
  name: 'followActor',
  may: 'read',
  summary: 'Streams what an actor emits, each event once',
  description:
    'Server-sent events. `id` is one integer; a client that sends it as `Last-Event-ID`, or as `after`, goes on behind it. `event` is the '
    + 'type of the event, `data` the event as on NATS; `delta` and `reset` are a reply while it is written, `gap`, `closed` and `closing` '
    + 'are of the stream itself.',
  params: addressParams,
  query: querySchema,
  headers: lastEventId,
  answers: { 200: { description: 'The events, without an end', type: 'text/event-stream' } },
  problems: ['bad_subject', 'bad_query', 'too_many_streams'],
  isStream: true,
} as const satisfies DescribedRoute

/**
 * Adds `GET /v1/out/<tenant>/<kind>/<id>[?after=<id>&types=a,b]`: what the actor emits, as server-sent events. Resumes after
 * `Last-Event-ID`, or `after`; without both it begins with what comes from now on.
 */
export function addStreamRoute(app: FastifyInstance, { feed, ...deps }: StreamRouteDeps): void {
  addRoute<RouteTypes & { Params: AddressParams }>(app, STREAM_ROUTE, async (request, reply) => {
    const address = addressOf(request.params)
    const { after, types } = readQuery(request)
    if (request.method === 'HEAD') return answerHead(reply)
    const stream: { following?: Following } = {}
    const { outlet, write, close } = openSse(request, reply, deps, {
      client: address.tenant,
      onRoom: () => stream.following?.ready(),
      onClose: () => stream.following?.stop(),
    })
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
      busy: () => close('busy'),
    }
    stream.following = feed.follow(address, after, sink)
    return reply
  })
}

function readQuery(request: Pick<FastifyRequest, 'query' | 'headers'>): {
  after: StreamPlace | undefined
  types: ReadonlySet<string> | undefined
} {
  const asked = querySchema.safeParse(request.query, IN_WORDS)
  if (!asked.success) throw new HttpProblem('bad_query', zodProblem(asked.error, ''))
  return { after: resumePlace(request, asked.data.after), types: asked.data.types }
}
