import { z } from 'zod'

/** Tags of a source of knowledge: one value for each key, such as `{ product: 'otter', lang: 'zh' }`. */
export type Tags = Readonly<Record<string, string>>

/** Tags that a search asks for, as `tagLabel` makes them, by key: a source needs one of each group. */
export type TagFilter = readonly (readonly string[])[]

export const TAG_LIMITS = {
  /** UTF-16 units of a value. */
  valueCharsMax: 256,
  /** Tags of a source. */
  sourceMax: 32,
  /** Bytes of all tags of a source as JSON. A state has room for them beside the ids of its chunks. */
  sourceBytesMax: 4 * 1024,
  /** Tags of one search. */
  searchMax: 16,
} as const

/** The key of a tag. It has no `=`, so that `key=value` has one meaning, and does not start like `__proto__`. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
/** The value of a tag: no control character, no lone surrogate. */
const VALUE = /^[^\p{Cc}\p{Cs}]+$/u

const key = z.string().regex(KEY, 'must have 1 to 64 of [A-Za-z0-9_.-], and start with a letter or digit')
const value = z
  .string('must be a text')
  .max(TAG_LIMITS.valueCharsMax, `must have 1 to ${TAG_LIMITS.valueCharsMax} characters`)
  .regex(VALUE, `must have 1 to ${TAG_LIMITS.valueCharsMax} characters, and none of them a control character`)

/** Tags of a source, as they are taught. */
export const tagsSchema = z.record(z.string(), value).superRefine((tags, context) => {
  const problem = problemOfTags(tags)
  if (problem !== undefined) context.addIssue(problem)
})

function problemOfTags(tags: Tags): string | undefined {
  const names = Object.keys(tags)
  const { sourceMax, sourceBytesMax } = TAG_LIMITS
  if (names.length > sourceMax) return `must have at most ${sourceMax} tags, and has ${names.length}`
  for (const name of names) {
    const problem = problemOf(`the key ${JSON.stringify(name.slice(0, 64))}`, key, name)
    if (problem !== undefined) return problem
  }
  const bytes = Buffer.byteLength(JSON.stringify(tags))
  return bytes > sourceBytesMax ? `must have at most ${sourceBytesMax} bytes as JSON, and has ${bytes}` : undefined
}

/** A tag as `key=value`. The key ends at the first `=`, so that the value may have more of them. */
export const tagSchema = z.string('must be a text key=value').transform((text, context): readonly [name: string, value: string] => {
  const at = text.indexOf('=')
  const [name, given] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)]
  const problem = at < 0 ? 'has no "="' : (problemOf('the key', key, name) ?? problemOf('the value', value, given))
  if (problem === undefined) return [name, given]
  context.addIssue(`must be key=value: ${problem}`)
  return z.NEVER
})

function problemOf(what: string, schema: z.ZodString, text: string): string | undefined {
  const issue = schema.safeParse(text).error?.issues[0]
  return issue && `${what} ${issue.message}`
}

/** One `key=value` or several. Different keys must all hold; of the values of one key, one must. */
export const tagFilterSchema = z
  .union([z.string(), z.array(z.string()).readonly()], 'must be key=value, or a list of them')
  .transform((given, context): TagFilter => {
    const texts = typeof given === 'string' ? [given] : given
    const { searchMax } = TAG_LIMITS
    const problem = texts.length > searchMax ? `must be at most ${searchMax} tags, and is ${texts.length}` : undefined
    const tags = texts.slice(0, searchMax).map((text) => tagSchema.safeParse(text))
    const failed = problem ?? tags.find(({ success }) => !success)?.error?.issues[0]?.message
    if (failed !== undefined) context.addIssue(failed)
    const byName = Map.groupBy(
      tags.flatMap(({ data }) => (data === undefined ? [] : [data])),
      ([name]) => name,
    )
    return Array.from(byName.values(), (group) => group.map(([name, text]) => tagLabel(name, text)))
  })

/** A tag as one text. Texts that look the same are the same: Unicode form NFC. */
export const tagLabel = (name: string, text: string): string => `${name}=${text.normalize('NFC')}`

/** The tags of a source as texts, in the order of their keys. */
export const tagLabels = (tags: Tags): string[] =>
  Object.entries(tags)
    .map(([name, text]) => tagLabel(name, text))
    .sort()

export const hasTags = (tags: Tags): boolean => Object.keys(tags).length > 0
