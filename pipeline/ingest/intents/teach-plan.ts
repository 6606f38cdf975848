import { hash } from 'node:crypto'
import { counted } from '../../../schemas/counted.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { exampleIdOf, INTENT_LIMITS } from '../../../schemas/intent-events.ts'

/** Examples to have, by intent. */
export type WantedExamples = ReadonlyMap<string, ReadonlySet<string>>
/** Ids of the present examples, by intent. */
export type PresentExamples = ReadonlyMap<string, ReadonlySet<string>>

export type TeachPart =
  | { readonly intent: string; readonly add: readonly string[]; readonly remove: readonly string[] }
  /** The intent is forgotten. */
  | { readonly intent: string; readonly add?: undefined; readonly remove?: undefined }

export interface TeachPlan {
  /** One input each, in the order of their numbers. */
  readonly parts: readonly TeachPart[]
  readonly added: number
  readonly removed: number
}

/** Bytes of texts in one part: with quotes and escapes an input stays far below its limit. */
const PART_BYTES_MAX = 100_000

/** What happens to present examples that are not wanted: they go, or they stay. */
export interface TeachScope {
  /** Names of intents to forget. */
  readonly forgotten: readonly string[]
  /** Nothing is removed from the other intents: what is wanted is not all that is known of. */
  readonly keepsOthers?: boolean
  /**
   * Examples of each intent as its set counts them. Where an intent has another number, a part makes it count again: its set may have
   * refused it. Default: as many as are present.
   */
  readonly countedBySet?: ReadonlyMap<string, number>
}

/**
 * What to send so that the intents have the wanted examples, and no others unless these are kept.
 *
 * @throws ColloquyError `examples_too_many` or `intents_too_many` where a bound of a set or of an intent would be passed
 */
export function planTeach(
  wanted: WantedExamples,
  present: PresentExamples,
  { forgotten, keepsOthers = false, countedBySet }: TeachScope,
): TeachPlan {
  const parts: TeachPart[] = forgotten.map((intent) => ({ intent }))
  let [added, removed] = [0, forgotten.reduce((sum, intent) => sum + (present.get(intent)?.size ?? 0), 0)]
  for (const [intent, texts] of wanted) {
    const known = present.get(intent) ?? new Set<string>()
    const byId = new Map([...texts].map((text) => [exampleIdOf(text), text]))
    const add = [...byId].filter(([id]) => !known.has(id)).map(([, text]) => text)
    const remove = keepsOthers ? [] : [...known].filter((id) => !byId.has(id))
    const count = known.size + add.length - remove.length
    if (count > INTENT_LIMITS.examplesMax) {
      throw new ColloquyError(
        'examples_too_many',
        `the intent ${JSON.stringify(intent)} would have ${count} examples; at most ${INTENT_LIMITS.examplesMax} an intent`,
      )
    }
    added += add.length
    removed += remove.length
    const isCounted = countedBySet === undefined || (countedBySet.get(intent) ?? 0) === known.size
    if (add.length + remove.length === 0 && isCounted) continue
    const [first = [], ...more] = inParts(add)
    // Removed first, in one part with the first added ones: an intent near its bound never passes it.
    parts.push({ intent, add: first, remove })
    for (const texts of more) parts.push({ intent, add: texts, remove: [] })
  }
  const names = new Set([...present.keys(), ...wanted.keys()]).difference(new Set(forgotten))
  if (names.size > INTENT_LIMITS.intentsMax) {
    throw new ColloquyError(
      'intents_too_many',
      `the set would have ${counted(names.size, 'intent')}; at most ${INTENT_LIMITS.intentsMax} a set`,
    )
  }
  const examples = [...names].reduce((sum, name) => sum + (wanted.get(name)?.size ?? present.get(name)?.size ?? 0), 0)
  if (examples > INTENT_LIMITS.setExamplesMax) {
    throw new ColloquyError('examples_too_many', `the set would have ${examples} examples; at most ${INTENT_LIMITS.setExamplesMax} a set`)
  }
  if (parts.length > INTENT_LIMITS.partsMax) {
    throw new ColloquyError(
      'examples_too_many',
      `the examples take ${parts.length} inputs; at most ${INTENT_LIMITS.partsMax} at a time, so teach them in several files`,
    )
  }
  return { parts, added, removed }
}

function inParts(texts: readonly string[]): string[][] {
  const parts: string[][] = []
  let bytes = Infinity
  for (const text of texts) {
    const more = Buffer.byteLength(text)
    if (bytes + more > PART_BYTES_MAX) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(text)
    bytes += more
  }
  return parts
}

/** The name of a teach: the same for the same plan after the same record, so that one that is repeated at once is a duplicate. */
export const teachName = ({ parts }: TeachPlan, lastSeq: number): string =>
  hash('sha256', JSON.stringify([lastSeq, parts]), 'base64url').slice(0, 22)
