import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { z } from 'zod'
import { inputSchema } from '../../../schemas/envelope.ts'
import { messageReceived } from '../../../schemas/events.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { type Address, OWN_TENANT, TOKEN } from '../../../schemas/subjects.ts'
import type { FairPlaces } from '../../runtime/fair-places.ts'
import type { ConnectionWatch } from '../connection-health.ts'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { timeoutMsSchema } from '../input-route.ts'
import { readJsonBody } from '../json-body.ts'
import { HttpProblem } from '../problems.ts'
import { requireAccess } from '../request-access.ts'
import { idempotencyKeyOf } from '../request-inputs.ts'
import { addressOf, addressParams } from '../route-address.ts'
import { waitProblem } from '../store-input.ts'
import { visitorMessage } from '../visitor-inputs.ts'
import { takePlace, waitSignal, whenDisconnected } from '../wait-places.ts'
import { ask, type AskDeps, type Asked, openConversation } from './ask.ts'
import { type ChatKinds, unknownModel } from './chat-kinds.ts'
import type { ConversationMessage } from './conversation-messages.ts'
import { shownOf } from './seen-message.ts'

export interface ChatRouteDeps extends AskDeps {
  readonly connection: ConnectionWatch
  readonly kinds: ChatKinds
  readonly log: Logger
  /** Places of all requests that wait for a reply. */
  readonly places: FairPlaces
  /** Aborts when the server closes; waiting requests are answered then. */
  readonly closing: AbortSignal
}

const REPLY_MS_DEFAULT = 10_000

const paramsSchema = addressParams.omit({ kind: true })
const querySchema = z.strictObject({
  kind: z
    .string()
    .regex(TOKEN)
    .optional()
    .meta({ description: 'Kind of the actor. Default: front where the tenant has routes, else support' }),
  timeoutMs: timeoutMsSchema(REPLY_MS_DEFAULT),
})
const bodySchema = z
  .looseObject({
    ...messageReceived.shape,
    role: z.literal('user').default('user').meta({ description: 'Always the user' }),
    id: inputSchema.shape.id.meta({ description: 'Unique in the conversation: a message with an id that it had is not taken again' }),
  })
  .meta({ description: 'The data of a message.received: fields that only its kind knows go on, too' })
  .superRefine((body, context) => {
    for (const name of ['kind', 'timeoutMs'] as const)
      if (name in body) context.addIssue({ code: 'custom', path: [name], message: `belongs into the query: ?${name}=…` })
  })
const EXAMPLE = { id: 'm-1', text: '寄到挪威要多久？' }

const messageSchema = z
  .looseObject({
    id: z.string().meta({ description: 'Id of its event' }),
    role: z.enum(['assistant', 'agent']).meta({ description: 'Who answers: the machine, or a person of the desk' }),
    text: z.string(),
  })
  .meta({ description: 'A reply, with all that its message.sent says, such as sources, model and quality' })
const placeSchema = z.object({
  conversation: addressParams,
  id: z.string().meta({ description: 'Id of the message' }),
  position: z.int().meta({ description: 'INBOX sequence of the message' }),
})
const replySchema = placeSchema.extend({
  reply: messageSchema,
  messages: z.array(messageSchema).optional().meta({ description: 'All replies, where there are several; `reply` is the first' }),
})
const pendingSchema = placeSchema.extend({
  read: z
    .object({ events: z.string(), actor: z.string() })
    .meta({ description: 'Where the reply can be read later: the events of the actor as a stream, and its state' }),
})

export const CHAT_ROUTE = {
  method: 'POST',
  path: '/v1/chat/:tenant/:id',
  name: 'chat',
  may: 'publish',
  summary: 'Sends a message of a user to a conversation, and waits for the reply',
  description:
    'The conversation begins with its first message. Repeat a request under the same `id`: the reply is the recorded one. Where none comes '
    + 'in time, such as while a person of the desk has the conversation, the answer is 202.',
  params: paramsSchema,
  query: querySchema,
  headers: z.object({ 'idempotency-key': z.string().optional().meta({ description: 'Id of a message that has none' }) }),
  body: { schema: bodySchema, example: EXAMPLE },
  answers: {
    200: { description: 'The reply', schema: replySchema },
    202: { description: 'The message is stored, and no reply has come in time', schema: pendingSchema },
  },
  problems: [
    'bad_subject',
    'bad_query',
    'bad_idempotency_key',
    'unknown_model',
    'rejected',
    'too_many_waits',
    'inbox_full',
    'inbox_refused',
    'closing',
    'nats_unavailable',
  ],
  visitors: 'own',
} as const satisfies DescribedRoute

