import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type Address, parseActorKey, TOKEN, UNADDRESSABLE } from '../../schemas/subjects.ts'
import { TAG_LIMITS, type Tags, tagSchema, tagsSchema } from '../../schemas/tags.ts'
import { intentSetSchema } from '../../schemas/tenant-settings.ts'

const TOKEN_TEXT = '[A-Za-z0-9_-], at most 128 characters'

/** Parses `<tenant>/<kind>/<id>`, or `<kind>/<id>` of the tenant `default`. */
export function actorArgument(text: string): Address {
  const address = parseActorKey(text)
  if (address === undefined || address.kind === UNADDRESSABLE) {
    throw new InvalidArgumentError(`It must be <tenant>/<kind>/<id> or <kind>/<id>, each of ${TOKEN_TEXT}.`)
  }
  return address
}

export function tokenArgument(text: string): string {
  if (!TOKEN.test(text)) throw new InvalidArgumentError(`It must be of ${TOKEN_TEXT}.`)
  return text
}

/** Parses `<kind>/<id>`. */
export function targetArgument(text: string): Pick<Address, 'kind' | 'id'> {
  const [kind = '', id = '', ...more] = text.split('/')
  if (!TOKEN.test(kind) || !TOKEN.test(id) || more.length > 0 || kind === UNADDRESSABLE) {
    throw new InvalidArgumentError(`It must be <kind>/<id>, each of ${TOKEN_TEXT}.`)
  }
  return { kind, id }
}

const objectShape = z.record(z.string(), z.unknown())

/** Parses a JSON object. */
export function objectArgument(text: string): Record<string, unknown> {
  const { data } = objectShape.safeParse(parseJson(text))
  if (data === undefined) throw new InvalidArgumentError('It must be a JSON object.')
  return data
}

/** Parses a text that is not empty. */
export const textArgument =
  (charsMax: number) =>
  (text: string): string => {
    if (text.trim() === '' || text.length > charsMax) throw new InvalidArgumentError(`It must be a text of at most ${charsMax} characters.`)
    return text
  }

/** Parses the name of a set of intents. */
export function setArgument(text: string): string {
  const name = intentSetSchema.safeParse(text)
  if (!name.success) throw new InvalidArgumentError('It must be letters and digits, in parts that a single "-" or "_" joins; at most 32.')
  return name.data
}

/** Parses `key=value` as a tag of a source, beside the tags before it. A source has one value for each key. */
export function sourceTagsArgument(text: string, before: Tags = {}): Tags {
  const [key, value] = tagArgument(text)
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`The key ${key} is given twice, and a source has one value for each.`)
  const tags = tagsSchema.safeParse({ ...before, [key]: value }, IN_WORDS)
  if (!tags.success) throw new InvalidArgumentError(`All tags together: ${zodProblem(tags.error, '')}.`)
  return tags.data
}

/** Parses `key=value` as a tag to search for, beside those before it. */
export function searchTagsArgument(text: string, before: readonly string[] = []): readonly string[] {
  tagArgument(text)
  if (before.length === TAG_LIMITS.searchMax) throw new InvalidArgumentError(`A search has at most ${TAG_LIMITS.searchMax} tags.`)
  return [...before, text]
}

function tagArgument(text: string): readonly [key: string, value: string] {
  const tag = tagSchema.safeParse(text, IN_WORDS)
  if (!tag.success) throw new InvalidArgumentError(`It ${zodProblem(tag.error, '')}.`)
  return tag.data
}
