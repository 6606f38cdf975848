import { hash } from 'node:crypto'

/** What a text is worth by chance, 0 to below 1: the same each time, and nothing follows from it for another text. */
export const chanceOf = (...words: readonly (string | number)[]): number =>
  hash('sha256', words.join(' '), 'buffer').readUInt32BE(0) / 2 ** 32

/** One of several, by chance. */
export function oneOf<Item>(items: readonly Item[], ...words: readonly (string | number)[]): Item {
  const item = items[Math.floor(chanceOf(...words) * items.length)]
  if (item === undefined) throw new TypeError('oneOf(…) needs at least one item')
  return item
}

/** A whole number from one to another, both included, by chance. */
export const between = (least: number, most: number, ...words: readonly (string | number)[]): number =>
  least + Math.floor(chanceOf(...words) * (most - least + 1))
