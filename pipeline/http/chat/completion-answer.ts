import { z } from 'zod'
import type { Address } from '../../../schemas/subjects.ts'
import { addressParams } from '../route-address.ts'
import type { ConversationMessage } from './conversation-messages.ts'

const usageSchema = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
type Usage = z.output<typeof usageSchema>

const headSchema = z.object({
  id: z.string().meta({ description: 'The same for each request of the same reply' }),
  created: z.int().meta({ description: 'Seconds since 1970' }),
  model: z.string().meta({ description: 'As it was asked for' }),
})
const stopSchema = z.literal('stop')

export const completionSchema = headSchema.extend({
  object: z.literal('chat.completion'),
  choices: z
    .array(
      z.object({
        index: z.literal(0),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs: z.null(),
        finish_reason: stopSchema,
      }),
    )
    .length(1),
  usage: usageSchema.meta({ description: 'What the reply says of it; 0 where it says nothing' }),
  colloquy: z
    .object({ conversation: addressParams, messages: z.array(z.looseObject({ id: z.string(), text: z.string() })) })
    .meta({ description: 'No part of the protocol: the actor, and its replies with all that they say' }),
})

export const chunkSchema = headSchema.extend({
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: z.literal(0),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: z.null(),
      finish_reason: stopSchema.nullable(),
    }),
  ),
  usage: usageSchema.nullish(),
})
type CompletionChunk = z.output<typeof chunkSchema>

/** What all answers to a request have in common. */
export type CompletionHead = z.output<typeof headSchema>

/** The text of several replies. */
export const textOfReplies = (messages: readonly ConversationMessage[]): string => messages.map(({ text }) => text).join('\n\n')

const count = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0)

export function usageOf(messages: readonly ConversationMessage[]): Usage {
  const prompt = messages.reduce((sum, { data }) => sum + count(data['tokensIn']), 0)
  const completion = messages.reduce((sum, { data }) => sum + count(data['tokensOut']), 0)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

/** A completion in one piece. */
export const completion = (
  head: CompletionHead,
  conversation: Address,
  messages: readonly ConversationMessage[],
): z.output<typeof completionSchema> => ({
  ...head,
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: textOfReplies(messages), refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: usageOf(messages),
  colloquy: { conversation, messages: messages.map(({ id, text, data }) => ({ ...data, id, text })) },
})

type Delta = CompletionChunk['choices'][number]['delta']

export const chunk = (head: CompletionHead, delta: Delta, isLast = false): CompletionChunk => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: isLast ? 'stop' : null }],
})

export const usageChunk = (head: CompletionHead, usage: Usage): CompletionChunk => ({
  ...head,
  object: 'chat.completion.chunk',
  choices: [],
  usage,
})
