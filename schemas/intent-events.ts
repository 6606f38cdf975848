import { hash } from 'node:crypto'
import { z } from 'zod'
import { actorIdOf } from './actor-id.ts'
import { TOKEN } from './subjects.ts'
import { intentSetSchema } from './tenant-settings.ts'

/** The kind that holds a set of intents: one actor a set, whose id is the set's name. */
export const INTENTS_KIND = 'intents'
/** The kind that holds the examples of one intent of a set. */
export const INTENT_KIND = 'intent'

/** Examples of what is none of a set's intents are taught under this name. It counts as an intent of the set, and is never recognised. */
export const OUT_OF_SCOPE = 'out_of_scope'

/** Bounds of taught intents. `LIMITS.inputBytesMax` bounds each input in addition. */
export const INTENT_LIMITS = {
  /** Intents of a set. */
  intentsMax: 1_000,
  /** UTF-16 units of an intent's name and of its description. */
  nameCharsMax: 64,
  descriptionCharsMax: 200,
  /** Bytes of names, descriptions and routes of a set as JSON: they are in one actor's state. */
  setBytesMax: 45_000,
  /** Examples of a set. The trainer holds the terms of all in memory, about 4 KB an example. */
  setExamplesMax: 100_000,
  /** Examples of an intent, and examples that are out of scope. */
  examplesMax: 2_500,
  /** UTF-16 units of an example. */
  exampleCharsMax: 1_000,
  /** Inputs of one teach. */
  partsMax: 4_000,
  /** Teaches of a set that may be under way at a time; the oldest is given up. */
  teachesMax: 8,
} as const

export const intentNameSchema = z
  .string()
  .min(1)
  .max(INTENT_LIMITS.nameCharsMax)
  .refine((name) => name.trim() === name && !/\p{Cc}/u.test(name), 'must not start or end with a space or have control characters')

const partFields = {
  set: intentSetSchema.default('main'),
  intent: intentNameSchema,
  teach: z.string().min(1).max(64).meta({ description: 'Name of this revision: the same for all of its parts, different for another one' }),
  part: z.int().positive().default(1),
  parts: z.int().positive().max(INTENT_LIMITS.partsMax).default(1).meta({ description: 'Parts of the revision over all intents' }),
}
const isPart = ({ part, parts }: { readonly part: number; readonly parts: number }): boolean => part <= parts
const noPart = { path: ['part'], message: 'must not exceed parts' }

/** Length of an example's id in base64url characters: 60 bits, enough for the examples of one intent. */
export const EXAMPLE_ID_CHARS = 10

/** The id of an example is a hash of its text: equal texts of an intent are one example. */
export const exampleIdOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, EXAMPLE_ID_CHARS)

/** Adds and removes examples of an intent: one part of a revision of its set. */
export const intentTaught = z
  .object({
    ...partFields,
    add: z.array(z.string().min(1).max(INTENT_LIMITS.exampleCharsMax)).optional().meta({ description: 'Texts of new examples' }),
    remove: z
      .array(z.string().length(EXAMPLE_ID_CHARS))
      .optional()
      .meta({ description: 'Ids of examples: the first 10 characters of the base64url SHA-256 of their texts' }),
  })
  .refine(isPart, noPart)
export type IntentTaught = z.output<typeof intentTaught>

/** Removes an intent with all of its examples: one part of a revision of its set. */
export const intentForgotten = z.object(partFields).refine(isPart, noPart)

/** What an intent tells its set after a part. */
export const intentCounted = z.object({ ...partFields, examples: z.int().nonnegative() }).omit({ set: true })

/** Completes a revision of a set although not all of its parts came: the intents stay as they are now. */
export const intentsCompleted = z.object({ teach: z.string().min(1).max(64) })

/** Describes intents for people and for language models, and says which kind handles their messages. */
export const intentsDescribed = z.object({
  intents: z
    .array(
      z.object({
        name: intentNameSchema,
        description: z.string().max(INTENT_LIMITS.descriptionCharsMax).nullable().optional(),
        route: z.string().regex(TOKEN).nullable().optional().meta({ description: 'Name of the kind that handles its messages' }),
      }),
    )
    .min(1)
    .max(INTENT_LIMITS.intentsMax),
})

/** Emitted once for each complete revision of a set. */
export const intentsChanged = z.object({ version: z.int().positive(), intents: z.int().nonnegative(), examples: z.int().nonnegative() })

/** The id of the actor of an intent. */
export const intentActorId = (set: string, intent: string): string => `${set}--${actorIdOf(intent)}`
