import { z } from 'zod'
import { CONTEXT_TEXT_CHARS_MAX } from './tables.ts'

/** Bounds of an input to many actors. */
export const TO_MANY_LIMITS = {
  /** Actors that one task reaches, where it states no other bound. */
  recipientsMax: 1_000_000,
  /** Conditions, and values of all of them together. */
  conditionsMax: 16,
  valuesMax: 128,
  /** Ids of one page. Their JSON is smaller than a message of NATS. */
  pageMax: 2_000,
} as const

const fact = z.union([z.string().max(CONTEXT_TEXT_CHARS_MAX), z.number(), z.boolean()], {
  error: 'must be a text, a number, or true or false',
})
export type Fact = z.infer<typeof fact>
const oneOrMany = <Value extends z.ZodType>(value: Value) => z.union([value, z.array(value).min(1).max(TO_MANY_LIMITS.valuesMax)])
const facts = z.record(z.string().min(1).max(256), oneOrMany(fact))

/** Which actors of a kind are meant: those to which all of it applies. A list of values means any of them. */
export const recipientsWhere = z
  .strictObject({
    /** Dotted path of a state that must be active. */
    state: oneOrMany(z.string().min(1).max(1_024)).optional(),
    /** Facts that the kind's `label` states. */
    label: facts.optional(),
    /** Fields of the context: texts of up to 256 characters, numbers and booleans. */
    context: facts.optional(),
  })
  .refine(({ state, label = {}, context = {} }) => {
    const conditions = [...Object.values(label), ...Object.values(context), ...(state === undefined ? [] : [state])]
    return conditions.length <= TO_MANY_LIMITS.conditionsMax && conditions.flat().length <= TO_MANY_LIMITS.valuesMax
  }, `has more than ${TO_MANY_LIMITS.conditionsMax} conditions or ${TO_MANY_LIMITS.valuesMax} values`)
export type RecipientsWhere = z.infer<typeof recipientsWhere>

/** Asks a process with tables for a page of recipients, on `RECIPIENTS_SUBJECT`. */
export const recipientsQuery = z.object({
  tenant: z.string(),
  kind: z.string(),
  where: recipientsWhere,
  /** The page begins after this id; empty: with the first one. */
  after: z.string(),
  /** Actors whose first record was decided later are not meant. */
  until: z.iso.datetime(),
  /** LOG sequence up to which the tables must have all records. */
  logSeq: z.int().nonnegative(),
  limit: z.int().positive().max(TO_MANY_LIMITS.pageMax),
  /** Whether the number of all recipients is asked for, too. */
  counted: z.boolean(),
})
export type RecipientsQuery = z.infer<typeof recipientsQuery>

/** A page of recipients, in the order of their ids; the last one is empty. */
export const recipientsPage = z.object({ ids: z.array(z.string()), total: z.int().nonnegative().optional() })
export type RecipientsPage = z.infer<typeof recipientsPage>
