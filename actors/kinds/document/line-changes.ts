import { diff } from 'node:util'
import type { ChangedLines } from '../../../schemas/document-events.ts'

/** Lines of each text that are compared one by one: the comparison takes time by their square. Beyond, all lines count as changed. */
const LINES_MAX = 5_000

/** A line of two texts: in both, only in the first, or only in the second. */
export interface ComparedLine {
  readonly sign: ' ' | '-' | '+'
  readonly line: string
}

/** By `util.diff`, 1 is only in its first text, -1 only in its second. */
const SIGNS = { '1': '-', '0': ' ', '-1': '+' } as const

/** Compares two texts line by line. */
export function comparedLines(before: string, after: string): ComparedLine[] {
  const [one, other] = [linesOf(before), linesOf(after)]
  if (one.length > LINES_MAX || other.length > LINES_MAX) {
    return [...one.map((line) => ({ sign: '-', line }) as const), ...other.map((line) => ({ sign: '+', line }) as const)]
  }
  return diff(one, other).map(([operation, line]) => ({ sign: SIGNS[operation], line }))
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** How many lines were added and removed. */
export function lineChanges(before: string, after: string): ChangedLines {
  const lines = comparedLines(before, after)
  const count = (wanted: ComparedLine['sign']): number => lines.filter(({ sign }) => sign === wanted).length
  return { added: count('+'), removed: count('-') }
}
