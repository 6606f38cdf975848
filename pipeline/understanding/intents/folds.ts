import { createRandom } from './seeded-random.ts'

/** An example is held out in one of so many folds. */
export const FOLDS = 5
/** Examples that the heads of all folds may read together: it bounds the time. A large set needs fewer folds for as many decisions. */
const FOLD_EXAMPLES_MAX = 20_000

/** Fold of each example: the examples of an intent are spread evenly, in an order by the seed. */
export function assignFolds(intents: readonly (readonly string[])[], seed: number): Uint8Array {
  const random = createRandom(seed)
  const order = intents.map((_, index) => index)
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const swapped = order[at]!
    order[at] = order[other]!
    order[other] = swapped
  }
  const next = new Map<string, number>()
  const folds = new Uint8Array(intents.length)
  for (const index of order) {
    const first = intents[index]![0] ?? ''
    const fold = next.get(first) ?? Math.floor(random() * FOLDS)
    folds[index] = fold
    next.set(first, (fold + 1) % FOLDS)
  }
  return folds
}

/** Number of folds that are held out, from 1 to `FOLDS`. */
export const foldsFor = (examples: number): number => Math.max(1, Math.min(FOLDS, Math.floor(FOLD_EXAMPLES_MAX / examples)))
