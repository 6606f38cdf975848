import type { PublicRecord } from '../../../schemas/record.ts'

/** When an active leaf state was entered. */
export interface Entered {
  readonly at: string
  /** LOG sequence of the record that entered it; null if unknown. */
  readonly seq: number | null
}

/** The leaf states of a state configuration, which joins them with `+`. */
export const leavesOf = (states: string): string[] => (states === '' ? [] : states.split('+'))

/** The region of a leaf: the shortest prefix of its path that no other leaf shares; empty if there is only one leaf. */
export function regionOf(leaf: string, all: readonly string[]): string {
  const others = all.filter((other) => other !== leaf)
  if (others.length === 0) return ''
  const names = leaf.split('.')
  for (let length = 1; length <= names.length; length++) {
    const path = names.slice(0, length).join('.')
    if (!others.some((other) => isWithin(other, path))) return path
  }
  return leaf
}

/** Whether a leaf is a state at a path or inside it; every leaf is inside the empty path. */
export const isWithin = (leaf: string, path: string): boolean => path === '' || leaf === path || leaf.startsWith(`${path}.`)

/** The active leaves after a record. A leaf that the record exited and entered again counts as entered by it. */
export function enteredIntervals(before: ReadonlyMap<string, Entered>, record: PublicRecord, seq: number): ReadonlyMap<string, Entered> {
  const exited = new Set((record.left ?? []).map(({ state }) => state))
  return new Map(
    leavesOf(record.to).map((leaf) => {
      const unchanged = exited.has(leaf) ? undefined : before.get(leaf)
      return [leaf, unchanged ?? { at: record.at, seq }]
    }),
  )
}
