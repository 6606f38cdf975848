import type { DeadLetter } from './dead-letters.ts'

/** All dead letters with the same reason and similar errors. */
export interface Cause {
  readonly reason: string
  /** The error of the newest one, as it is. The others differ in numbers, ids and times. */
  readonly error: string
  readonly count: number
  /** Up to 20 kinds, and up to 20 types of inputs. */
  readonly kinds: readonly string[]
  readonly types: readonly string[]
  /** Times of the first and the last rejection, ISO. */
  readonly firstAt: string
  readonly lastAt: string
  /** DEAD sequence of the newest one, for `dead show`. */
  readonly seq: number
}

/** Max distinct causes; further ones are counted together by reason. */
const CAUSES_MAX = 1_000
const NAMES_MAX = 20
export const OTHER_ERRORS = '(other errors)'

/** Groups dead letters by cause, the most frequent first. */
export async function causesOf(deadLetters: AsyncIterable<DeadLetter>): Promise<Cause[]> {
  const causes = new Map<string, Cause>()
  for await (const deadLetter of deadLetters) {
    const { reason, at, type, seq } = deadLetter
    const shape = shapeOf(deadLetter.error)
    const isOther = !causes.has(keyOf(reason, shape)) && causes.size >= CAUSES_MAX
    const key = keyOf(reason, isOther ? OTHER_ERRORS : shape)
    const error = isOther ? OTHER_ERRORS : deadLetter.error
    const before = causes.get(key) ?? { reason, error, count: 0, kinds: [], types: [], firstAt: at, lastAt: at, seq }
    causes.set(key, {
      ...before,
      error: seq > before.seq ? error : before.error,
      count: before.count + 1,
      kinds: withName(before.kinds, deadLetter.address.kind),
      types: withName(before.types, type),
      firstAt: before.firstAt < at ? before.firstAt : at,
      lastAt: before.lastAt > at ? before.lastAt : at,
      seq: Math.max(before.seq, seq),
    })
  }
  return [...causes.values()].sort((a, b) => b.count - a.count || b.seq - a.seq)
}

const keyOf = (reason: string, shape: string): string => `${reason} ${shape}`

const withName = (names: readonly string[], name: string): readonly string[] =>
  name === '' || names.includes(name) || names.length >= NAMES_MAX ? names : [...names, name]

/**
 * Varying parts of similar errors: times, UUIDs, hex ids, numbers. Quoted text is kept, since it mostly names a field, kind or choice, and
 * so are places in code, such as `file.ts:3:9`, which tell causes apart.
 */
const VARYING = new RegExp(
  [
    /(?<place>\b[\w-]+\.[cm]?[jt]s:\d+:\d+)/,
    /\b\d{4}-\d\d-\d\dT[\d:.]+Z?/,
    /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/,
    /\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/,
    /\d+/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
)
const SHAPE_CHARS_MAX = 200

/** The first 200 characters of an error, with `…` in place of varying parts. */
export const shapeOf = (error: string): string =>
  error
    .slice(0, SHAPE_CHARS_MAX)
    .toWellFormed()
    .replace(VARYING, (part, place?: string) => (place === undefined ? '…' : part))
