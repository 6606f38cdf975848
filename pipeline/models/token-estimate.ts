import type { GenerationMessage } from '../../actors/definition/task-generation.ts'

/** Tokens that chat templates put around a message, rounded up. */
const MESSAGE_TOKENS = 8
const ASCII_CHARS_PER_TOKEN = 3.5
/** Characters from here on, such as Han and kana, take about a token each; letters below, such as é or я, about half of one. */
const WIDE_FROM = 0x2e80

/**
 * Estimates the tokens of a text. Common tokenizers take 3.5 to 4.5 characters of English a token, and 0.6 to 1.1 tokens a Han character;
 * the estimate is at the upper end, so that what fits by it fits.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    tokens += unit < 0x80 ? 1 / ASCII_CHARS_PER_TOKEN : unit < WIDE_FROM ? 0.5 : 1.1
  }
  return Math.ceil(tokens)
}

export const estimateMessages = (messages: readonly GenerationMessage[]): number =>
  messages.reduce(
    (sum, { content, calls = [] }) =>
      sum + estimateTokens(content) + MESSAGE_TOKENS + calls.reduce((tokens, call) => tokens + estimateTokens(JSON.stringify(call)), 0),
    0,
  )

/**
 * Cuts messages to a number of tokens: the oldest go first; system messages, the last one of the user and what follows it stay. What is
 * left begins with a user's message, as many models demand.
 *
 * @returns `undefined` if what has to stay does not fit
 */
export function fitMessages(messages: readonly GenerationMessage[], tokensMax: number): readonly GenerationMessage[] | undefined {
  let tokens = estimateMessages(messages)
  if (tokens <= tokensMax) return messages
  const last = messages.findLastIndex(({ role }) => role === 'user')
  let isCut = true
  const kept = messages.filter((message, index) => {
    if (message.role === 'system' || index >= last) return true
    isCut &&= tokens > tokensMax || message.role === 'assistant'
    if (isCut) tokens -= estimateMessages([message])
    return !isCut
  })
  return tokens <= tokensMax ? kept : undefined
}

/** Tokens of one request, as its provider tells them. */
export interface ToldUsage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

/** A token is at least one byte in the tokenizers in use; templates, tools and schemas of a provider add to what was sent. */
const OVERHEAD_TOKENS_MAX = 2_048
/** Some providers count what a model thought beyond the bound of its answer. */
const ANSWER_FACTOR_MAX = 4

/**
 * The counts that can be true: whole numbers from 0 to the bytes that were sent and an overhead, or to four times the bound of the answer.
 * Any other one counts as not told, since a cost by it would be worse than an unknown one.
 *
 * @param sentBytes UTF-8 bytes of all messages
 */
export function believableUsage(
  { inputTokens, outputTokens }: ToldUsage,
  { sentBytes, tokensOutMax }: { readonly sentBytes: number; readonly tokensOutMax: number },
): ToldUsage {
  const within = (count: number | undefined, max: number): number | undefined =>
    count !== undefined && Number.isInteger(count) && count >= 0 && count <= max ? count : undefined
  return {
    inputTokens: within(inputTokens, sentBytes + OVERHEAD_TOKENS_MAX),
    outputTokens: within(outputTokens, tokensOutMax * ANSWER_FACTOR_MAX),
  }
}
