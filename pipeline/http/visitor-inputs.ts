import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { inputSchema } from '../../schemas/envelope.ts'
import { messageReceived } from '../../schemas/events.ts'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { HttpProblem } from './problems.ts'

/** Characters of a message of a visitor. */
export const VISITOR_TEXT_CHARS_MAX = 8_000

const id = z.string().min(1).max(256)
/** What a visitor writes: never who the customer is, since nobody has checked that. */
export const visitorMessage = z.strictObject({
  id: inputSchema.shape.id,
  text: messageReceived.shape.text.max(VISITOR_TEXT_CHARS_MAX),
  lang: messageReceived.shape.lang,
  channel: messageReceived.shape.channel,
  role: z.literal('user').default('user'),
})
const input = <Type extends string>(type: Type, data: z.ZodType) =>
  z.strictObject({ type: z.literal(type), id: inputSchema.shape.id, data })
/** Other inputs of visitors. */
const visitorInput = z.discriminatedUnion('type', [
  input(
    'feedback.given',
    z.strictObject({
      answer: id.optional(),
      thumbs: z.enum(['up', 'down']).optional(),
      rating: z.number().optional(),
      comment: z.string().max(4_000).optional(),
    }),
  ),
  input('form.submitted', z.strictObject({ id, values: z.record(id, z.union([z.string(), z.number(), z.boolean(), z.null()])) })),
  input('button.pressed', z.strictObject({ id })),
])

/**
 * Checks an input of a visitor: one event in plain JSON, of a type and with fields that visitors may send.
 *
 * @throws HttpProblem 403 `not_for_visitors`
 */
export function requireVisitorInput({ headers, body }: Pick<FastifyRequest, 'headers' | 'body'>): void {
  const isPlain = !Object.keys(headers).some((name) => name.startsWith('ce-')) && /^application\/json\b/.test(headers['content-type'] ?? '')
  const read = visitorInput.safeParse(body instanceof Uint8Array ? parseJson(Buffer.from(body).toString('utf8')) : undefined, IN_WORDS)
  if (isPlain && read.success) return
  const why = read.success ? 'it is not plain application/json' : zodProblem(read.error, '')
  throw new HttpProblem('not_for_visitors', `visitors send feedback.given, form.submitted or button.pressed, each alone: ${why}`)
}
