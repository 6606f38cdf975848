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
export function duplicateBy(state: DedupState, input: Input): 'id' | 'sequence' | undefined {
  if (isProducerId(input.id) && includesHash(state.ids, shortHash(input.id))) return 'id'
  if (input.sequence !== undefined && input.sequence <= highestSequenceOf(state, input.source)) return 'sequence'
  return undefined
}

/** What is remembered once an input is committed. */
export function rememberInput(state: DedupState, input: Input): DedupState {
  const ids = isProducerId(input.id) ? withId(state.ids, input.id) : state.ids
  if (input.sequence === undefined) return { ids, sources: state.sources }
  const others = state.sources.filter(([source]) => source !== input.source)
  return { ids, sources: [...others.slice(-(LIMITS.seenSourcesMax - 1)), [input.source, input.sequence]] }
}

const withId = (ids: string, id: string): string => (ids + shortHash(id)).slice(-LIMITS.seenIdsMax * HASH_CHARS)

/** A letter that was redriven is remembered among the ids, under one that no producer may use. */
const redrivenId = ({ logSeq }: Pick<ResolvedDeadLetter, 'logSeq'>): string => `${RESERVED_ID_PREFIX}redriven:${logSeq}`

export const rememberRedriven = (state: DedupState, deadLetter: Pick<ResolvedDeadLetter, 'logSeq'>): DedupState => ({ ...state, ids: withId(state.ids, redrivenId(deadLetter)) })

export const wasRedriven = (state: DedupState, deadLetter: Pick<ResolvedDeadLetter, 'logSeq'>): boolean => includesHash(state.ids, shortHash(redrivenId(deadLetter)))

const highestSequenceOf = (state: DedupState, wanted: string): number => state.sources.find(([source]) => source === wanted)?.[1] ?? -1

/** Ids that Colloquy made up from the position are as unique as the position itself. */
const isProducerId = (id: string): boolean => !id.startsWith(RESERVED_ID_PREFIX)

/** 48 bits of SHA-1 in base64url: plenty among the few ids that an actor remembers. */
const HASH_CHARS = 8
function shortHash(id: string): string {
  if (id !== lastHash.id) lastHash = { id, short: hash('sha1', id, 'base64url').slice(0, HASH_CHARS) }
  return lastHash.short
}
/** The last one: a decision asks for the same one twice, to look for it and to remember it. */
let lastHash = { id: '', short: hash('sha1', '', 'base64url').slice(0, HASH_CHARS) }

/** Hashes stand one after another in one text, which is cheaper to keep in every record than a list of texts. */
function includesHash(hashes: string, wanted: string): boolean {
  for (let at = hashes.indexOf(wanted); at >= 0; at = hashes.indexOf(wanted, at + 1)) if (at % HASH_CHARS === 0) return true
  return false
}
