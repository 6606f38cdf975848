import { ColloquyError } from '../../../schemas/errors.ts'
import type { TokenPrice } from './model-cost.ts'

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
  /** Milliseconds to the first token, and between two tokens. Default 6,000 and 4,000. */
  readonly firstTokenMs?: number
  readonly stallMs?: number
  /** Milliseconds to rewrite a follow-up as a question that stands alone; then rules do it. 0: rules always. Default 1,500. */
  readonly rewriteMs?: number
  /** Price of a million tokens, read and written. Default: unknown. */
  readonly price?: TokenPrice | undefined
  /** Concurrent requests in the whole cluster. Default 8. */
  readonly concurrencyMax?: number
}

export const TIMEOUT_DEFAULT_MS = 20_000
export const FIRST_TOKEN_DEFAULT_MS = 6_000
export const STALL_DEFAULT_MS = 4_000

/** @throws ColloquyError `bad_kind` where a price or time is no number from 0, or a time other than `rewriteMs` is 0 */
export function checkModelOptions({ price, timeoutMs, firstTokenMs, stallMs, rewriteMs }: ModelOptions): void {
  for (const [name, value] of Object.entries({ ...price })) {
    if (!Number.isFinite(value) || value < 0)
      throw new ColloquyError('bad_kind', `price.${name} of the model must be a number from 0 (it is ${value})`)
  }
  if (rewriteMs !== undefined && !(rewriteMs >= 0)) {
    throw new ColloquyError('bad_kind', `rewriteMs of the model must be a number from 0 (it is ${rewriteMs})`)
  }
  for (const [name, value] of Object.entries({ timeoutMs, firstTokenMs, stallMs })) {
    if (value !== undefined && !(value > 0)) throw new ColloquyError('bad_kind', `${name} of the model must be above 0 (it is ${value})`)
  }
}
