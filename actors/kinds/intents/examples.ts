import { EXAMPLE_ID_CHARS, exampleIdOf, type IntentTaught } from '../../../schemas/intent-events.ts'

/** The ids in a concatenation. */
export function exampleIdsIn(ids: string): Set<string> {
  const found = new Set<string>()
  for (let at = 0; at < ids.length; at += EXAMPLE_ID_CHARS) found.add(ids.slice(at, at + EXAMPLE_ID_CHARS))
  return found
}

export const exampleCount = (ids: string): number => ids.length / EXAMPLE_ID_CHARS

/** The ids after a part, concatenated. */
export function withPart(ids: string, { add = [], remove = [] }: Pick<IntentTaught, 'add' | 'remove'>): string {
  const all = exampleIdsIn(ids)
  for (const id of remove) all.delete(id)
  for (const text of add) all.add(exampleIdOf(text))
  return [...all].join('')
}
