import type { TaskGeneration } from '../../../definition/task-generation.ts'
import { LOOKUPS_MAX } from '../found.ts'
import type { Spent } from '../spent.ts'
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
  /** Absent where a provider does not say. */
  readonly spent?: Spent
}

/** How a message is rewritten. */
interface RewriteOptions extends Pick<TaskGeneration, 'generate'> {
  readonly signal: AbortSignal
  /** Milliseconds for it, over all models that are asked. */
  readonly ms: number
}

/**
 * Rewrites a message by a small language model: a short request. It throws where no model answers within `ms`, or the answer is no JSON
 * array of 1 to `LOOKUPS_MAX` questions in words of the conversation; the caller then goes by rules.
 */
export async function rewrite({ text, turns }: Message, { generate, signal, ms }: RewriteOptions): Promise<Rewritten> {
  const {
    text: written,
    tokensIn,
    tokensOut,
    cost,
    model,
  } = await generate({
    messages: [
      { role: 'system', content: INSTRUCTIONS },
      { role: 'user', content: conversationOf(text, turns) },
    ],
    tier: 'small',
    temperature: 0,
    tokensOutMax: TOKENS_MAX,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]),
  })
  const lookups = rewrittenQuestions(written, { text, turns }, model)
  if (tokensIn === undefined || tokensOut === undefined) return { lookups }
  return { lookups, spent: { tokensIn, tokensOut, ...(cost !== undefined && { cost }) } }
}

/** The turns are bounded by the context of the machine. */
const conversationOf = (text: string, turns: Message['turns']): string =>
  [
    'Conversation:',
    ...turns.map((turn) => `${turn.role === 'user' ? 'Customer' : 'Shop'}: ${turn.text}`),
    '',
    `Last message of the customer: ${text}`,
  ].join('\n')
