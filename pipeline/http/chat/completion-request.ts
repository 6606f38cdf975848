import { z } from 'zod'
import { parseJson } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { HttpProblem } from '../problems.ts'
import type { GivenTurn } from './match-history.ts'

/** Messages of a request: a client sends the whole conversation each time. */
export const MESSAGES_MAX = 2_000
/** Bytes of a body, for the same reason. One message may have as many as an input. */
export const COMPLETION_BYTES_MAX = 2 * 1024 ** 2

const contentSchema = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))])
const messageSchema = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: contentSchema.nullish().meta({ description: 'A text, or parts of the type text' }),
})

/** The body of a completion. Members that are not here are taken and ignored, such as `temperature` and `max_tokens`. */
export const completionRequestSchema = z.looseObject({
  model: z.string().min(1).meta({ description: '<kind> of the tenant default, or <tenant>/<kind>; GET /v1/models lists them' }),
  messages: z
    .array(messageSchema)
    .min(1)
    .max(MESSAGES_MAX)
    .meta({ description: 'The conversation so far; the last message is the user’s. What is known is not taken again' }),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  user: z.string().nullish().meta({ description: 'Id of the conversation, where no header x-conversation-id names it' }),
})
export type CompletionRequest = z.output<typeof completionRequestSchema>

export const COMPLETION_EXAMPLE = { model: 'support', messages: [{ role: 'user', content: '寄到挪威要多久？' }] }

/** Members that a conversation cannot do, with the values by which a client does without. */
const REFUSED: readonly (readonly [name: string, isWithout: (value: unknown) => boolean])[] = [
  ['n', (value) => value === 1],
  ['tools', (value) => Array.isArray(value) && value.length === 0],
  ['functions', (value) => Array.isArray(value) && value.length === 0],
  ['response_format', (value) => z.object({ type: z.literal('text') }).safeParse(value).success],
  ['modalities', (value) => z.tuple([z.literal('text')]).safeParse(value).success],
  ['audio', () => false],
  ['logprobs', (value) => value === false],
]

/** Reads a request. The last message is the user's. @throws HttpProblem 400 `bad_query` or `unsupported_parameter`, with the parameter */
export function readCompletionRequest(body: Buffer | undefined): CompletionRequest {
  const value = body === undefined ? undefined : parseJson(body.toString('utf8'))
  if (value === undefined) throw new HttpProblem('bad_query', `the body must be JSON, such as ${JSON.stringify(COMPLETION_EXAMPLE)}`)
  const { data: request, error } = completionRequestSchema.safeParse(value, IN_WORDS)
  if (request === undefined) {
    throw new HttpProblem('bad_query', zodProblem(error, ''), { more: { param: error.issues[0]?.path.join('.') } })
  }
  for (const [name, isWithout] of REFUSED) {
    const asked = request[name]
    if (asked !== undefined && asked !== null && !isWithout(asked)) throw unsupported(name, 'a conversation gives one reply as text')
  }
  for (const [index, { role, content, tool_calls: calls }] of request.messages.entries()) {
    if (role === 'tool' || role === 'function' || Array.isArray(calls)) throw unsupported(`messages.${index}`, 'there are no tools')
    const other = typeof content === 'string' ? undefined : content?.find(({ type }) => type !== 'text')
    if (other !== undefined)
      throw unsupported(`messages.${index}.content`, `it has a part of the type "${other.type}", and only text is read`)
  }
  if (dialogueOf(request).at(-1)?.role === 'user') return request
  throw new HttpProblem('bad_query', 'messages: the last one must be of the user', { more: { param: 'messages' } })
}

const unsupported = (param: string, why: string): HttpProblem =>
  new HttpProblem('unsupported_parameter', `${param} is not supported: ${why}`, { more: { param } })

const textOf = ({ content }: CompletionRequest['messages'][number]): string =>
  (typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('')).toWellFormed()

interface SaidMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** What user and assistant said. What a client tells its model (`system`, `developer`) is no part of the conversation. */
export const dialogueOf = ({ messages }: CompletionRequest): SaidMessage[] =>
  messages.flatMap((message) => {
    const { role } = message
    return role === 'user' || role === 'assistant' ? [{ role, content: textOf(message) }] : []
  })

/** The turns that a client remembers. What an assistant says before the user, such as the greeting of a page, belongs to none. */
export function givenTurns(said: readonly SaidMessage[]): GivenTurn[] {
  const turns: { text: string; answer: string }[] = []
  for (const { role, content } of said) {
    const turn = turns.at(-1)
    if (role === 'user') turns.push({ text: content, answer: '' })
    else if (turn !== undefined) turn.answer = `${turn.answer} ${content}`
  }
  return turns
}
