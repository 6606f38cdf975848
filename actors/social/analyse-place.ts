import { hash } from 'node:crypto'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { TaskCall } from '../definition/task-definition.ts'
import { encodeVector } from '../recommending/item-vector.ts'

/** Characters of a text that its vector is made of: the start says what it is about. */
const EMBEDDED_CHARS_MAX = 1_000
const KEYWORD_TOKEN = /^[a-z0-9]{2,24}$/

/** A text of an actor. */
export interface TextToPlace {
  readonly text: string
  readonly keywords: readonly string[]
  readonly actor: Address
  readonly opens: boolean
}

/** Where a text lies, and the topic that it belongs to. */
export interface Analysed {
  readonly keywords: string[]
  /** `null` for a text without words. */
  readonly topic: string | null
  readonly vector?: string
  readonly model?: string
}

/**
 * Finds the place and the topic of a text. With `opens`, a text that is near no topic opens one: its id is the first keyword, where that is
 * a token, and a hash of the actor.
 *
 * @throws ColloquyError `index_behind`, `embed_failed`, `no_memory`
 */
export async function analysePlace(
  { text, keywords, actor, opens }: TextToPlace,
  { vectorOf, topicFor }: Pick<TaskCall<unknown>, 'vectorOf' | 'topicFor'>,
): Promise<Analysed> {
  const [first] = keywords
  if (first === undefined) return { keywords: [], topic: null }
  const { fingerprint, vector } = await vectorOf(text.slice(0, EMBEDDED_CHARS_MAX).toWellFormed())
  const place =
    vector === undefined || fingerprint === null
      ? { keywords: [...keywords] }
      : { keywords: [...keywords], vector: encodeVector(vector), model: fingerprint }
  const newTopic = `${KEYWORD_TOKEN.test(first) ? first : 't'}-${hash('sha1', `${actorKey(actor)} ${text}`, 'hex').slice(0, 8)}`
  return { ...place, topic: await topicFor(place, opens ? newTopic : null) }
}
