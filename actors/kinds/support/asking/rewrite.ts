import { generateText } from 'ai'
import { endpointModel } from '../endpoint-model.ts'
import { LOOKUPS_MAX } from '../found.ts'
import { costOf, type Spent } from '../model-cost.ts'
import type { ModelOptions } from '../model-options.ts'
import type { Message } from './asked.ts'
import { rewrittenQuestions } from './rewritten-questions.ts'

export const REWRITE_DEFAULT_MS = 1_500
/** A list of questions has fewer tokens; one that goes on is cut, and then no list. */
const TOKENS_MAX = 200

const INSTRUCTIONS = [
  "You prepare searches in the help pages of a shop. Rewrite the customer's last message as questions that can be understood without the",
  'conversation: say what words like "it", "there" or "那个" stand for, and add what is left out. Keep names and numbers. Write in the',
  'language of the last message. If it stands alone, repeat it. Answer nothing and add nothing else. Reply with a JSON array of',
  `1 to ${LOOKUPS_MAX} strings, one for each thing that is asked, such as ["How much is shipping to Norway?"].`,
].join(' ')

/** Questions that stand alone, with what they cost. */
export interface Rewritten {
  readonly lookups: readonly string[]
  /** Absent where the endpoint does not say. */
  readonly spent?: Spent
}

/**
 * Creates a rewriter by a language model: one short request, without retries. It throws where the model fails, takes longer than `ms`, or
 * returns no JSON array of 1 to `LOOKUPS_MAX` questions in words of the conversation; the caller then goes by rules.
 */
export function createRewrite(options: ModelOptions, ms: number): (message: Message, signal: AbortSignal) => Promise<Rewritten> {
  const model = endpointModel(options)
  return async ({ text, turns }, signal) => {
    const { text: written, usage } = await generateText({
      model,
      instructions: INSTRUCTIONS,
      messages: [{ role: 'user', content: conversationOf(text, turns) }],
      temperature: 0,
      maxOutputTokens: TOKENS_MAX,
      maxRetries: 0,
      abortSignal: AbortSignal.any([signal, AbortSignal.timeout(ms)]),
    })
    const lookups = rewrittenQuestions(written, { text, turns }, options.model)
    const { inputTokens, outputTokens } = usage
    if (inputTokens === undefined || outputTokens === undefined) return { lookups }
    return { lookups, spent: { tokensIn: inputTokens, tokensOut: outputTokens, ...costOf(usage, options.price) } }
  }
}

/** The turns are bounded by the context of the machine. */
const conversationOf = (text: string, turns: Message['turns']): string =>
  [
    'Conversation:',
    ...turns.map((turn) => `${turn.role === 'user' ? 'Customer' : 'Shop'}: ${turn.text}`),
    '',
    `Last message of the customer: ${text}`,
  ].join('\n')
