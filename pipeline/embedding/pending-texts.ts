import type { ColloquyError } from '../../schemas/errors.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import type { TextJob } from './embed-protocol.ts'
import type { EmbedAs } from './embedding-model.ts'

/** A text that has no vector yet. */
export interface PendingText extends TextJob {
  readonly as: EmbedAs
  readonly resolve: (vector: Float32Array) => void
  readonly reject: (error: ColloquyError) => void
  /** Crashes of the thread while it held this text. */
  crashes: number
}

/** The texts queued for the thread and those that the thread holds. */
export interface PendingTexts {
  /** Settles when one more text may be added. */
  whenAvailable(as: EmbedAs): Promise<void>
  add(text: PendingText): void
  /** Moves texts to the thread and returns them. The thread holds a bounded number of passages, so that new queries overtake the rest. */
  next(): PendingText[]
  /** Removes a text that the thread has answered. */
  remove(key: number): PendingText | undefined
  /**
   * Requeues all texts that a crashed thread held. They are sent one at a time, because one of them may cause the crash.
   *
   * @returns the text that fails, which is removed: the thread has crashed again while it held only this text.
   */
  requeueAfterCrash(): PendingText[]
  /** Removes and returns all texts. */
  clear(): PendingText[]
  readonly size: number
}

/** Max passages that the thread holds: enough to batch texts of similar length, and to keep it busy. */
const PASSAGES_AT_THREAD_MAX = 512
/** Passages are sent once the thread has room for at least this many. */
const GROUP_MIN = PASSAGES_AT_THREAD_MAX / 2
/** Max queries queued or in flight, independent of the passages. */
const QUERIES_MAX = 1_024

/**
 * @param textsMax max passages queued or in flight.
 * @param charactersMax max characters of all passages, and of all queries; the last text added may exceed it.
 */
export function createPendingTexts(textsMax: number, charactersMax: number): PendingTexts {
  const limiters = {
    passage: createInFlightLimiter({ countMax: textsMax, bytesMax: charactersMax }),
    query: createInFlightLimiter({ countMax: QUERIES_MAX, bytesMax: charactersMax }),
  }
  const queued: Record<EmbedAs, Set<PendingText>> = { query: new Set(), passage: new Set() }
  /** Texts that a crashed thread held; they are sent one at a time. */
  const suspects = new Set<PendingText>()
  const atThread = new Map<number, PendingText>()
  let passagesAtThread = 0

  const moveToThread = (text: PendingText): PendingText => {
    atThread.set(text.key, text)
    if (text.as === 'passage') passagesAtThread += 1
    return text
  }
  return {
    whenAvailable: (as) => limiters[as].whenAvailable(),
    add(text) {
      limiters[text.as].acquire(text.text.length)
      queued[text.as].add(text)
    },
    next() {
      if (suspects.size > 0) {
        if (atThread.size > 0) return []
        const [suspect] = suspects
        if (suspect !== undefined) suspects.delete(suspect)
        return suspect === undefined ? [] : [moveToThread(suspect)]
      }
      const queries = [...queued.query]
      queued.query.clear()
      const room = PASSAGES_AT_THREAD_MAX - passagesAtThread
      const passages = room >= GROUP_MIN ? queued.passage.values().take(room).toArray() : []
      for (const passage of passages) queued.passage.delete(passage)
      return [...queries, ...passages].map(moveToThread)
    },
    remove(key) {
      const text = atThread.get(key)
      if (text === undefined) return undefined
      atThread.delete(key)
      if (text.as === 'passage') passagesAtThread -= 1
      limiters[text.as].release(text.text.length)
      return text
    },
    requeueAfterCrash() {
      const lost = [...atThread.values()]
      const wasAlone = lost.length === 1
      atThread.clear()
      passagesAtThread = 0
      const failed = lost.filter(({ crashes }) => wasAlone && crashes > 0)
      const others = lost.filter(({ crashes }) => !wasAlone || crashes === 0)
      for (const text of failed) limiters[text.as].release(text.text.length)
      for (const text of others) {
        text.crashes += 1
        suspects.add(text)
      }
      return failed
    },
    clear() {
      const all = [...atThread.values(), ...suspects, ...queued.query, ...queued.passage]
      for (const text of all) limiters[text.as].release(text.text.length)
      for (const set of [suspects, queued.query, queued.passage]) set.clear()
      atThread.clear()
      passagesAtThread = 0
      return all
    },
    get size() {
      return atThread.size + suspects.size + queued.query.size + queued.passage.size
    },
  }
}
