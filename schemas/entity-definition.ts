import { RE2JS } from 're2js'
import { z } from 'zod'
import { ColloquyError, messageOf } from './errors.ts'

export const ENTITIES_MAX = 200
/** Values of all entities of a set, synonyms included. */
export const VALUES_MAX = 20_000
export const VALUE_CHARACTERS_MAX = 100
export const PATTERN_CHARACTERS_MAX = 500
/** Bytes of all definitions as JSON. */
export const DEFINITIONS_BYTES_MAX = 2 * 1024 * 1024
/** Instructions of a compiled pattern. Nested counts such as `(a{100}){100}` make many out of few characters. */
export const PATTERN_INSTRUCTIONS_MAX = 10_000

const word = z.string().trim().min(1).max(VALUE_CHARACTERS_MAX)

/** An entity of a tenant: `pattern`, `values` or both. */
export const entityDefinitionSchema = z.strictObject({
  name: z.string().trim().min(1).max(VALUE_CHARACTERS_MAX),
  /** A regular expression in the syntax of RE2, which has no back references and no look-around. It sees the text in NFKC form. */
  pattern: z.string().min(1).max(PATTERN_CHARACTERS_MAX).optional(),
  values: z.array(z.union([word, z.strictObject({ value: word, synonyms: z.array(word) })])).optional(),
})
export type EntityDefinition = z.infer<typeof entityDefinitionSchema>

/**
 * Checks the entities of a set.
 *
 * @throws ColloquyError `bad_entity`, which names the entity and what is wrong with it.
 */
export function checkEntities(definitions: readonly unknown[]): EntityDefinition[] {
  const bad = (what: string): ColloquyError => new ColloquyError('bad_entity', what)
  if (definitions.length > ENTITIES_MAX) throw bad(`${definitions.length} entities: a set can have ${ENTITIES_MAX} at most`)
  const checked = definitions.map((definition, index) => {
    const { data, error } = entityDefinitionSchema.safeParse(definition)
    if (error !== undefined) throw bad(`entity ${index + 1}: ${z.prettifyError(error)}`)
    if (data.pattern === undefined && (data.values ?? []).length === 0) throw bad(`entity ${data.name}: it has neither pattern nor values`)
    return data
  })
  const bytes = Buffer.byteLength(JSON.stringify(checked))
  if (bytes > DEFINITIONS_BYTES_MAX) throw bad(`the entities have ${bytes} bytes: ${DEFINITIONS_BYTES_MAX} at most`)
  const values = checked.flatMap((definition) => wordsOf(definition)).length
  if (values > VALUES_MAX) throw bad(`the entities have ${values} values and synonyms: ${VALUES_MAX} at most`)
  const names = checked.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw bad(`entity ${twice}: there are two of this name`)
  return checked
}

/** What is wrong with the entities of a set; `undefined` if nothing is. */
export function entityProblem(definitions: readonly EntityDefinition[]): string | undefined {
  try {
    for (const { name, pattern } of checkEntities(definitions)) if (pattern !== undefined) compilePattern(name, pattern)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Each way to write a value of an entity, with the value. */
export const wordsOf = ({ values = [] }: EntityDefinition): { word: string; value: string }[] =>
  values.flatMap((value) =>
    typeof value === 'string'
      ? [{ word: value, value }]
      : [value.value, ...value.synonyms].map((synonym) => ({ word: synonym, value: value.value })),
  )

/**
 * Compiles a pattern with RE2, whose time grows with the length of the text only: no pattern can hang.
 *
 * @throws ColloquyError `bad_entity`
 */
export function compilePattern(name: string, pattern: string): RE2JS {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern)
  } catch (cause) {
    throw new ColloquyError('bad_entity', `entity ${name}: its pattern is no expression of RE2 (${messageOf(cause)})`, { cause })
  }
  const instructions = compiled.programSize()
  if (instructions > PATTERN_INSTRUCTIONS_MAX) {
    throw new ColloquyError(
      'bad_entity',
      `entity ${name}: its pattern compiles to ${instructions} instructions: ${PATTERN_INSTRUCTIONS_MAX} at most`,
    )
  }
  return compiled
}
