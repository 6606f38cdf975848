import { generateText } from 'ai'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { neutralData } from '../../actors/prompting/neutral-data.ts'
import { endpointModel, type ModelEndpoint } from '../models/endpoint-model.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'

/** An intent that a message may have. */
export interface IntentCandidate {
  readonly name: string
  /** What people say that it means. */
  readonly description?: string | undefined
}

/** A language model that decides where a trained set is unsure. */
export interface IntentChoice {
  /** Name of the model, as `by` tells it. */
  readonly model: string
  /** @returns the name of a candidate, `null` for none of them, `undefined` where the model gave no usable answer in time */
  choose(text: string, candidates: readonly IntentCandidate[]): Promise<string | null | undefined>
}

export interface IntentChoiceOptions extends ModelEndpoint {
  readonly log: Logger
  /** Milliseconds for an answer; default 5,000. A message is understood without the model then. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
/** Candidates that a model is asked about. */
export const CHOICES_MAX = 3
/** Requests of one process at a time; messages beyond are understood without the model. */
const REQUESTS_MAX = 4
const TEXT_CHARS_MAX = 1_000
const TOKENS_MAX = 8

/**
 * Creates the choice by a model behind an endpoint with OpenAI's chat completions API. It never throws: the trained set decides alone then.
 */
export function createIntentChoice({ log, timeoutMs = TIMEOUT_MS, ...endpoint }: IntentChoiceOptions): IntentChoice {
  const { baseUrl, model } = endpoint
  const asked = endpointModel(endpoint)
  const limit = pLimit(REQUESTS_MAX)
  const ask = async (text: string, candidates: readonly IntentCandidate[]): Promise<string | null | undefined> => {
    const list = candidates.map(
      ({ name, description }, index) => `${index + 1}. ${name}${description === undefined ? '' : `: ${description}`}`,
    )
    const { text: answer } = await generateText({
      model: asked,
      instructions: `Which of these does the user's message ask for?\n${list.join('\n')}\n0. none of them\nAnswer with the number alone.`,
      messages: [{ role: 'user', content: neutralData(text.slice(0, TEXT_CHARS_MAX).toWellFormed()) }],
      temperature: 0,
      maxOutputTokens: TOKENS_MAX,
      maxRetries: 0,
      abortSignal: AbortSignal.timeout(timeoutMs),
    })
    const number = /^\D{0,3}(\d)(?!\d)/.exec(answer.trim())?.[1]
    if (number === undefined || Number(number) > candidates.length) return undefined
    return number === '0' ? null : candidates[Number(number) - 1]?.name
  }
  return {
    model,
    async choose(text, candidates) {
      if (limit.activeCount >= REQUESTS_MAX) return undefined
      try {
        return await limit(ask, text, candidates)
      } catch (error) {
        rateLimitedWarn(log, { err: error, baseUrl }, 'the language model did not decide between intents; the trained set decides alone')
        return undefined
      }
    },
  }
}
