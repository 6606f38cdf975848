import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { z } from 'zod'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import type { JetStreamContext } from './connection.ts'
import { isJetStreamError } from './jetstream-codes.ts'
import { readToEnd } from './read-to-end.ts'
import { streamInfo } from './stream-info.ts'

/**
 * Ranges of LOG sequences that have no record any more, and why. Sequences of LOG are dense: a missing one was removed. The stream REMOVED
 * has all ranges ever found; every reader of LOG reads it at its start. A truncated LOG is something else: it gives its last sequences out
 * again, and a range whose sequences have messages again counts no longer.
 */
export interface Removed {
  /** Ascending and disjoint. */
  readonly ranges: readonly RemovedRange[]
  has(seq: number): boolean
  /** The last sequence of the stream REMOVED that was read; a later one means that more was found. */
  readonly revision: number
}

/** `lost`: a damaged file of the server, or a foreign deletion. Readers treat all reasons alike, unless they say so. */
export const REMOVED_REASONS = ['lost'] as const
export type RemovedReason = (typeof REMOVED_REASONS)[number]

/** LOG sequences, both inclusive. */
export interface SeqRange {
  readonly from: number
  readonly to: number
}

export interface RemovedRange extends SeqRange {
  readonly reason: RemovedReason
  /** When it was found, ISO. */
  readonly at: string
  /** Its sequence in REMOVED, of the newest part; 0 while it is not stored. */
  readonly revision: number
}

const entrySchema = z.object({
  /** When LOG was created: the ranges of another LOG mean nothing. */
  created: z.string(),
  from: z.int().positive(),
  to: z.int().positive(),
  reason: z.enum(REMOVED_REASONS),
  at: z.string(),
})
type Entry = z.infer<typeof entrySchema>
type StoredEntry = Entry & { readonly revision: number }

const subjectOf = (reason: RemovedReason): string => `removed.${reason}`

/** Reads what is removed, and compares it with LOG. @returns also the ranges that are missing in LOG and not stored in REMOVED yet */
export async function findRemoved(jetstream: JetStreamContext): Promise<Removed & { readonly unknown: readonly SeqRange[] }> {
  const { jsm } = jetstream
  const log = await streamInfo(jsm, 'LOG')
  const { entries, revision } = await readEntries(jetstream)
  const known: RemovedRange[] = []
  for (const { created, reason, at, revision: stored, ...range } of entries) {
    const to = Math.min(range.to, log.state.last_seq)
    if (created !== log.created || range.from > to) continue
    if (await isMissing(jsm, { from: range.from, to })) known.push({ from: range.from, to, reason, at, revision: stored })
  }
  const unknown = (await missingRanges(jsm, log)).flatMap((range) => without(range, known))
  const at = new Date().toISOString()
  const ranges = merged([...known, ...unknown.map((range): RemovedRange => ({ ...range, reason: 'lost', at, revision: 0 }))])
  return { ranges, revision, unknown, has: (seq) => isWithin(ranges, seq) }
}

export interface RemovedDeps {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'recordsRemoved'>
}

/** As `findRemoved`; stores, counts and logs what was unknown. Every stage that reads LOG calls it at its start. */
export async function loadRemoved(deps: RemovedDeps): Promise<Removed> {
  let found = await findRemoved(deps.jetstream)
  if (found.unknown.length > 0) {
    await recordLost(deps, found.unknown)
    found = await findRemoved(deps.jetstream)
  }
  const { ranges } = found
  for (const reason of REMOVED_REASONS) deps.metrics.recordsRemoved.set({ reason }, countIn(ranges.filter((one) => one.reason === reason)))
  return found
}

/** Stores ranges of lost records, and logs them where another stage has not. Storing a range twice changes nothing. */
export async function recordLost({ jetstream, log }: Omit<RemovedDeps, 'metrics'>, ranges: readonly SeqRange[]): Promise<void> {
  if ((await storeRemoved(jetstream, ranges)) === 0) return
  const records = countIn(ranges)
  log.error(
    { ranges: ranges.slice(0, RANGES_LOGGED_MAX), records },
    `LOG lost ${counted(records, 'record')} inside: ${textOf(ranges)}. Hosts decide the inputs again that INBOX `
      + 'still has; rows of the others stay in the tables. Do not rebuild them with --drop-unproven; see "colloquy status", and check '
      + 'the disk of NATS',
  )
}

const RANGES_LOGGED_MAX = 20
const RANGES_SHOWN = 3

