import { createModelEvaluator, type ModelEvaluator } from '../../pipeline/quality/evaluate-by-model.ts'
import type { Settings } from '../settings.ts'

/** The model of the settings as a judge; `undefined` where they name none. */
export function modelJudgeOf({
  LLM_BASE_URL: baseUrl,
  LLM_API_KEY: apiKey,
  LLM_MODEL: model,
  LLM_PRICE_IN: perMillionIn,
  LLM_PRICE_OUT: perMillionOut,
}: Pick<Settings, 'LLM_BASE_URL' | 'LLM_API_KEY' | 'LLM_MODEL' | 'LLM_PRICE_IN' | 'LLM_PRICE_OUT'>): ModelEvaluator | undefined {
  if (baseUrl === undefined || model === undefined) return undefined
  const price = perMillionIn === undefined || perMillionOut === undefined ? undefined : { perMillionIn, perMillionOut }
  return createModelEvaluator({ baseUrl, apiKey, model, price })
}
