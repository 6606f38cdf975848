import { generateText } from 'ai'
import type { Generated, GenerationQuery } from '../../actors/definition/task-generation.ts'
import { endpointModel, withoutThinking } from '../../pipeline/models/endpoint-model.ts'
import { costOf } from '../../pipeline/models/model-cost.ts'
import { asTaskError } from '../../pipeline/models/model-errors.ts'
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
export function createSingleGeneration(access: ModelAccess, timeoutMs: number): TextGeneration {
  const { baseUrl, price, model: name } = access
  const model = withoutThinking(endpointModel(access))
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
