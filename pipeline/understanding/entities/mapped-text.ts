/** A text in another form, and where each of its UTF-16 units comes from. */
export interface MappedText {
  readonly text: string
  /** For each unit, the unit of the original at which its cluster begins; one more at the end. */
  readonly starts: readonly number[]
  /** For each unit, the unit of the original behind its cluster. */
  readonly ends: readonly number[]
}

/** A character with the marks on it, which a form may join or drop. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu

/** Changes a text one cluster at a time, so that places in the result can be found in the original. */
export function mapText(text: string, change: (cluster: string) => string): MappedText {
  let changed = ''
  const starts: number[] = []
  const ends: number[] = []
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const next = change(cluster)
    changed += next
    for (let unit = 0; unit < next.length; unit++) {
      starts.push(index)
      ends.push(index + cluster.length)
    }
  }
  return { text: changed, starts, ends }
}
