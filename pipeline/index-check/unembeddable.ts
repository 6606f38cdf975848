import { type Address, deadSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { nextOf } from '../jetstream/stream-info.ts'
import { pointId } from '../search/point-id.ts'

/** The reason of the dead letter of a text that the model or the store fails on. */
export const UNEMBEDDABLE = 'embed_failed'

/** The message id of that dead letter. */
export const unembeddableId = (key: string): string => `dead-${pointId({ key }, 0)}`

/** Max dead letters of one actor that are read to find those of its texts. */
const READ_MAX = 1_000

/** Which of the texts of one actor are in DEAD, by their keys. */
export async function unembeddableTexts(
  { jsm }: JetStreamContext,
  address: Address,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const wanted = new Map(keys.map((key) => [unembeddableId(key), key]))
  const found = new Set<string>()
  for (let next = 1, read = 0; read < READ_MAX && found.size < wanted.size; read++) {
    const message = await nextOf(jsm, 'DEAD', next, deadSubject(UNEMBEDDABLE, address))
    if (message === null) break
    const key = wanted.get(message.header.get('Nats-Msg-Id'))
    if (key !== undefined) found.add(key)
    next = message.seq + 1
  }
  return found
}
