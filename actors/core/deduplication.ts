import { hash } from 'node:crypto'
import { type Input, RESERVED_ID_PREFIX } from '../../schemas/envelope.ts'
import { LIMITS } from '../../schemas/limits.ts'
import type { LogRecord, ResolvedDeadLetter } from '../../schemas/record.ts'

/** The memory by which an actor recognises duplicates; the field `seen` of its record. */
export type DedupState = LogRecord['seen']
export const emptyDedupState: DedupState = { ids: '', sources: [] }

interface Position {
  readonly seq: number
  readonly ts: string
}

/**
 * Whether the actor has processed this delivery before. Both the sequence and the time must not exceed the last ones: a server that lost
 * the end of its stream assigns the same sequences again, at a later time.
 */
export const isRedelivery = (last: Position, message: Position): boolean => message.seq <= last.seq && message.ts <= last.ts

/** How a producer's input duplicates a committed one; `undefined` where it is new. */
export function duplicateBy(state: DedupState, input: Input): 'id' | 'sequence' | undefined {
  if (isProducerId(input.id) && remembersInput(state.ids, input)) return 'id'
  if (input.sequence !== undefined && input.sequence <= highestSequenceOf(state, input.source)) return 'sequence'
  return undefined
}

/** The deduplication state after an input is committed. */
export function rememberInput(state: DedupState, input: Input): DedupState {
  const ids = isProducerId(input.id) ? withHash(state.ids, identityHash(input)) : state.ids
  if (input.sequence === undefined) return { ids, sources: state.sources }
  const others = state.sources.filter(([source]) => source !== input.source)
  return { ids, sources: [...others.slice(-(LIMITS.seenSourcesMax - 1)), [input.source, input.sequence]] }
}

const withHash = (ids: string, short: string): string => (ids + short).slice(-LIMITS.seenIdsMax * HASH_CHARS)

/**
 * Records of earlier releases hold hashes of ids without their source. The two kinds of hashes never meet: no producer's id has the prefix
 * of an identity.
 */
const remembersInput = (ids: string, input: Identity): boolean =>
  ids !== '' && (includesHash(ids, identityHash(input)) || includesHash(ids, shortHash(input.id)))

/** A redriven dead letter is remembered among the ids, under a prefix that producers may not use. */
const redrivenId = ({ logSeq }: Pick<ResolvedDeadLetter, 'logSeq'>): string => `${RESERVED_ID_PREFIX}redriven:${logSeq}`

/** The deduplication state after a dead letter is redriven. */
export const rememberRedriven = (state: DedupState, deadLetter: Pick<ResolvedDeadLetter, 'logSeq'>): DedupState => ({
  ...state,
  ids: withHash(state.ids, shortHash(redrivenId(deadLetter))),
})

/** Whether the actor remembers a redrive of this dead letter. */
export const wasRedriven = (state: DedupState, deadLetter: Pick<ResolvedDeadLetter, 'logSeq'>): boolean =>
  includesHash(state.ids, shortHash(redrivenId(deadLetter)))

/** Whether the memory of sources was ever full: a source that is not in it may be one of before. */
export const mayHaveForgotten = ({ sources }: DedupState): boolean => sources.length >= LIMITS.seenSourcesMax

/** Whether the actor remembers the `sequence` of a source, so that `duplicateBy` tells its repeats. */
export const remembersSource = ({ sources }: DedupState, wanted: string): boolean => sources.some(([source]) => source === wanted)

const highestSequenceOf = (state: DedupState, wanted: string): number => state.sources.find(([source]) => source === wanted)?.[1] ?? -1

/** False for an id that Colloquy derived from the position: the position itself already tells duplicates apart. */
const isProducerId = (id: string): boolean => !id.startsWith(RESERVED_ID_PREFIX)

/** The place of an input among the last that the actor remembers, in the order of its records; -1 where it is none of them. */
export const placeRemembered = ({ ids }: DedupState, input: Identity): number => placeOfHash(ids, identityHash(input))

/** What identifies an input, as in CloudEvents: the same id from another source is another input. */
type Identity = Pick<Input, 'source' | 'id'>

/** 48 bits of SHA-1 in base64url: enough to tell apart the few inputs that an actor remembers. */
const HASH_CHARS = 8
const shortHash = (text: string): string => hash('sha1', text, 'base64url').slice(0, HASH_CHARS)

/**
 * The hash of an input's identity. The reserved prefix keeps it apart from the hash of any id, the length keeps source and id apart.
 * A decision needs the hash of one input twice, to look it up and to remember it.
 */
function identityHash({ source, id }: Identity): string {
  if (source !== lastHash.source || id !== lastHash.id) {
    lastHash = { source, id, short: shortHash(`${RESERVED_ID_PREFIX}${source.length}:${source}:${id}`) }
  }
  return lastHash.short
}
let lastHash = { source: '', id: '', short: '' }

/** All hashes are concatenated in one string, which makes a smaller record than an array of strings. */
function placeOfHash(hashes: string, wanted: string): number {
  for (let at = hashes.indexOf(wanted); at >= 0; at = hashes.indexOf(wanted, at + 1)) if (at % HASH_CHARS === 0) return at / HASH_CHARS
  return -1
}
const includesHash = (hashes: string, wanted: string): boolean => placeOfHash(hashes, wanted) >= 0
