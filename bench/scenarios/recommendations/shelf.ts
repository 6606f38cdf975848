/** The name of an item of the bench, by its number. */
export const itemAt = (number: number): string => `item-${number}`

/** One of so many at random; the first ones far more often than the others. */
export const popularOf = (count: number, random: () => number): number => Math.floor(count * random() ** 3)
