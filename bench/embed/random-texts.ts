import { createRandom, pick } from '../harness/random.ts'

const WORDS = `order refund shipping delivery address card account password invoice parcel return exchange warranty discount subscription
  payment customer number please cannot find where when broken missing arrived yesterday tomorrow changed cancelled twice support answer
  email phone store colour size receipt charge balance transfer limit login update problem reason again still waiting three weeks ago`.trim().split(/\s+/)
const WORDS_MIN = 4
const WORDS_MAX = 48

/** Texts as customers write them by their length, each different; the same seed gives the same. */
export function createTexts(seed: number): (count: number) => string[] {
  const random = createRandom(seed)
  let given = 0
  const one = (): string => {
    // More short ones than long ones.
    const words = WORDS_MIN + Math.floor(random() ** 2 * (WORDS_MAX - WORDS_MIN))
    return `${given++} ${Array.from({ length: words }, () => WORDS[pick(random, WORDS.length)]).join(' ')}`
  }
  return (count) => Array.from({ length: count }, one)
}
