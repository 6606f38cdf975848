import { ColloquyError } from '../../../schemas/errors.ts'

/** Intents of one set. */
export const INTENTS_MAX = 1_000
/** Examples of one intent, and examples that are out of scope. */
export const EXAMPLES_PER_INTENT_MAX = 2_500
/** Examples of one set. The trainer holds the terms of all in memory, about 4 KB an example. */
export const EXAMPLES_MAX = 100_000
export const INTENT_NAME_CHARACTERS_MAX = 200

/** A text and what it wishes. No intents: the text is out of scope, and a counterexample of every intent. */
export interface IntentExample {
  readonly text: string
  readonly intents: readonly string[]
}

/**
 * The names of the intents, sorted.
 *
 * @throws ColloquyError `intents_missing` without an example of an intent, `intents_too_many`, `examples_too_many`, `bad_intent`.
 */
export function intentsOf(examples: readonly IntentExample[]): string[] {
  const counts = new Map<string, number>()
  let outside = 0
  for (const { intents } of examples) {
    for (const intent of new Set(intents)) counts.set(intent, (counts.get(intent) ?? 0) + 1)
    if (intents.length === 0) outside += 1
  }
  const names = [...counts.keys()].sort()
  const bad = names.find((name) => name.trim() === '' || name.length > INTENT_NAME_CHARACTERS_MAX)
  if (bad !== undefined) {
    throw new ColloquyError(
      'bad_intent',
      `the name ${JSON.stringify(bad.slice(0, 40))} is blank or over ${INTENT_NAME_CHARACTERS_MAX} characters`,
    )
  }
  if (names.length === 0) throw new ColloquyError('intents_missing', 'no example has an intent: give at least one')
  if (names.length > INTENTS_MAX) {
    throw new ColloquyError('intents_too_many', `${names.length} intents: a set can have ${INTENTS_MAX} at most`)
  }
  if (examples.length > EXAMPLES_MAX) {
    throw new ColloquyError('examples_too_many', `${examples.length} examples: a set can have ${EXAMPLES_MAX} at most`)
  }
  for (const [name, count] of [...counts, ['out of scope', outside] as const]) {
    if (count > EXAMPLES_PER_INTENT_MAX) {
      throw new ColloquyError('examples_too_many', `${count} examples of ${name}: an intent can have ${EXAMPLES_PER_INTENT_MAX} at most`)
    }
  }
  return names
}

/** @throws ColloquyError `vectors_unfit` unless there is one vector for each example, all finite and of the same dimension. */
export function checkVectors(examples: number, vectors: readonly Float32Array[] | undefined): void {
  if (vectors === undefined) return
  const unfit = (what: string): ColloquyError => new ColloquyError('vectors_unfit', `${what}: embed all examples with the same model`)
  if (vectors.length !== examples) throw unfit(`${vectors.length} vectors for ${examples} examples`)
  const dimension = vectors[0]?.length ?? 0
  const bad = vectors.findIndex((vector) => vector.length !== dimension || dimension === 0 || !vector.every(Number.isFinite))
  if (bad >= 0) throw unfit(`vector ${bad + 1} has another dimension, or numbers that are not finite`)
}
