import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { extractReasoningMiddleware, wrapLanguageModel } from 'ai'
import { boundedFetch } from './bounded-fetch.ts'

type Wrappable = Parameters<typeof wrapLanguageModel>[0]['model']

/** A model behind an endpoint with OpenAI's chat completions API. */
export interface ModelEndpoint {
  /** The URL without the final `/chat/completions`. */
  readonly baseUrl: string
  readonly apiKey?: string | undefined
  readonly model: string
}

/**
 * Opens a model as the AI SDK asks it. A response is bounded in bytes (`model_body_too_large`).
 *
 * @param includeUsage a stream tells its tokens, too. Default: false
 */
export const endpointModel = ({ baseUrl, apiKey, model }: ModelEndpoint, { includeUsage = false } = {}) =>
  createOpenAICompatible({ name: 'llm', baseURL: baseUrl, fetch: boundedFetch, includeUsage, ...(apiKey !== undefined && { apiKey }) })(
    model,
  )

/** What a model writes in `<think>` is no part of its text. */
export const withoutThinking = (model: Wrappable) =>
  wrapLanguageModel({ model, middleware: extractReasoningMiddleware({ tagName: 'think' }) })
