import type { DeadLetter } from './dead-letters.ts'

/** Letters that have one reason and errors of one shape. */
export interface Cause {
  readonly reason: string
  /** The error, with `…` where it names what is different from letter to letter. */
  readonly error: string
  readonly count: number
  /** How many actors it hit is not counted: these are the kinds, and the types of inputs, by name. */
  readonly kinds: readonly string[]
  readonly types: readonly string[]
  /** When the first and the last of them were rejected. */
  readonly firstAt: string
  readonly lastAt: string
  /** The newest, as an example: `dead show` takes it. */
  readonly seq: number
}

/** Causes that are told apart; what goes beyond them is counted together by reason. */
const CAUSES_MAX = 1_000
const NAMES_MAX = 20
export const OTHER_ERRORS = '(other errors)'

/** Groups letters by cause; the most frequent first. */
export async function causesOf(deadLetters: AsyncIterable<DeadLetter>): Promise<Cause[]> {
  const causes = new Map<string, Cause>()
  for await (const deadLetter of deadLetters) {
    const own = keyOf(deadLetter.reason, shapeOf(deadLetter.error))
    const [key, error] = causes.has(own) || causes.size < CAUSES_MAX ? [own, shapeOf(deadLetter.error)] : [keyOf(deadLetter.reason, OTHER_ERRORS), OTHER_ERRORS]
    const known = causes.get(key) ?? { reason: deadLetter.reason, error, count: 0, kinds: [], types: [], firstAt: deadLetter.at, lastAt: deadLetter.at, seq: deadLetter.seq }
    causes.set(key, {
      ...known, count: known.count + 1, kinds: withName(known.kinds, deadLetter.address.kind), types: withName(known.types, deadLetter.type),
      firstAt: known.firstAt < deadLetter.at ? known.firstAt : deadLetter.at, lastAt: known.lastAt > deadLetter.at ? known.lastAt : deadLetter.at,
      seq: Math.max(known.seq, deadLetter.seq),
    })
  }
  return [...causes.values()].sort((a, b) => b.count - a.count || b.seq - a.seq)
}

const keyOf = (reason: string, shape: string): string => `${reason} ${shape}`

const withName = (names: readonly string[], name: string): readonly string[] =>
  (name === '' || names.includes(name) || names.length >= NAMES_MAX ? names : [...names, name])

/** What differs between errors of one cause: numbers, ids in hex, and times. Quoted text stays: it mostly names a field, a kind or a choice. */
const VARYING = /\b\d{4}-\d\d-\d\dT[\d:.]+Z?|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+/gi
const SHAPE_CHARS_MAX = 200

export const shapeOf = (error: string): string => error.slice(0, SHAPE_CHARS_MAX).toWellFormed().replace(VARYING, '…')
