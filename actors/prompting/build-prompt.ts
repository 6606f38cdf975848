import type { GenerationMessage } from '../definition/task-generation.ts'
import type { PromptLanguage, Variables } from '../definition/task-prompts.ts'
import { createFence, cut } from './fence.ts'
import { neutralData } from './neutral-data.ts'
import { PROMPT_WORDS } from './prompt-words.ts'
import { renderTemplate } from './template.ts'

/** Bounds of the data in a prompt: what exceeds them is left out. Characters are UTF-16 units. */
export const PROMPT_DATA_LIMITS = {
  passagesMax: 8,
  passageCharsMax: 4_000,
  /** Turns before the message; the oldest are left out. */
  turnsMax: 12,
  /** Earlier messages that a search found. */
  earlierMax: 6,
  /** Facts of a customer. */
  knownMax: 32,
  textCharsMax: 4_000,
} as const

/** A turn of the conversation. What a person of the support desk wrote has the role `agent`. */
export interface PromptTurn {
  readonly role: 'user' | 'assistant' | 'agent' | 'system'
  readonly text: string
}

/** What a prompt is built of. All but template and variables is data that anybody may have written. */
export interface PromptParts {
  readonly template: string
  /** See `knownVariables`; a prompt's own ones beside them. */
  readonly variables: Variables
  /** Passages in the order of their numbers, from 1. */
  readonly passages: readonly { readonly title: string; readonly text: string }[]
  /** Turns before the message, oldest first. Default: none. */
  readonly turns?: readonly PromptTurn[]
  /** Messages of the same conversation that a search found. Default: none. */
  readonly earlier?: readonly string[]
  /** What is known of the customer, one fact a line. Default: nothing. */
  readonly knows?: readonly string[]
  readonly message: string
  readonly lang: PromptLanguage
}

/**
 * Builds the messages for a model. The same parts give the same messages.
 *
 * Data stands in a fence (`createFence`). The first message depends on template and variables only, so that an endpoint can cache it.
 */
export function buildPrompt({
  template,
  variables,
  passages,
  turns = [],
  earlier = [],
  knows = [],
  message,
  lang,
}: PromptParts): GenerationMessage[] {
  const { passagesMax, passageCharsMax, turnsMax, earlierMax, knownMax, textCharsMax } = PROMPT_DATA_LIMITS
  const words = PROMPT_WORDS[lang]
  const shown = passages.slice(0, passagesMax)
  const found = earlier.slice(0, earlierMax)
  const known = knows.slice(0, knownMax)
  const fenced = createFence([shown, turns, found, known, message])
  const before = turns
    .filter(({ role }) => role !== 'system')
    .slice(-turnsMax)
    .map(({ role, text }): GenerationMessage => {
      const content = cut(text, textCharsMax)
      return role === 'user'
        ? { role: 'user', content: fenced('message', content, textCharsMax) }
        : { role: 'assistant', content: neutralData(content) }
    })
  const question = [
    words.passages,
    ...(shown.length === 0 ? [words.none] : []),
    ...shown.map(({ title, text }, index) => fenced(`passage="${index + 1}"`, `${title}\n${text}`, passageCharsMax)),
    ...(found.length === 0 ? [] : [words.earlier, ...found.map((text) => fenced('earlier', text, textCharsMax))]),
    ...(known.length === 0 ? [] : [words.customer, fenced('customer', known.join('\n'), textCharsMax)]),
    words.message,
    fenced('message', message, textCharsMax),
    words.answer,
  ].join('\n')
  return [
    { role: 'system', content: `${renderTemplate(template, variables)}\n\n${words.fence}` },
    ...before,
    { role: 'user', content: question },
  ]
}
