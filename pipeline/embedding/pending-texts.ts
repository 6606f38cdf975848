import type { ColloquyError } from '../../schemas/errors.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { EmbedAs } from './embedding-model.ts'
import type { TextJob } from './embed-protocol.ts'

/** A text that has no vector yet. */
export interface PendingText extends TextJob {
  readonly as: EmbedAs
  readonly resolve: (vector: Float32Array) => void
  readonly reject: (error: ColloquyError) => void
  /** How often the thread ended while it had this text. */
  crashes: number
}

/** Texts that wait for the thread, and those that it has. */
export interface PendingTexts {
  /** Settles when one more may be added. */
  room(as: EmbedAs): Promise<void>
  add(text: PendingText): void
  /** What the thread is to be given now; what it has is bounded, so that it can always be given something else first. */
  next(): PendingText[]
  /** Takes one away whose answer has come. */
  settle(key: number): PendingText | undefined
  /**
   * The thread has lost all that it had: it is given again, one by one, since one of them may be to blame.
   *
   * @returns those that are given up because the thread ended once more when it had them alone.
   */
  returned(): PendingText[]
  /** Takes all away. */
  clear(): PendingText[]
  readonly size: number
}

/** Passages that the thread has: enough that it finds many of like length, and that it never waits for this thread. */
const PASSAGES_AT_THREAD_MAX = 512
/** Passages are handed over in groups of at least this many while there are that many. */
const GROUP_MIN = PASSAGES_AT_THREAD_MAX / 2
/** Questions that wait or are under way, whatever passages there are. */
const QUERIES_MAX = 1_024

/**
 * @param textsMax passages that wait or are under way.
 * @param charactersMax of their texts together; one that is let in may overshoot.
 */
export function createPendingTexts(textsMax: number, charactersMax: number): PendingTexts {
  const gates = {
    passage: createInFlightLimiter({ countMax: textsMax, bytesMax: charactersMax }),
    query: createInFlightLimiter({ countMax: QUERIES_MAX, bytesMax: charactersMax }),
  }
  const waiting: Record<EmbedAs, Set<PendingText>> = { query: new Set(), passage: new Set() }
  /** Texts that the thread lost, which it is given one at a time. */
  const suspects = new Set<PendingText>()
  const atThread = new Map<number, PendingText>()
  let passagesAtThread = 0

  const hand = (text: PendingText): PendingText => {
    atThread.set(text.key, text)
    if (text.as === 'passage') passagesAtThread += 1
    return text
  }
  return {
    room: (as) => gates[as].whenAvailable(),
    add(text) {
      gates[text.as].acquire(text.text.length)
      waiting[text.as].add(text)
    },
    next() {
      if (suspects.size > 0) {
        if (atThread.size > 0) return []
        const [suspect] = suspects
        if (suspect !== undefined) suspects.delete(suspect)
        return suspect === undefined ? [] : [hand(suspect)]
      }
      const queries = [...waiting.query]
      waiting.query.clear()
      const room = PASSAGES_AT_THREAD_MAX - passagesAtThread
      const passages = room >= GROUP_MIN ? waiting.passage.values().take(room).toArray() : []
      for (const passage of passages) waiting.passage.delete(passage)
      return [...queries, ...passages].map(hand)
    },
    settle(key) {
      const text = atThread.get(key)
      if (text === undefined) return undefined
      atThread.delete(key)
      if (text.as === 'passage') passagesAtThread -= 1
      gates[text.as].release(text.text.length)
      return text
    },
    returned() {
      const lost = [...atThread.values()]
      const wasAlone = lost.length === 1
      atThread.clear()
      passagesAtThread = 0
      const [guilty, others] = [lost.filter(({ crashes }) => wasAlone && crashes > 0), lost.filter(({ crashes }) => !wasAlone || crashes === 0)]
      for (const text of guilty) gates[text.as].release(text.text.length)
      for (const text of others) {
        text.crashes += 1
        suspects.add(text)
      }
      return guilty
    },
    clear() {
      const all = [...atThread.values(), ...suspects, ...waiting.query, ...waiting.passage]
      for (const text of all) gates[text.as].release(text.text.length)
      for (const set of [suspects, waiting.query, waiting.passage]) set.clear()
      atThread.clear()
      passagesAtThread = 0
      return all
    },
    get size() {
      return atThread.size + suspects.size + waiting.query.size + waiting.passage.size
    },
  }
}
