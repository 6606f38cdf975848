import type { TokenPrice } from '../../pipeline/models/model-cost.ts'
import type { ModelsSource } from '../../pipeline/models/model-registry.ts'
import { CONTEXT_DEFAULT, REQUESTS_DEFAULT } from '../../schemas/models-file.ts'
import { environmentKey, type Settings } from '../settings.ts'

export type ModelSettings = Pick<Settings, 'LLM_BASE_URL' | 'LLM_API_KEY' | 'LLM_MODEL' | 'LLM_PRICE_IN' | 'LLM_PRICE_OUT'>

/** A language model as the settings name it. */
export interface ModelAccess {
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: string
  /** `undefined` unless both prices are set. */
  readonly price: TokenPrice | undefined
}

/** The language model of the settings; `undefined` where they name none. */
export function modelAccess({
  LLM_BASE_URL: baseUrl,
  LLM_API_KEY: apiKey,
  LLM_MODEL: model,
  LLM_PRICE_IN: perMillionIn,
  LLM_PRICE_OUT: perMillionOut,
}: ModelSettings): ModelAccess | undefined {
  if (baseUrl === undefined || model === undefined) return undefined
  const price = perMillionIn === undefined || perMillionOut === undefined ? undefined : { perMillionIn, perMillionOut }
  return { baseUrl, model, price, ...(apiKey !== undefined && { apiKey }) }
}

/**
 * Where the models for `generate` come from: the file of MODELS, or else LLM_MODEL as the only one; `undefined` without both. The file
 * does not replace LLM_MODEL for what asks that one alone.
 */
export function modelsSourceOf(settings: Settings): ModelsSource | undefined {
  if (settings.MODELS !== undefined) return { file: settings.MODELS, keyOf: environmentKey }
  const access = modelAccess(settings)
  if (access === undefined) return undefined
  const { baseUrl, model, price, apiKey } = access
  return {
    apiKey,
    entry: {
      name: model.slice(0, NAME_CHARS_MAX).replaceAll(/[^A-Za-z0-9._:/@-]/g, '-'),
      tier: settings.LLM_TIER,
      provider: 'openai-compatible',
      baseUrl,
      apiKeyEnv: undefined,
      model,
      priceIn: price?.perMillionIn,
      priceOut: price?.perMillionOut,
      contextMax: CONTEXT_DEFAULT,
      requestsMax: REQUESTS_DEFAULT,
      firstTokenMs: settings.LLM_FIRST_TOKEN_MS,
      stallMs: settings.LLM_STALL_MS,
      totalMs: settings.LLM_TOTAL_MS,
    },
  }
}

const NAME_CHARS_MAX = 64
