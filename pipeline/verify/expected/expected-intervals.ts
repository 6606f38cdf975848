import type { LogRecord } from '../../../schemas/record.ts'

/** When an active leaf was entered. */
export interface Entered {
  readonly at: string
  /** Of the record that entered it; null where it is not known. */
  readonly seq: number | null
}

export const leavesOf = (states: string): string[] => (states === '' ? [] : states.split('+'))

/** The shortest beginning of a leaf's path that no other leaf begins with; empty where there is no other. */
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

export const isWithin = (leaf: string, path: string): boolean => path === '' || leaf === path || leaf.startsWith(`${path}.`)

/** The active leaves after a record: those that it entered, also again, were entered by it. */
export function enteredIntervals(before: ReadonlyMap<string, Entered>, record: LogRecord, seq: number): ReadonlyMap<string, Entered> {
  const left = new Set((record.left ?? []).map(({ state }) => state))
  return new Map(leavesOf(record.to).map((leaf) => {
    const stay = left.has(leaf) ? undefined : before.get(leaf)
    return [leaf, stay ?? { at: record.at, seq }]
  }))
}
