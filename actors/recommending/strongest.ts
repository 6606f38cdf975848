/** An item by its number, and its score. */
export interface Scored {
  readonly number: number
  readonly score: number
}

/** Scores by number, reused from one list to the next: a new array for 100,000 items would cost more than the list. */
export interface ScoreBoard {
  /** Removes all scores, and makes room for so many items. */
  clear(size: number): void
  add(number: number, score: number): void
  /** Multiplies each score above 0. */
  scale(by: (number: number) => number): void
  /** Numbers with a score above 0, best first; ties in the order of the numbers. */
  strongest(count: number, isAllowed: (number: number) => boolean): Scored[]
}

/** Creates a board. It serves one list at a time: making a list never waits. */
export function createScoreBoard(): ScoreBoard {
  let scores = new Float64Array(0)
  let touched = new Int32Array(0)
  let isTouched = new Uint8Array(0)
  let count = 0
  return {
    clear(size) {
      if (scores.length < size) {
        const room = Math.ceil(size * 1.5)
        ;[scores, touched, isTouched] = [new Float64Array(room), new Int32Array(room), new Uint8Array(room)]
      } else {
        for (let at = 0; at < count; at++) isTouched[touched[at] ?? 0] = 0
      }
      count = 0
    },
    add(number, score) {
      if (isTouched[number] === 1) {
        scores[number] = (scores[number] ?? 0) + score
        return
      }
      isTouched[number] = 1
      touched[count++] = number
      scores[number] = score
    },
    scale(by) {
      for (let at = 0; at < count; at++) {
        const number = touched[at] ?? 0
        const score = scores[number] ?? 0
        if (score > 0) scores[number] = score * by(number)
      }
    },
    strongest(max, isAllowed) {
      const isWeaker = (one: number, other: number): boolean => {
        const apart = (scores[one] ?? 0) - (scores[other] ?? 0)
        return apart < 0 || (apart === 0 && one > other)
      }
      /** A heap with the weakest on top. */
      const kept = new Int32Array(max)
      const [all, own] = [touched, scores]
      let [size, least] = [0, 0]
      for (let at = 0; at < count; at++) {
        const number = all[at] ?? 0
        const score = own[number] ?? 0
        if (score <= 0 || score < least || (size === max && !isWeaker(kept[0] ?? 0, number)) || !isAllowed(number)) continue
        if (size < max) siftUp(kept, size++, number, isWeaker)
        else siftDown(kept, size, number, isWeaker)
        if (size === max) least = own[kept[0] ?? 0] ?? 0
      }
      const found = Array.from(kept.subarray(0, size), (number) => ({ number, score: scores[number] ?? 0 }))
      return found.sort((one, other) => other.score - one.score || one.number - other.number)
    },
  }
}

type IsWeaker = (one: number, other: number) => boolean

function siftUp(heap: Int32Array, from: number, number: number, isWeaker: IsWeaker): void {
  let at = from
  for (; at > 0; at = (at - 1) >>> 1) {
    const parent = heap[(at - 1) >>> 1] ?? 0
    if (!isWeaker(number, parent)) break
    heap[at] = parent
  }
  heap[at] = number
}

/** Puts a number in the place of the top. */
function siftDown(heap: Int32Array, size: number, number: number, isWeaker: IsWeaker): void {
  let at = 0
  for (let child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && isWeaker(heap[child + 1] ?? 0, heap[child] ?? 0)) child++
    const weaker = heap[child] ?? 0
    if (!isWeaker(weaker, number)) break
    heap[at] = weaker
    at = child
  }
  heap[at] = number
}
