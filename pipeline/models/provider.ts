import { type LanguageModel, wrapLanguageModel } from 'ai'
import { boundedFetch } from './bounded-fetch.ts'
import { withoutThinking } from './endpoint-model.ts'
import type { ConfiguredModel } from './read-models.ts'

// Otherwise the SDK prints what a provider leaves out of a request, such as a temperature, with each new kind of request.
globalThis.AI_SDK_LOG_WARNINGS = false

type ProviderModel = Parameters<typeof wrapLanguageModel>[0]['model']

/** A model as the AI SDK asks it. */
export interface ProvidedModel {
  readonly text: LanguageModel
  /** The same, asked for JSON, by the mode that the provider has for it. */
  readonly json: LanguageModel
}

/**
 * Opens a model by the package of its provider, which is loaded with the first model that needs it. A response is bounded in bytes
 * (`model_body_too_large`), and what a model writes in `<think>` is no part of its text.
 */
export async function openModel(configured: ConfiguredModel): Promise<ProvidedModel> {
  const text = withoutThinking(await packagedModel(configured))
  const json = wrapLanguageModel({
    model: text,
    middleware: { transformParams: async ({ params }) => ({ ...params, responseFormat: { type: 'json' } }) },
  })
  return { text, json }
}

async function packagedModel({ entry: { provider, model, baseUrl, name }, apiKey }: ConfiguredModel): Promise<ProviderModel> {
  const options = { fetch: boundedFetch, ...(apiKey !== undefined && { apiKey }), ...(baseUrl !== undefined && { baseURL: baseUrl }) }
  switch (provider) {
    case 'openai-compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
      return createOpenAICompatible({ ...options, name, baseURL: baseUrl ?? '', includeUsage: true })(model)
    }
    case 'openai':
      return (await import('@ai-sdk/openai')).createOpenAI(options).chat(model)
    case 'anthropic':
      return (await import('@ai-sdk/anthropic')).createAnthropic(options)(model)
    case 'google':
      return (await import('@ai-sdk/google')).createGoogle(options)(model)
  }
}
