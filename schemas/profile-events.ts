import { z } from 'zod'
import { personal } from './personal.ts'

/** The kind that keeps what a customer said about himself: one actor a customer. */
export const PROFILE_KIND = 'profile'

/** Bounds of a profile: with all of them at their longest, its state stays within 64 KiB. Characters are UTF-16 units. */
export const PROFILE_LIMITS = {
  /** Characters of a customer's own id, as `message.received` has it. */
  customerCharsMax: 256,
  factsMax: 64,
  /** Bytes of all facts as JSON: the oldest go first. */
  factsBytesMax: 32_768,
  valueCharsMax: 80,
  /** Characters of the words in which a fact was said. */
  wordsCharsMax: 160,
  /** Characters of a message that are read. */
  textCharsMax: 500,
  /** Messages that wait for a model to read them; a further one is read by rules alone. */
  waitingMax: 4,
  /** Facts that a model may find in one message. */
  foundMax: 8,
} as const

const { customerCharsMax, valueCharsMax, wordsCharsMax, textCharsMax } = PROFILE_LIMITS

/**
 * What a fact is about. There is one `name` (what to call the customer), `form` (of address: `formal` or `informal`), `language` (BCP 47),
 * `home` and `work`; of the others any number.
 */
export const ABOUTS = ['name', 'form', 'language', 'home', 'work', 'diet', 'allergy', 'likes', 'refuses', 'other'] as const
export const aboutSchema = z.enum(ABOUTS)
export type About = z.infer<typeof aboutSchema>

/** A customer's own id across conversations. A number counts as its digits. */
export const customerSchema = personal(
  z.union([z.string().min(1).max(customerCharsMax), z.int()]).meta({ description: 'Id of the customer, as message.received has it' }),
)

const valueSchema = personal(z.string().min(1).max(valueCharsMax))

/** The message that says a fact. */
export const messageRefSchema = z.object({
  actor: z.string().max(257).nullable().meta({ description: 'The conversation, as <kind>/<id>; null where no actor told it' }),
  id: z.string().min(1).max(256).meta({ description: 'Id of the message' }),
})
export type MessageRef = z.infer<typeof messageRefSchema>

/** A fact, with the message that says it. */
export const factSchema = z.object({
  about: aboutSchema,
  value: valueSchema,
  words: personal(z.string().max(wordsCharsMax)).meta({ description: 'The words in which it was said' }),
  said: messageRefSchema,
  at: z.iso.datetime({ offset: true }),
  by: z.enum(['rules', 'model']).meta({ description: 'What understood it' }),
})
export type Fact = z.infer<typeof factSchema>

/** A message of a customer that may say something about himself. */
export const customerTold = z
  .object({
    customer: customerSchema,
    text: personal(z.string().min(1).max(textCharsMax)),
    message: z.string().min(1).max(256).meta({ description: 'Id of the message' }),
  })
  .meta({ description: 'A message of the customer that says, corrects or withdraws something about himself' })

/** Empties a profile. */
export const profileErased = z.object({}).meta({ description: 'The customer is erased: nothing of the profile stays in its state' })

/** Emitted when facts came, were corrected or withdrawn. */
export const profileChanged = z.object({
  said: z.array(z.object({ about: aboutSchema, value: valueSchema })),
  withdrawn: z.array(z.object({ about: aboutSchema, value: valueSchema })),
  facts: z.int().nonnegative().meta({ description: 'Number of facts that are known now' }),
})
