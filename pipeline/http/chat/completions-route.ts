import { hash, randomBytes } from 'node:crypto'
import { finished } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { type Address, TOKEN } from '../../../schemas/subjects.ts'
import type { Principal } from '../../access/principal.ts'
import type { LiveEvent } from '../../streams/live-feed.ts'
import { addRoute, type DescribedRoute } from '../described-route.ts'
import { timeoutMsSchema, WAIT_MS_MAX } from '../input-route.ts'
import { HttpProblem } from '../problems.ts'
import { requireAccess } from '../request-access.ts'
import { idempotencyKeyOf } from '../request-inputs.ts'
import { takePlace, waitSignal, whenDisconnected } from '../wait-places.ts'
import { ask, type Asked, openConversation } from './ask.ts'
import { unknownModel } from './chat-kinds.ts'
import { chatAddress, type ChatRouteDeps, repliesTo } from './chat-route.ts'
import { chunkSchema, completion, type CompletionHead, completionSchema } from './completion-answer.ts'
import {
  COMPLETION_BYTES_MAX,
  COMPLETION_EXAMPLE,
  type CompletionRequest,
  completionRequestSchema,
  readCompletionRequest,
} from './completion-request.ts'
import { type CompletionStream, createCompletionStream, createLiveListener } from './completion-stream.ts'
import type { ConversationEnd } from './conversation-end.ts'
import { newMessages } from './new-messages.ts'
import { NO_RETRY, OPENAI_FORM } from './openai-errors.ts'

/** The tenant of a model whose name has none. */
const TENANT_DEFAULT = 'default'
const CONVERSATION_HEADER = 'x-conversation-id'

const headersSchema = z.object({
  [CONVERSATION_HEADER]: z
    .string()
    .optional()
    .meta({ description: 'Id of the conversation. Default: the member `user`; without both, a new conversation begins' }),
  'idempotency-key': z
    .string()
    .optional()
    .meta({ description: 'Id of the last message: with a new one, it is new although it says the same as the last known one' }),
  'x-timeout-ms': timeoutMsSchema(WAIT_MS_MAX),
  'x-provisional': z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Whether a stream may send text that is no reply yet, and may not become one' }),
})

export const COMPLETIONS_ROUTE = {
  method: 'POST',
  path: '/v1/chat/completions',
  name: 'createChatCompletion',
  may: 'publish',
  tenantIn: 'body',
  summary: 'The same conversation for clients of OpenAI’s chat completions',
  description: 'Only the messages after the last known one are taken. See docs/chat-api.md for what is ignored and what is refused.',
  headers: headersSchema,
  body: { schema: completionRequestSchema, example: COMPLETION_EXAMPLE, bytesMax: COMPLETION_BYTES_MAX },
  answers: {
    200: {
      description: 'The reply; with `stream`, as events of the server, whose data are chunks and at the end `[DONE]`',
      schema: completionSchema,
      also: { type: 'text/event-stream', schema: chunkSchema, name: 'ChatCompletionChunk' },
      headers: { [CONVERSATION_HEADER]: 'Id of the conversation, for the next request' },
    },
  },
  problems: [
    'bad_subject',
    'bad_query',
    'bad_idempotency_key',
    'unsupported_parameter',
    'unknown_model',
    'history_conflict',
    'rejected',
    'too_many_waits',
    'inbox_full',
    'inbox_refused',
    'wait_timeout',
    'closing',
    'nats_unavailable',
  ],
  problemForm: OPENAI_FORM,
} as const satisfies DescribedRoute

