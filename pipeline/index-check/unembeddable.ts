import type { Address } from '../../schemas/subjects.ts'
import { type DerivedReason, knownLetters } from '../dispatcher/derived-letters.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { pointId } from '../search/point-id.ts'

/** The reason of the dead letter of a text that the model or the store fails on. */
export const UNEMBEDDABLE: DerivedReason = 'embed_failed'

/** The message id of that dead letter. */
export const unembeddableId = (key: string): string => `dead-${pointId({ key }, 0)}`

/** Which of the texts of one actor are in DEAD, by their keys. */
export async function unembeddableTexts(
  jetstream: JetStreamContext,
  address: Address,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const wanted = new Map(keys.map((key) => [unembeddableId(key), key]))
  const found = await knownLetters(jetstream, UNEMBEDDABLE, address, new Set(wanted.keys()))
  return new Set([...found].flatMap((id) => wanted.get(id) ?? []))
}
