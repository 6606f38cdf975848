import { hash } from 'node:crypto'
import { z } from 'zod'
import { PROMPT_LIMITS, type PromptSet } from '../../../schemas/prompt-events.ts'

const textSchema = z.object({
  version: z.int().positive(),
  text: z.string(),
  variables: z.record(z.string(), z.string()),
  note: z.string().optional(),
  hash: z.string(),
})
/** A version of a prompt. */
export type PromptText = z.infer<typeof textSchema>

/** Which version whom: of both, 0 is the built-in text. */
const releaseSchema = z.object({
  version: z.int().nonnegative(),
  share: z.number().min(0).max(1),
  /** What the other conversations get or, with the share 1, what all got before. */
  before: z.int().nonnegative(),
})
export type PromptRelease = z.infer<typeof releaseSchema>

export const promptContextSchema = z.object({
  /** The newest version; 0 before the first. */
  version: z.int().nonnegative(),
  release: releaseSchema,
  /** Texts, oldest first: of the newest version, of the one released and of the one before it; of others as long as there is room. */
  texts: z.array(textSchema),
})
/** The state of a prompt's actor. */
export type PromptContext = z.infer<typeof promptContextSchema>

const HASH_CHARS = 12
/** A hash of a text and its variables. */
export const promptHash = ({ text, variables }: Pick<PromptSet, 'text' | 'variables'>): string =>
  hash('sha256', JSON.stringify([text, Object.entries(variables).sort()])).slice(0, HASH_CHARS)

/** Texts that are kept, and their bytes as JSON: three of the largest fit. */
const TEXTS_MAX = 10
const TEXTS_BYTES_MAX = 3 * (PROMPT_LIMITS.textBytesMax + PROMPT_LIMITS.variablesBytesMax + 1_024)

/** The texts after a change: the oldest that nobody gets go first. */
export function keptTexts({ version, release, texts }: PromptContext): PromptText[] {
  const inUse = [version, release.version, release.before]
  const left = [...texts]
  const isTooMuch = (): boolean => left.length > TEXTS_MAX || Buffer.byteLength(JSON.stringify(left)) > TEXTS_BYTES_MAX
  while (isTooMuch()) {
    const oldest = left.findIndex((one) => !inUse.includes(one.version))
    if (oldest < 0) break
    left.splice(oldest, 1)
  }
  return left
}
