/** Scores by number, reused from one list to the next: a new array for 100,000 items would cost more than the list. */
export interface ScoreBoard {
  /** Removes all scores, and makes room for so many items. */
  clear(size: number): void
  add(number: number, score: number): void
  /** Multiplies each score above 0. */
  scale(by: (number: number) => number): void
  /** Numbers with a score above 0, best first; ties in the order of the numbers. */
  strongest(count: number, isAllowed: (number: number) => boolean): { readonly number: number; readonly score: number }[]
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
      const kept: number[] = []
      let least = 0
      const cut = (): void => {
        kept.sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0) || one - other)
        kept.length = Math.min(kept.length, max)
        if (kept.length === max) least = scores[kept[max - 1] ?? 0] ?? 0
      }
      for (let at = 0; at < count; at++) {
        const number = touched[at] ?? 0
        const score = scores[number] ?? 0
        if (score <= 0 || score < least || !isAllowed(number)) continue
        kept.push(number)
        // So many more than wanted that sorting them again and again costs little.
        if (kept.length >= max * 4) cut()
      }
      cut()
      return kept.map((number) => ({ number, score: scores[number] ?? 0 }))
    },
  }
}
