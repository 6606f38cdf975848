import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { eventIdSchema } from '../../../schemas/stream-events.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import type { ActorFeed, Following } from '../../streams/actor-feed.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { HttpProblem, RETRY_AFTER } from '../problems.ts'
import { addressParams } from '../route-address.ts'
import { gapFrame, idFrame, liveFrame } from '../stream/sse-frames.ts'
import { answerHead, lastEventId, openSse, resumePlace, type SseDeps } from '../stream/sse-response.ts'
import { chatAddress, type ChatRouteDeps } from './chat-route.ts'
import { type SeenEvent, seenRecord } from './seen-message.ts'

export interface MessagesRouteDeps extends SseDeps, Pick<ChatRouteDeps, 'kinds'> {
  readonly feed: ActorFeed
}

/** Streams of one conversation that a visitor may read at one time in this process: each open tab has one. */
export const VISITOR_STREAMS_MAX = 8

const paramsSchema = addressParams.omit({ kind: true })
const querySchema = z.strictObject({
  kind: z.string().regex(TOKEN).optional().meta({ description: 'Kind of the actor, as for a message' }),
  after: eventIdSchema.optional(),
})

export const MESSAGES_ROUTE = {
  method: 'GET',
  path: '/v1/chat/:tenant/:id/messages',
  name: 'followConversation',
  may: 'read',
  summary: 'Streams a conversation as the people in it see it',
  description:
    'Server-sent events: `message` for each message of the user, the machine and the people of the desk, `form.asked`, `form.completed`, '
    + '`button.pressed`, `feedback.given`, `typing`, and `delta` and `reset` for a reply while it is written.',
  params: paramsSchema,
  query: querySchema,
  headers: lastEventId,
  answers: { 200: { description: 'The messages, without an end', type: 'text/event-stream' } },
  problems: ['bad_subject', 'bad_query', 'unknown_model', 'too_many_streams', 'nats_unavailable'],
  isStream: true,
  visitors: 'own',
} as const satisfies DescribedRoute

const frameOf = ({ type, data }: SeenEvent): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`

/** Adds `GET /v1/chat/<tenant>/<id>/messages[?kind=…&after=<id>]`. Without a place to go on it begins with the first message. */
export function addMessagesRoute(app: FastifyInstance, { feed, kinds, ...deps }: MessagesRouteDeps): void {
  const visitorStreams = new Map<string, number>()
  const count = (visit: string, by: number): void => {
    const open = (visitorStreams.get(visit) ?? 0) + by
    if (open > 0) visitorStreams.set(visit, open)
    else visitorStreams.delete(visit)
  }
  addRoute<RouteTypes & { Params: z.output<typeof paramsSchema> }>(app, MESSAGES_ROUTE, async (request, reply) => {
    const query = querySchema.safeParse(request.query, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    const place = resumePlace(request, query.data.after ?? 0)
    const address = await chatAddress({ kinds }, request.params, { kind: query.data.kind, param: 'kind' })
    if (request.method === 'HEAD') return answerHead(reply)
    const { tenant, id } = address
    const visit = request.visitor && `${tenant}/${id}`
    const open = visit === undefined ? 0 : (visitorStreams.get(visit) ?? 0)
    if (open >= VISITOR_STREAMS_MAX) {
      throw new HttpProblem('too_many_streams', `this conversation is open ${open} times already; close some`, { headers: RETRY_AFTER })
    }
    const stream: { following?: Following } = {}
    const { outlet, write, close } = openSse(request, reply, deps, {
      client: tenant,
      onRoom: () => stream.following?.ready(),
      onClose() {
        stream.following?.stop()
        if (visit !== undefined) count(visit, -1)
      },
    })
    if (visit !== undefined) count(visit, 1)
    stream.following = feed.follow(address, place, {
      opened: (from) => write(idFrame(from)),
      hasRoom: outlet.hasRoom,
      take: () => undefined,
      record(followed) {
        const { id: last, events } = seenRecord(address.kind, followed)
        if (events.length > 0) write(events.map(frameOf).join('') + idFrame(last), events.length)
      },
      gap: (gap, at) => write(gapFrame(gap, at)),
      live(event) {
        if (outlet.isIdle() && event.type !== 'place') write(liveFrame(event))
      },
      busy: () => close('busy'),
    })
    return reply
  })
}
