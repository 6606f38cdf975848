import { APICallError, InvalidResponseDataError, type ModelMessage, streamText } from 'ai'
import type { z } from 'zod'
import type { GenerationCall, GenerationMessage, GenerationTool } from '../../actors/definition/task-generation.ts'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, TerminalError } from '../../schemas/errors.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'
import { callsInText, mayBeCall } from './calls-in-text.ts'
import { asTaskError } from './model-errors.ts'
import type { ProvidedModel } from './provider.ts'
import { readStructure } from './structure.ts'
import { startTokenClock } from './token-clock.ts'
import { believableUsage, estimateMessages, estimateTokens, type ToldUsage } from './token-estimate.ts'
import { callOf, offered, withCalls } from './tool-calls.ts'

/** One request to one model. */
export interface ModelQuestion {
  /** They fit the model, and say which form is wanted where a schema is given. */
  readonly messages: readonly GenerationMessage[]
  readonly schema: z.ZodType | undefined
  /** Default: none. */
  readonly tools?: readonly GenerationTool[] | undefined
  readonly temperature: number
  readonly tokensOutMax: number
  readonly signal: AbortSignal
  /** Hears each piece of the text. What it throws ends the request, and is thrown. */
  readonly onDelta: (text: string) => void
  /** The first token has come. @param ms from the request on */
  readonly onFirstToken: (ms: number) => void
}

/** What a request took, also one that failed. */
export interface Usage {
  /** `undefined` where the provider does not tell, or tells what cannot be true. */
  readonly tokensIn: number | undefined
  readonly tokensOut: number | undefined
  /** By length, where the provider does not tell. */
  readonly estimated: { readonly tokensIn: number; readonly tokensOut: number }
}

export type ModelAnswer =
  | {
      readonly kind: 'answered'
      readonly text: string
      readonly object: unknown
      readonly calls: readonly GenerationCall[]
      readonly usage: Usage
    }
  | {
      readonly kind: 'failed'
      readonly error: ColloquyError
      /** The fault of this answer, and not of the model: another request may succeed at once. */
      readonly isOfAnswer: boolean
      readonly text: string
      readonly usage: Usage
    }

const NOTHING: Usage = { tokensIn: 0, tokensOut: 0, estimated: { tokensIn: 0, tokensOut: 0 } }
/** Statuses that say that no request to this model will succeed; other ones of 4xx are about the request. */
const OF_MODEL: ReadonlySet<number> = new Set([401, 402, 403, 404])
const OF_ANSWER: ReadonlySet<string> = new Set(['model_filtered', 'model_empty', 'model_structure'] satisfies ErrorCode[])

/**
 * Asks one model once, and reads its stream.
 *
 * @throws the reason of the signal, and what `onDelta` throws; every failure of the model is a result
 */
export async function askModel(provided: ProvidedModel, entry: ModelEntry, question: ModelQuestion): Promise<ModelAnswer> {
  const { messages, schema, tools = [], temperature, tokensOutMax, signal } = question
  const left = new AbortController()
  const address = entry.baseUrl ?? entry.provider
  const clock = startTokenClock(`${entry.name} (${address})`, entry)
  const startedAt = performance.now()
  let isFirst = true
  let told: ToldUsage | undefined
  let text = ''
  let shown = 0
  const calls: GenerationCall[] = []
  let fault: { readonly thrown: unknown } | undefined
  const heard = (): void => {
    clock.token()
    if (isFirst) question.onFirstToken(performance.now() - startedAt)
    isFirst = false
  }
  const show = (): void => {
    const piece = text.slice(shown)
    shown = text.length
    try {
      if (piece !== '') question.onDelta(piece)
    } catch (thrown) {
      fault = { thrown }
      throw thrown
    }
  }
  const usage = (): Usage => {
    const sentBytes = messages.reduce(
      (bytes, { content, calls: made }) => bytes + Buffer.byteLength(content + JSON.stringify(made ?? '')),
      0,
    )
    const { inputTokens, outputTokens } = believableUsage(told ?? { inputTokens: undefined, outputTokens: undefined }, {
      sentBytes,
      tokensOutMax,
    })
    const estimated = { tokensIn: estimateMessages(messages), tokensOut: estimateTokens(text) }
    return { tokensIn: inputTokens, tokensOut: outputTokens, estimated }
  }
  try {
    const { fullStream } = streamText({
      model: schema === undefined ? provided.text : provided.json,
      ...promptOf(messages),
      ...(tools.length > 0 && { tools: offered(tools) }),
      temperature,
      maxOutputTokens: tokensOutMax,
      maxRetries: 0,
      abortSignal: AbortSignal.any([signal, clock.signal, left.signal]),
      // The default prints the error, which the loop below throws.
      onError: () => undefined,
    })
    let finishReason: string | undefined
    for await (const part of fullStream) {
      if (part.type === 'error') {
        const isCut = text !== '' && InvalidResponseDataError.isInstance(part.error)
        throw isCut ? new ColloquyError('model_unavailable', `the stream of ${entry.name} ended before the answer did`) : part.error
      }
      if (part.type === 'abort') throw new ColloquyError('model_unavailable', `the request to ${entry.name} was aborted`)
      if (part.type === 'finish-step') {
        told = part.usage
        finishReason = part.finishReason
      }
      if (part.type === 'reasoning-delta' || part.type === 'text-delta' || part.type === 'tool-input-delta') heard()
      if (part.type === 'tool-call') {
        heard()
        calls.push(callOf(part))
      }
      if (part.type !== 'text-delta') continue
      text += part.text
      if (tools.length === 0 || !mayBeCall(text)) show()
    }
    if (finishReason === 'content-filter') {
      throw new TerminalError('model_filtered' satisfies ErrorCode, `${entry.name} withheld its answer (finish reason content-filter)`)
    }
    if (text.trim() === '' && calls.length === 0)
      throw new ColloquyError('model_empty', `${entry.name} returned an empty answer (finish reason ${finishReason})`)
    const object = schema === undefined ? undefined : readStructure(text, schema, entry.name)
    const written = tools.length > 0 && calls.length === 0 ? callsInText(text.trim(), tools) : { text: text.trim(), calls }
    if (written.calls.length === 0) show()
    return { kind: 'answered', ...written, object, usage: usage() }
  } catch (error) {
    signal.throwIfAborted()
    if (fault !== undefined) throw fault.thrown
    const check = `check model, baseUrl and the key of ${entry.name} among the models`
    const own = asTaskError(clock.signal.aborted ? clock.signal.reason : error, `${entry.name} (${address})`, check)
    // Nothing was generated where not even a token came.
    return { kind: 'failed', error: own, isOfAnswer: isOfAnswer(own), text: text.trim(), usage: isFirst ? NOTHING : usage() }
  } finally {
    clock.stop()
    left.abort()
  }
}

function isOfAnswer(error: ColloquyError): boolean {
  if (error.code !== 'model_refused') return OF_ANSWER.has(error.code)
  return !APICallError.isInstance(error.cause) || !OF_MODEL.has(error.cause.statusCode ?? 0)
}

/** The AI SDK takes the system messages apart from the others. */
function promptOf(messages: readonly GenerationMessage[]): { instructions?: string; messages: ModelMessage[] } {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
  const others = messages.flatMap(({ role, content, calls }): ModelMessage[] =>
    role === 'system' ? [] : calls === undefined ? [{ role, content }] : withCalls(content, calls),
  )
  return { ...(system.length > 0 && { instructions: system.join('\n\n') }), messages: others }
}