type Types = RouteTypes & { Params: z.output<typeof paramsSchema> }

/** Adds `POST /v1/chat/<tenant>/<id>[?kind=…&timeoutMs=…]`, body `{text, id?, lang?, customer?, channel?}`. */
export function addChatRoute(app: FastifyInstance, deps: ChatRouteDeps): void {
  addRoute<Types>(app, CHAT_ROUTE, async ({ params, query: given, body, headers, visitor, principal }, reply) => {
    const query = querySchema.safeParse(given, IN_WORDS)
    if (!query.success) throw new HttpProblem('bad_query', zodProblem(query.error, ''))
    const { timeoutMs } = query.data
    const { id = idempotencyKeyOf(headers['idempotency-key']) ?? randomUUID(), ...data } = readJsonBody(
      body,
      visitor === undefined ? bodySchema : visitorMessage,
      EXAMPLE,
    )
    const { tenant } = params
    // Checked before the tenant is asked for.
    addressOf({ ...params, kind: query.data.kind ?? 'default' })
    deps.connection.requireConnection('nothing was stored')
    const address = await chatAddress(deps, params, { kind: query.data.kind, param: 'kind' })
    requireAccess(principal, 'publish', address)
    takePlace(deps.places, tenant)
    await using stopped = new AsyncDisposableStack()
    stopped.defer(() => deps.places.release(tenant))
    // A visitor who reloads the page, or loses the network, comes back for the reply.
    const left = visitor === undefined ? whenDisconnected(reply) : new AbortController().signal
    const signal = waitSignal(left, timeoutMs, deps.closing)
    const conversation = await openConversation(deps, address, signal, stopped)
    try {
      const asked = await ask(deps, address, { messages: [{ id, data }] }, conversation, signal, stopped)
      return answerOf(address, asked, await repliesTo(asked, signal), visitor === undefined ? messageOf : seenReply)
    } catch (error) {
      if (!(error instanceof HttpProblem) || error.code !== 'wait_timeout') throw error
      return await reply.code(202).send({ conversation: address, ...error.more, read: placesOf(address) })
    }
  })
}

/** @throws HttpProblem as `waitProblem`, with the place of the message */
export const repliesTo = (asked: Asked, signal: AbortSignal): Promise<readonly ConversationMessage[]> =>
  asked.replies(signal).catch((error: unknown): never => {
    throw waitProblem(error, asked.stored, 'no reply has come in time; ask again for it, or read the actor later')
  })

/**
 * The actor of a chat.
 *
 * @param named the kind, and the parameter that names it
 * @throws HttpProblem 400 `bad_subject`; 404 `unknown_model`
 */
export async function chatAddress(
  { kinds }: Pick<ChatRouteDeps, 'kinds'>,
  { tenant, id }: Pick<Address, 'tenant' | 'id'>,
  named: { readonly kind: string | undefined; readonly param: 'model' | 'kind' },
): Promise<Address> {
  if (tenant === OWN_TENANT) throw new HttpProblem('bad_subject', `tenant "${OWN_TENANT}" is the cluster's own`)
  const known = await kinds.all()
  const address = addressOf({ tenant, kind: named.kind ?? (await kinds.defaultOf(tenant)), id })
  if (known.has(address.kind)) return address
  throw unknownModel(address.kind, known, named.param)
}

const messageOf = ({ id, role, text, data }: ConversationMessage) => ({ ...data, id, role, text })

/** What a visitor sees of a reply. */
const seenReply = ({ id, role, text, data }: ConversationMessage) => ({ ...shownOf(data), id, role, text })

function answerOf(
  conversation: Address,
  { stored }: Asked,
  messages: readonly ConversationMessage[],
  shown: (message: ConversationMessage) => object,
) {
  const [first] = messages
  return {
    reply: first && shown(first),
    ...(messages.length > 1 && { messages: messages.map(shown) }),
    conversation,
    id: stored?.id,
    position: stored?.position,
  }
}

const placesOf = ({ tenant, kind, id }: Address) => {
  const path = [tenant, kind, id].join('/')
  return { events: `/v1/out/${path}`, actor: `/v1/actors/${path}` }
}
