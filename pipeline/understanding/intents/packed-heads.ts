/** Weights of all heads in 8 bits: the largest of a head is 127. Those that round to 0 are left out. */
export const ENTRIES_MAX = 8_000_000

/** Linear heads over the terms, by column: the entries of column `c` are at `starts[c]` up to `starts[c + 1]`. */
export interface TermHeads {
  readonly starts: Uint32Array
  readonly heads: Uint16Array
  readonly weights: Int8Array
  /** Of each head: what a weight of 1 stands for. */
  readonly scales: Float32Array
  readonly biases: Float32Array
}

/** Linear heads over dense features, one after another, in 16 bits. */
export interface VectorHeads {
  readonly weights: Int16Array
  readonly scales: Float32Array
  readonly biases: Float32Array
}

interface HeadEntries {
  readonly columns: Uint32Array
  readonly weights: Int8Array
}

/** Collects the heads over the terms one by one. @param order the column of the result for each column of the trainer */
export function createTermHeadPacker(
  heads: number,
  columns: number,
  order: Uint32Array,
): { add(head: number, weights: Float32Array): void; pack(): TermHeads } {
  const entriesMax = Math.floor(ENTRIES_MAX / heads)
  const all: HeadEntries[] = []
  const scales = new Float32Array(heads)
  const biases = new Float32Array(heads)
  return {
    add(head, weights) {
      const scale = largestOf(weights, columns) / 127
      scales[head] = scale
      biases[head] = weights[columns]!
      all[head] = entriesOf(weights, columns, scale, entriesMax)
    },
    pack() {
      const starts = new Uint32Array(columns + 1)
      for (const entries of all) for (const column of entries.columns) starts[order[column]! + 1]! += 1
      for (let column = 0; column < columns; column++) starts[column + 1]! += starts[column]!
      const next = starts.slice()
      const total = starts[columns]!
      const packed = { starts, heads: new Uint16Array(total), weights: new Int8Array(total), scales, biases }
      for (const [head, entries] of all.entries()) {
        for (const [index, column] of entries.columns.entries()) {
          const at = next[order[column]!]!++
          packed.heads[at] = head
          packed.weights[at] = entries.weights[index]!
        }
      }
      return packed
    },
  }
}

function entriesOf(weights: Float32Array, columns: number, scale: number, entriesMax: number): HeadEntries {
  const rounded = new Int8Array(columns)
  const bySize = new Uint32Array(129)
  for (let column = 0; column < columns && scale > 0; column++) {
    const value = Math.round(weights[column]! / scale)
    rounded[column] = value
    bySize[Math.abs(value)]! += 1
  }
  // Of too many, the smallest go, all of a size at a time.
  let least = 127
  let kept = bySize[127]!
  while (least > 1 && kept + bySize[least - 1]! <= entriesMax) kept += bySize[(least -= 1)]!
  const found: number[] = []
  for (let column = 0; column < columns; column++) if (Math.abs(rounded[column]!) >= least) found.push(column)
  return { columns: Uint32Array.from(found), weights: Int8Array.from(found, (column) => rounded[column]!) }
}

/** Collects the heads over dense features one by one. */
export function createVectorHeadPacker(
  heads: number,
  features: number,
): { add(head: number, weights: Float32Array): void; pack(): VectorHeads } {
  const packed = { weights: new Int16Array(heads * features), scales: new Float32Array(heads), biases: new Float32Array(heads) }
  return {
    add(head, weights) {
      const scale = largestOf(weights, features) / 32_767
      packed.scales[head] = scale
      packed.biases[head] = weights[features]!
      for (let at = 0; at < features && scale > 0; at++) packed.weights[head * features + at] = Math.round(weights[at]! / scale)
    },
    pack: () => packed,
  }
}

function largestOf(weights: Float32Array, length: number): number {
  let largest = 0
  for (let at = 0; at < length; at++) largest = Math.max(largest, Math.abs(weights[at]!))
  return largest
}
