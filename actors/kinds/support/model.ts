import { InvalidResponseDataError, type ModelMessage, streamText, type TextStreamPart, type ToolSet } from 'ai'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { ColloquyError, TerminalError } from '../../../schemas/errors.ts'
import type { TaskCall } from '../../definition/task-definition.ts'
import { clip } from './clip.ts'
import { type Answer, ANSWER_CHARS_MAX, type AnswerInput } from './definition.ts'
import { endpointModel, withoutThinking } from './endpoint-model.ts'
import { costOf, type TokenUsage } from './model-cost.ts'
import { asTaskError } from './model-errors.ts'
import type { ModelOptions } from './model-options.ts'
import { instructionsFor, NO_ANSWER } from './prompt.ts'
import { citationOf } from './replies.ts'
import { startTokenClock, type TokenClock } from './token-clock.ts'

type Call = Pick<TaskCall<AnswerInput>, 'input' | 'signal'>

/** UTF-16 units of an answer that are read. With more, the rest is not waited for: no honest answer is so long. */
const TEXT_CHARS_MAX = 4 * ANSWER_CHARS_MAX

/**
 * Answers from the articles with a model. Sends one request per attempt, and reads its stream.
 *
 * @throws RetryLaterError `model_busy` on 429, and on 503 with `Retry-After`.
 * @throws ColloquyError `model_unavailable` (5xx, network, a stream that breaks off): retrying may help. `model_timeout`, `model_refused`
 * (any other 4xx but 408 and 409), `model_filtered`, `model_empty`, `model_unfit` (no stream of chat completions), `model_body_too_large`:
 * see `finalCodeOf`.
 */
export function createModelAnswer(options: ModelOptions): (call: Call) => Promise<Answer> {
  const { baseUrl, temperature = 0.2, tokensOutMax = 1000 } = options
  const model = withoutThinking(endpointModel(options, { includeUsage: true }))

  return async ({ input, signal }) => {
    const left = new AbortController()
    const clock = startTokenClock(options)
    const { fullStream } = streamText({
      model,
      instructions: instructionsFor(input),
      messages: messagesOf(input),
      temperature,
      maxOutputTokens: tokensOutMax,
      maxRetries: 0,
      abortSignal: AbortSignal.any([signal, clock.signal, left.signal]),
      // The default prints the error, which the loop below throws.
      onError: () => undefined,
    })
    try {
      const { text, usage, modelId } = await readAnswer(fullStream, options, clock)
      return { ...answerOf(text, input), model: clip(modelId, 128), ...tokensOf(usage), ...costOf(usage, options.price) }
    } catch (error) {
      signal.throwIfAborted()
      throw asTaskError(clock.signal.aborted ? clock.signal.reason : error, baseUrl)
    } finally {
      clock.stop()
      left.abort()
    }
  }
}

interface ReadAnswer {
  readonly text: string
  readonly usage: TokenUsage
  readonly modelId: string
}

async function readAnswer(
  stream: AsyncIterable<TextStreamPart<ToolSet>>,
  { model, baseUrl }: ModelOptions,
  clock: TokenClock,
): Promise<ReadAnswer> {
  let [text, modelId] = ['', model]
  let usage: TokenUsage = { inputTokens: undefined, outputTokens: undefined }
  let finishReason: string | undefined
  for await (const part of stream) {
    if (part.type === 'error')
      throw text !== '' && InvalidResponseDataError.isInstance(part.error) ? asCut(part.error, baseUrl) : part.error
    if (part.type === 'abort') throw new ColloquyError('model_unavailable', `the request to ${baseUrl} was aborted`)
    if (part.type === 'finish-step') {
      modelId = part.response.modelId
      usage = part.usage
      finishReason = part.finishReason
    }
    if (part.type === 'reasoning-delta' || part.type === 'text-delta') clock.token()
    if (part.type !== 'text-delta') continue
    text += part.text
    if (text.length > TEXT_CHARS_MAX) return { text: text.trim(), usage, modelId }
  }
  if (finishReason === 'content-filter') {
    throw new TerminalError('model_filtered' satisfies ErrorCode, `${model} withheld its answer (finish reason ${finishReason})`)
  }
  if (text.trim() !== '') return { text: text.trim(), usage, modelId }
  throw new ColloquyError('model_empty', `${model} returned an empty answer (finish reason ${finishReason})`)
}

/** The SDK gives this error where a stream has no finish reason. With text before it, the rest got lost, and an attempt may succeed. */
const asCut = (cause: unknown, baseUrl: string): ColloquyError =>
  new ColloquyError('model_unavailable', `the stream of ${baseUrl} ended before the answer did`, { cause })

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

const tokensOf = ({ inputTokens, outputTokens }: TokenUsage) => ({
  ...(inputTokens === undefined ? {} : { tokensIn: inputTokens }),
  ...(outputTokens === undefined ? {} : { tokensOut: outputTokens }),
})