/** Adds `POST /v1/chat/completions`. */
export function addCompletionsRoute(app: FastifyInstance, deps: ChatRouteDeps): void {
  addRoute(app, COMPLETIONS_ROUTE, async ({ body, headers: given, principal }, reply) => {
    const headers = headersSchema.safeParse(given, IN_WORDS)
    if (!headers.success) throw new HttpProblem('bad_query', zodProblem(headers.error, ''))
    const request = readCompletionRequest(body)
    const key = idempotencyKeyOf(headers.data['idempotency-key'])
    deps.connection.requireConnection('nothing was stored')
    const address = await conversationOf(deps, request, headers.data[CONVERSATION_HEADER], principal)
    reply.header(CONVERSATION_HEADER, address.id)
    takePlace(deps.places, address.tenant)
    await using started = new AsyncDisposableStack()
    started.defer(() => deps.places.release(address.tenant))
    const signal = waitSignal(whenDisconnected(reply), headers.data['x-timeout-ms'], deps.closing)
    const live: { hear?: (event: LiveEvent) => void } = {}
    const conversation = await openConversation(deps, address, signal, started, (event) => live.hear?.(event))
    const { end } = conversation
    const asking = newMessages(address, request, end, key)
    const ids = [...asking.recorded, ...asking.messages.map(({ id }) => id)]
    const head: CompletionHead = { id: `chatcmpl-${ids.at(-1) ?? ''}`, created: Math.floor(Date.now() / 1000), model: request.model }
    if (request.stream !== true) {
      const asked = await ask(deps, address, asking, conversation, signal, started).catch(withoutRetry)
      return completion(head, address, await repliesTo(asked, signal).catch(withoutRetry))
    }
    const streamed = createCompletionStream(head, request.stream_options?.include_usage === true)
    const answer = started.adopt(streamed.stream, (stream) => void stream.destroy())
    if (headers.data['x-provisional'] === 'true' && isFree(end, ids)) {
      live.hear = createLiveListener(streamed)
    }
    const asked = await ask(deps, address, asking, conversation, signal, started).catch(withoutRetry)
    const streaming = started.move()
    // The answer has begun: what fails from here on is told in the stream.
    void finish(asked, streamed, signal, streaming)
    return reply.type('text/event-stream; charset=utf-8').headers(STREAM_HEADERS).send(answer)
  })
}

/** Proxies must neither keep nor collect what comes. */
const STREAM_HEADERS = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' } as const

async function finish(asked: Asked, to: CompletionStream, signal: AbortSignal, streaming: AsyncDisposableStack): Promise<void> {
  try {
    to.end(await repliesTo(asked, signal))
  } catch (error) {
    to.fail(error)
  }
  await finished(to.stream).catch(() => undefined)
  await streaming.disposeAsync()
}

/** @throws HttpProblem 404 `unknown_model`; 400 `bad_subject`; as `requireAccess` */
async function conversationOf(
  deps: ChatRouteDeps,
  { model, user }: CompletionRequest,
  header: string | undefined,
  principal: Principal | undefined,
): Promise<Address> {
  const [kind = '', tenant = TENANT_DEFAULT, ...more] = model.split('/').toReversed()
  const isName = TOKEN.test(kind) && TOKEN.test(tenant) && more.length === 0
  if (header !== undefined && !TOKEN.test(header)) {
    const detail = `${CONVERSATION_HEADER} ${JSON.stringify(header)} is the id of the conversation and must match ${TOKEN.source}`
    throw new HttpProblem('bad_subject', detail, { more: { param: CONVERSATION_HEADER } })
  }
  // A new id cannot be guessed: it gives access to the conversation.
  const id = header ?? idOfUser(user ?? '') ?? `chat-${randomBytes(18).toString('base64url')}`
  if (!isName) throw unknownModel(model, await deps.kinds.all(), 'model')
  requireAccess(principal, 'publish', { tenant, kind })
  return chatAddress(deps, { tenant, id }, { kind, param: 'model' })
}

/** OpenAI's clients name users as they like, by e-mail address too. A name that is no token gives an id that does not tell it. */
function idOfUser(user: string): string | undefined {
  if (user === '') return undefined
  return TOKEN.test(user) ? user : `user-${hash('sha256', user).slice(0, 32)}`
}

/** Whether no other message waits for its reply, so that what is written is the reply to these. */
const isFree = ({ records }: ConversationEnd, ids: readonly string[]): boolean =>
  (records.at(-1)?.record.case.open ?? []).every(({ id }) => ids.includes(id))

function withoutRetry(error: unknown): never {
  if (!(error instanceof HttpProblem) || error.code !== 'wait_timeout') throw error
  const { code, message, more, headers, cause } = error
  throw new HttpProblem(code, message, { more, headers: { ...headers, ...NO_RETRY }, cause })
}
