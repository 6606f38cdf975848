import { hash } from 'node:crypto'
import { RESERVED_ID_PREFIX, type Input } from '../../schemas/envelope.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { LogRecord, ResolvedDeadLetter } from '../../schemas/record.ts'

export type DedupState = LogRecord['seen']
export const emptyDedupState: DedupState = { ids: '', sources: [] }

interface Position {
  readonly seq: number
  readonly ts: string
}

/**
 * Whether INBOX has handed this message over before. Sequence *and* time must not be above the last one: a server that
 * lost its tail gives sequences out again, at a later time.
 */
export const isDuplicate = (last: Position, message: Position): boolean => message.seq <= last.seq && message.ts <= last.ts

/** By what a producer's input repeats one that was committed; `undefined` where it is new. */
export function duplicateBy(seen: DedupState, input: Input): 'id' | 'sequence' | undefined {
  if (isRemembered(input.id) && holds(seen.ids, shortHash(input.id))) return 'id'
  if (input.sequence !== undefined && input.sequence <= highestOf(seen, input.source)) return 'sequence'
  return undefined
}

/** What is remembered once an input is committed. */
export function rememberInput(seen: DedupState, input: Input): DedupState {
  const ids = isRemembered(input.id) ? withId(seen.ids, input.id) : seen.ids
  if (input.sequence === undefined) return { ids, sources: seen.sources }
  const others = seen.sources.filter(([source]) => source !== input.source)
  return { ids, sources: [...others.slice(-(LIMITS.seenSourcesMax - 1)), [input.source, input.sequence]] }
}

const withId = (ids: string, id: string): string => (ids + shortHash(id)).slice(-LIMITS.seenIdsMax * HASH_CHARS)

/** A letter that was redriven is remembered among the ids, under one that no producer may use. */
const redrivenId = ({ logSeq }: Pick<ResolvedDeadLetter, 'logSeq'>): string => `${RESERVED_ID_PREFIX}redriven:${logSeq}`

export const rememberRedriven = (seen: DedupState, letter: Pick<ResolvedDeadLetter, 'logSeq'>): DedupState => ({ ...seen, ids: withId(seen.ids, redrivenId(letter)) })

export const wasRedriven = (seen: DedupState, letter: Pick<ResolvedDeadLetter, 'logSeq'>): boolean => holds(seen.ids, shortHash(redrivenId(letter)))

const highestOf = (seen: DedupState, wanted: string): number => seen.sources.find(([source]) => source === wanted)?.[1] ?? -1

/** Ids that Colloquy made up from the position are as unique as the position itself. */
const isRemembered = (id: string): boolean => !id.startsWith(RESERVED_ID_PREFIX)

/** 48 bits of SHA-1 in base64url: plenty among the few ids that an actor remembers. */
const HASH_CHARS = 8
function shortHash(id: string): string {
  if (id !== hashed.id) hashed = { id, short: hash('sha1', id, 'base64url').slice(0, HASH_CHARS) }
  return hashed.short
}
/** The last one: a decision asks for the same one twice, to look for it and to remember it. */
let hashed = { id: '', short: hash('sha1', '', 'base64url').slice(0, HASH_CHARS) }

/** Hashes stand one after another in one text, which is cheaper to keep in every record than a list of texts. */
function holds(hashes: string, wanted: string): boolean {
  for (let at = hashes.indexOf(wanted); at >= 0; at = hashes.indexOf(wanted, at + 1)) if (at % HASH_CHARS === 0) return true
  return false
}
