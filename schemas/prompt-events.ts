import { z } from 'zod'
import { intentSetSchema } from './tenant-settings.ts'

/** The kind that holds a prompt: one actor a prompt, whose id is its name. */
export const PROMPT_KIND = 'prompt'

/** Bounds of a prompt. The texts in use are in one actor's state, which has 64 KiB. */
export const PROMPT_LIMITS = {
  /** Bytes of a text, and of all values of its variables, as JSON. */
  textBytesMax: 16_384,
  variablesBytesMax: 2_048,
  /** Variables of a version. */
  variablesMax: 20,
  /** UTF-16 units of a note. */
  noteCharsMax: 300,
} as const

/** Names of prompts: with its version, a name is the `promptVersion` of an answer, which has 64 characters. */
export const promptNameSchema = intentSetSchema

/** Names of variables, as a template has them between `{{` and `}}`. */
export const VARIABLE_NAME = /^[A-Za-z][A-Za-z0-9_]{0,31}$/

const version = z.int().nonnegative()

/** Teaches the next version of a prompt. Nobody gets it before it is released. */
export const promptSet = z.object({
  text: z.string().min(1).meta({ description: 'The template: text in which {{name}} stands for the value of a variable' }),
  variables: z
    .record(z.string().regex(VARIABLE_NAME, 'must be a letter, then letters, digits or "_"; at most 32'), z.string())
    .default({})
    .meta({ description: 'Variables of its own, with their values' }),
  note: z.string().max(PROMPT_LIMITS.noteCharsMax).optional().meta({ description: 'What is new, for people' }),
})
export type PromptSet = z.output<typeof promptSet>

/** Gives a version of a prompt to a share of all conversations. An earlier version is released again in the same way. */
export const promptReleased = z.object({
  version: version.meta({ description: 'A version that was set; 0 is the built-in text' }),
  share: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'Share of the conversations that get it, 0 to 1 (default: 1); the others keep the version that all got before' }),
})

/** Emitted for each new version. */
export const promptChanged = z.object({
  version: z.int().positive(),
  hash: z.string().meta({ description: 'Of text and variables: equal texts have equal hashes' }),
})

/** Emitted when another version, or another share, is released. */
export const promptRolledOut = z.object({
  version,
  share: z.number().min(0).max(1),
  before: version.meta({
    description: 'What the other conversations get or, with the share 1, what all got before; 0 is the built-in text',
  }),
})
