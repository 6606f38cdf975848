import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, extractReasoningMiddleware, generateText, type ModelMessage, wrapLanguageModel } from 'ai'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { ColloquyError, messageOf, RetryLaterError, TerminalError } from '../../../schemas/errors.ts'
import type { TaskCall } from '../../definition/task-definition.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { clip } from './clip.ts'
import { type Answer, ANSWER_CHARS_MAX, type AnswerInput } from './definition.ts'
import { instructionsFor, NO_ANSWER } from './prompt.ts'
import { citationOf } from './replies.ts'

/** A model behind any endpoint with OpenAI's chat completions API. */
export interface ModelOptions {
  /** The URL without the final `/chat/completions`. */
  readonly baseUrl: string
  readonly apiKey?: string
  readonly model: string
  /** Default 0.2. */
  readonly temperature?: number
  /** Maximum tokens of an answer, including a model's reasoning. Default 1000. */
  readonly tokensOutMax?: number
  /** Milliseconds for one attempt, from the request to the last byte. Default 20,000. */
  readonly timeoutMs?: number
  /** Price of a million tokens, read and written. Default: unknown. */
  readonly price?: { readonly perMillionIn: number; readonly perMillionOut: number } | undefined
  /** Concurrent requests in the whole cluster. Default 8. */
  readonly concurrencyMax?: number
}

type Call = Pick<TaskCall<AnswerInput>, 'input' | 'signal'>

/** Milliseconds to wait after a 429 without `Retry-After`. */
const RETRY_AFTER_DEFAULT_MS = 5_000
const TIMEOUT_DEFAULT_MS = 20_000

/**
 * Answers from the articles with a model. Sends one request per attempt; the runner retries.
 *
 * @throws RetryLaterError `model_busy` on 429, and on 503 with `Retry-After`.
 * @throws TerminalError `model_refused` on any other 4xx but 408 and 409; `model_filtered` where the endpoint withholds the answer.
 * @throws ColloquyError `model_unavailable` (5xx, network, malformed response), `model_timeout`, `model_empty`: retrying may help.
 */
export function createModelAnswer(options: ModelOptions): (call: Call) => Promise<Answer> {
  const { baseUrl, apiKey, temperature = 0.2, tokensOutMax = 1000, timeoutMs = TIMEOUT_DEFAULT_MS } = options
  const provider = createOpenAICompatible({
    name: 'llm',
    baseURL: baseUrl,
    fetch: boundedFetch,
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  const thinking = extractReasoningMiddleware({ tagName: 'think' })
  const model = wrapLanguageModel({ model: provider(options.model), middleware: thinking })

  return async ({ input, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const result = await generateText({
      model,
      instructions: instructionsFor(input),
      messages: messagesOf(input),
      temperature,
      maxOutputTokens: tokensOutMax,
      maxRetries: 0,
      abortSignal: AbortSignal.any([signal, timeout]),
    }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw timeout.aborted
        ? new ColloquyError('model_timeout', `no answer from ${baseUrl} within ${timeoutMs} ms`, { cause: error })
        : asTaskError(error, baseUrl)
    })
    if (result.finishReason === 'content-filter') {
      throw new TerminalError(
        'model_filtered' satisfies ErrorCode,
        `${options.model} withheld its answer (finish reason ${result.finishReason})`,
      )
    }
    const answerText = result.text.trim()
    if (answerText === '') {
      throw new ColloquyError('model_empty', `${options.model} returned an empty answer (finish reason ${result.finishReason})`)
    }
    return {
      ...answerOf(answerText, input),
      model: clip(result.response.modelId, 128),
      ...tokensOf(result.usage),
      ...costOf(result.usage, options.price),
    }
  }
}

function messagesOf({ turns, text }: AnswerInput): ModelMessage[] {
  const before = turns
    .filter(({ role }) => role !== 'system')
    .map((turn): ModelMessage => ({ role: turn.role === 'user' ? 'user' : 'assistant', content: turn.text }))
  return [...before, { role: 'user', content: text }]
}

const CITATION = /\s*\[(\d+)\]/g

/** The articles that the answer cites as [1], [2], …; all of them where it cites none. */
function answerOf(text: string, { hits }: AnswerInput): Pick<Answer, 'text' | 'sources'> {
  if (text.includes(NO_ANSWER)) return { text: null, sources: [] }
  const cited = new Set(Array.from(text.matchAll(CITATION), ([, number]) => Number(number) - 1))
  const named = hits.filter((_, index) => cited.has(index))
  const sources = (named.length === 0 ? hits : named).map(citationOf)
  return { text: shorten(text.replace(CITATION, '')), sources }
}

/** Cuts a text to `ANSWER_CHARS_MAX`, at the end of a sentence where one ends in the second half. */
function shorten(text: string): string {
  if (text.length <= ANSWER_CHARS_MAX) return text.toWellFormed()
  const end = Math.max(...['.', '!', '?', '。', '！', '？'].map((stop) => text.lastIndexOf(stop, ANSWER_CHARS_MAX - 1)))
  return end < ANSWER_CHARS_MAX / 2 ? clip(text, ANSWER_CHARS_MAX) : text.slice(0, end + 1).toWellFormed()
}

interface Usage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

/** Empty where one of the two counts is unknown: a partial cost would look like a small one. */
function costOf({ inputTokens, outputTokens }: Usage, price: ModelOptions['price']): { cost?: number } {
  if (price === undefined || inputTokens === undefined || outputTokens === undefined) return {}
  return { cost: Math.round(inputTokens * price.perMillionIn + outputTokens * price.perMillionOut) / 1e6 }
}

const tokensOf = ({ inputTokens, outputTokens }: Usage) => ({
  ...(inputTokens === undefined ? {} : { tokensIn: inputTokens }),
  ...(outputTokens === undefined ? {} : { tokensOut: outputTokens }),
})

function asTaskError(error: unknown, baseUrl: string): ColloquyError {
  if (!APICallError.isInstance(error)) {
    return new ColloquyError('model_unavailable', `${baseUrl}: ${messageOf(error)}`, { cause: error })
  }
  const { statusCode: status = 0, responseHeaders: headers = {} } = error
  const what = `${baseUrl} answered ${status}: ${clip(messageOf(error), 500)}`
  const retryAfterMs = retryAfter(headers['retry-after'])
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    return new RetryLaterError('model_busy' satisfies ErrorCode, what, retryAfterMs ?? RETRY_AFTER_DEFAULT_MS, { cause: error })
  }
  if (status >= 400 && status < 500 && !error.isRetryable) {
    return new TerminalError(
      'model_refused' satisfies ErrorCode,
      `${what}; check COLLOQUY_LLM_BASE_URL, COLLOQUY_LLM_MODEL and COLLOQUY_LLM_API_KEY`,
      { cause: error },
    )
  }
  return new ColloquyError('model_unavailable', what, { cause: error })
}

/** The milliseconds of a `Retry-After`, which is a number of seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined
}
