import type { TokenPrice } from '../../actors/kinds/support/model-cost.ts'
import type { Settings } from '../settings.ts'

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
