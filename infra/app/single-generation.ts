import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { extractReasoningMiddleware, generateText, wrapLanguageModel } from 'ai'
import type { Generated, GenerationQuery } from '../../actors/definition/task-generation.ts'
import { boundedFetch } from '../../actors/kinds/support/bounded-fetch.ts'
import { costOf } from '../../actors/kinds/support/model-cost.ts'
import { asTaskError } from '../../actors/kinds/support/model-errors.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { ModelAccess } from './model-access.ts'

/** Generates texts; what a task has as `TaskGeneration` does, too. */
export interface TextGeneration {
  generate(query: Omit<GenerationQuery, 'schema'>): Promise<Generated>
}

const TOKENS_OUT_MAX = 1_000

/**
 * The one model of the settings. It has no tier, asks no other model where one fails, and does not stream.
 *
 * @throws ColloquyError `model_timeout` after `timeoutMs`; `model_empty`; otherwise as `asTaskError`
 */
export function createSingleGeneration({ baseUrl, apiKey, price, model: name }: ModelAccess, timeoutMs: number): TextGeneration {
  const provider = createOpenAICompatible({ name: 'llm', baseURL: baseUrl, fetch: boundedFetch, ...(apiKey !== undefined && { apiKey }) })
  const model = wrapLanguageModel({ model: provider(name), middleware: extractReasoningMiddleware({ tagName: 'think' }) })
  return {
    async generate({ messages, temperature = 0, tokensOutMax = TOKENS_OUT_MAX, signal }) {
      const timeout = AbortSignal.timeout(timeoutMs)
      const { text, usage, response } = await generateText({
        model,
        instructions: messages
          .filter(({ role }) => role === 'system')
          .map(({ content }) => content)
          .join('\n\n'),
        messages: messages.flatMap(({ role, content }) => (role === 'system' ? [] : [{ role, content }])),
        temperature,
        maxOutputTokens: tokensOutMax,
        maxRetries: 0,
        abortSignal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      }).catch((error: unknown) => {
        signal?.throwIfAborted()
        if (timeout.aborted) throw new ColloquyError('model_timeout', `no answer from ${baseUrl} within ${timeoutMs} ms`, { cause: error })
        throw asTaskError(error, baseUrl)
      })
      if (text.trim() === '') throw new ColloquyError('model_empty', `${name} returned an empty answer`)
      const { inputTokens: tokensIn, outputTokens: tokensOut } = usage
      return {
        text: text.trim(),
        model: response.modelId,
        tier: 'medium',
        tierReason: 'given',
        ...(tokensIn !== undefined && { tokensIn }),
        ...(tokensOut !== undefined && { tokensOut }),
        ...costOf(usage, price),
        attempts: [],
      }
    },
  }
}