/** Ranges as a text: `sequences 5, 7 to 9`. */
export function textOf(ranges: readonly SeqRange[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`))
  const more = ranges.length - shown.length
  const isOne = ranges.length === 1 && ranges[0]?.from === ranges[0]?.to
  return `${isOne ? 'sequence' : 'sequences'} ${shown.join(', ')}${more > 0 ? ` and ${counted(more, 'more range')}` : ''}`
}

/** Stores ranges in REMOVED. @returns how many it did not have @throws ColloquyError `not_recorded` if the stream refuses one */
export async function storeRemoved(
  { jsm, publisher }: JetStreamContext,
  ranges: readonly (SeqRange & Partial<Pick<RemovedRange, 'reason' | 'at'>>)[],
): Promise<number> {
  let count = 0
  const { created } = await streamInfo(jsm, 'LOG')
  for (const { from, to, reason = 'lost', at = new Date().toISOString() } of ranges) {
    const entry: Entry = { created, from, to, reason, at }
    const stored = await publisher.publish(subjectOf(reason), JSON.stringify(entry), { msgId: `${created}-${from}-${to}-${reason}` })
    if (!stored.ok) {
      throw new ColloquyError('not_recorded', `REMOVED refused a range of lost records (${stored.code}: ${stored.description})`)
    }
    if (!stored.duplicate) count += 1
  }
  return count
}

async function readEntries(jetstream: JetStreamContext): Promise<{ entries: StoredEntry[]; revision: number }> {
  const { state } = await streamInfo(jetstream.jsm, 'REMOVED')
  const entries: StoredEntry[] = []
  if (state.messages === 0) return { entries, revision: state.last_seq }
  for await (const batch of readToEnd(jetstream, 'REMOVED', {})) {
    for (const message of batch) entries.push({ ...entrySchema.parse(message.json()), revision: message.seq })
  }
  return { entries, revision: state.last_seq }
}

/** The ranges that the server still counts as messages, and cannot read: those that it does not list as missing. */
export async function unreadableRanges(jetstream: JetStreamContext): Promise<readonly SeqRange[]> {
  const revision = await removedRevision(jetstream).catch((error: unknown) => {
    // A LOG beside which there are no other streams, as in tests.
    if (isJetStreamError(error, 'streamNotFound')) return 0
    throw error
  })
  if (revision === 0) return []
  const { ranges } = await findRemoved(jetstream)
  const missing = await missingRanges(jetstream.jsm, await streamInfo(jetstream.jsm, 'LOG'))
  return ranges.flatMap((range) => without(range, missing))
}

/** The last sequence of REMOVED, to notice that more was found. */
export const removedRevision = async ({ jsm }: Pick<JetStreamContext, 'jsm'>): Promise<number> =>
  (await streamInfo(jsm, 'REMOVED')).state.last_seq

/** Compares the ends of a range with LOG: a LOG that was truncated and grew again has messages there. */
async function isMissing(jsm: JetStreamManager, { from, to }: SeqRange): Promise<boolean> {
  if ((await jsm.streams.getMessage('LOG', { seq: from })) !== null) return false
  return from === to || (await jsm.streams.getMessage('LOG', { seq: to })) === null
}

/** What LOG itself reports as missing: before its first message, where none was purged, and between its messages. */
async function missingRanges(jsm: JetStreamManager, { state, config }: StreamInfo): Promise<SeqRange[]> {
  // The server leaves it out where it is 1.
  const first = Number(config.first_seq) || 1
  const start =
    state.first_seq > first && state.last_seq >= first ? [{ from: first, to: Math.min(state.first_seq - 1, state.last_seq) }] : []
  if ((state.num_deleted ?? 0) === 0) return start
  const { deleted = [] } = (await jsm.streams.info('LOG', { deleted_details: true })).state
  return [...start, ...rangesOf(deleted)]
}

/**
 * The missing sequences around one. A message that the server cannot read is in none of its lists, and its consumers may stop before it:
 * only reading tells.
 *
 * @returns `undefined` if LOG has a message there
 */
export async function holeAround({ jsm }: Pick<JetStreamContext, 'jsm'>, seq: number): Promise<SeqRange | undefined> {
  const { state } = await streamInfo(jsm, 'LOG')
  const isGone = async (at: number): Promise<boolean> => (await jsm.streams.getMessage('LOG', { seq: at })) === null
  if (seq < 1 || seq > state.last_seq || !(await isGone(seq))) return undefined
  let [from, to] = [seq, seq]
  while (from > 1 && from > seq - HOLE_MAX && (await isGone(from - 1))) from -= 1
  while (to < state.last_seq && to < seq + HOLE_MAX && (await isGone(to + 1))) to += 1
  return { from, to }
}

/**
 * Tells whether LOG lost the message of a sequence: by what is known as removed, and by reading LOG.
 *
 * @param onFound receives what was not known
 */
export function lostInLog(
  jetstream: Pick<JetStreamContext, 'jsm'>,
  removed: Pick<Removed, 'has'>,
  onFound: (hole: SeqRange) => Promise<void> = async () => undefined,
): (seq: number) => Promise<boolean> {
  const holes: SeqRange[] = []
  return async (seq) => {
    if (removed.has(seq) || holes.some(({ from, to }) => seq >= from && seq <= to)) return true
    const hole = await holeAround(jetstream, seq)
    if (hole === undefined) return false
    holes.push(hole)
    await onFound(hole)
    return true
  }
}

/**
 * The parts of ranges that are missing on LOG's leader too: a replica that a reader used may only have been behind.
 */
export async function confirmMissing(jetstream: Pick<JetStreamContext, 'jsm'>, ranges: readonly SeqRange[]): Promise<SeqRange[]> {
  const confirmed: SeqRange[] = []
  for (const { from, to } of ranges) {
    for (let next = from; next <= to;) {
      const hole = await holeAround(jetstream, next)
      if (hole === undefined) break
      confirmed.push({ from: next, to: Math.min(hole.to, to) })
      next = hole.to + 1
    }
  }
  return confirmed
}

/** Sequences on each side that `holeAround` reads one by one: more than a damaged file of the server can have. */
const HOLE_MAX = 1_000_000

/** Ascending numbers as ranges. */
export function rangesOf(seqs: readonly number[]): SeqRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const seq of seqs) {
    const last = ranges.at(-1)
    if (last?.to === seq - 1) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}

export const countIn = (ranges: readonly SeqRange[]): number => ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)

/** Whether a sequence is in one of the ranges, which are ascending. */
export function isWithin(ranges: readonly SeqRange[], seq: number): boolean {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const range = ranges[middle]
    if (range === undefined || seq < range.from) high = middle
    else if (seq > range.to) low = middle + 1
    else return true
  }
  return false
}

/** The parts of a range that none of the others covers. */
export function without(range: SeqRange, others: readonly SeqRange[]): SeqRange[] {
  let left: SeqRange[] = [range]
  for (const other of others) {
    left = left.flatMap(({ from, to }) => {
      if (other.to < from || other.from > to) return [{ from, to }]
      return [...(from < other.from ? [{ from, to: other.from - 1 }] : []), ...(to > other.to ? [{ from: other.to + 1, to }] : [])]
    })
  }
  return left
}

/** Ascending and disjoint; neighbours of one reason become one range. */
export function merged(ranges: readonly RemovedRange[]): RemovedRange[] {
  const all: RemovedRange[] = []
  for (const range of ranges.toSorted((one, other) => one.from - other.from)) {
    const last = all.at(-1)
    if (last === undefined || range.from > last.to + 1 || (range.from > last.to && range.reason !== last.reason)) all.push(range)
    else all[all.length - 1] = { ...last, to: Math.max(last.to, range.to), revision: Math.max(last.revision, range.revision) }
  }
  return all
}

/** Ranges of one statement: its text has a bound. */
const RANGES_MAX = 500

/** Cuts ranges, or sequences, into as many as a statement may name. */
export const inPieces = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / RANGES_MAX) }, (_, index) => all.slice(index * RANGES_MAX, (index + 1) * RANGES_MAX))

/** A condition of SQL for the rows of removed records; `undefined` if nothing is removed. @param column has the LOG sequence */
export function removedSql({ ranges }: { readonly ranges: readonly SeqRange[] }, column: string): string | undefined {
  if (ranges.length === 0) return undefined
  const list = (values: readonly number[]): string => `[${values.join(',')}]`
  const froms = list(ranges.map(({ from }) => from))
  const tos = list(ranges.map(({ to }) => to))
  return `arrayExists((f, t) -> ${column} BETWEEN f AND t, ${froms}, ${tos})`
}

/** Within this time a running system finds records that LOG lists as missing. Unreadable ones it finds when something reads them. */
export const FOUND_MS_MAX = 5_000

/**
 * Ends a stage when more removed ranges are found: its restart takes them into account. Looks for them too, where LOG says that it has
 * fewer messages than sequences.
 */
export function watchRemoved(
  deps: Omit<RemovedDeps, 'metrics'>,
  { revision }: Pick<Removed, 'revision'>,
  fail: (error: Error) => void,
): PeriodicJob {
  let listed = 1
  return periodicJob(0, async () => {
    try {
      const { state } = await streamInfo(deps.jetstream.jsm, 'LOG')
      const missing = state.first_seq + (state.num_deleted ?? 0)
      if (missing > listed) await recordLost(deps, (await findRemoved(deps.jetstream)).unknown)
      listed = missing
      if ((await removedRevision(deps.jetstream)) !== revision)
        fail(new ColloquyError('records_removed', 'more lost records of LOG were found; restarting to take them into account'))
    } catch (error) {
      deps.log.debug({ err: error }, 'could not look for lost records of LOG; retrying')
    }
    return FOUND_MS_MAX
  })
}
