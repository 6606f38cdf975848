import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { indexOf, type ItemIndex } from '../../actors/recommending/item-index.ts'
import { indexChangesOf } from '../../actors/recommending/item-index-changes.ts'
import type { Item } from '../../schemas/catalogue-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { isJetStreamError } from '../jetstream/jetstream-codes.ts'
import { keepReading } from '../jetstream/keep-reading.ts'
import { recordsOfKind } from '../jetstream/last-record.ts'
import { type LogIndex, REOPEN_PAUSES } from '../jetstream/log-index.ts'
import { logParser } from '../jetstream/log-message.ts'
import { openReader, type StreamReader } from '../jetstream/ordered-reader.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { IndexName, IndexPlace, SavedIndexes } from './saved-indexes.ts'

export interface FollowerOptions {
  readonly jetstream: JetStreamContext
  readonly name: IndexName
  readonly catalogue: readonly Item[]
  readonly saved: SavedIndexes
  readonly log: Logger
  /** Records after which the index is saved; default 20,000, or as many as it has items. */
  readonly saveEvery?: number
}

/** An index that follows LOG, and tells when it has read a record. */
export interface IndexFollower extends LogIndex<ItemIndex> {
  /** The same index, which is not there before it has read a LOG sequence of its own. */
  asOf(seq: number): Pick<LogIndex<ItemIndex>, 'current' | 'ready'>
}

const FETCH_MAX = 512
/** Sequences for which tasks wait. Of more, the first is given up: its task has long asked again. */
const AWAITED_MAX = 1_024
const SAVE_EVERY = 20_000
/** How long records are applied in one turn of the event loop: what is fetched comes without one, and tasks wait meanwhile. */
const TURN_MS_MAX = 5

/** The subjects in LOG from which an index is made. */
export const subjectsOf = ({ tenant, visitors, items }: IndexName): string[] => [
  ...new Set([recordsOfKind(visitors, tenant), recordsOfKind(items, tenant)]),
]

/** Starts to read an index: from the one that was saved last, or from the start of LOG, and then as LOG grows. */
export function followIndex({ jetstream, name, catalogue, saved, log, saveEvery = SAVE_EVERY }: FollowerOptions): IndexFollower {
  const stopping = new AbortController()
  const { signal } = stopping
  const ready = Promise.withResolvers<void>()
  let index = indexOf(catalogue)
  let place: IndexPlace | undefined
  let isReady = false
  let reader: StreamReader | undefined
  let unsaved = 0
  const awaited = new Map<number, PromiseWithResolvers<void>>()

  const hasRead = (seq: number): boolean => isReady && index.seq >= seq
  const whenRead = (seq: number): Promise<void> => {
    if (hasRead(seq)) return ready.promise
    const found = awaited.get(seq) ?? Promise.withResolvers<void>()
    for (const first of awaited.keys()) if (awaited.size >= AWAITED_MAX) awaited.delete(first)
    awaited.set(seq, found)
    return found.promise
  }
  const resolveRead = (): void => {
    for (const [seq, { resolve }] of awaited) {
      if (!hasRead(seq)) continue
      awaited.delete(seq)
      resolve()
    }
  }
  const reachedEnd = (): void => {
    isReady = true
    ready.resolve()
    resolveRead()
  }
  const resume = async (): Promise<void> => {
    if (place === undefined && index.seq === 0) {
      const found = await saved.load(name, catalogue)
      if (found !== undefined) ({ index, place } = found)
    }
    if (place === undefined || (await isThere(jetstream, place))) return
    log.warn({ ...name, seq: place.seq }, 'LOG was truncated below an index of recommendations; making the index again')
    index = indexOf(catalogue)
    place = undefined
  }
  const save = async (at: IndexPlace): Promise<void> => {
    unsaved = 0
    try {
      await saved.save(name, catalogue, index, at)
    } catch (err) {
      rateLimitedWarn(log, { err, ...name }, 'could not save an index of recommendations; it is read from LOG again after a restart')
    }
  }
  const read = async (): Promise<void> => {
    await resume()
    const parse = await logParser(jetstream)
    const opened = await openReader(jetstream, {
      stream: 'LOG',
      filterSubjects: subjectsOf(name),
      startSeq: (place?.seq ?? 0) + 1,
      messagesMax: FETCH_MAX,
    })
    reader = opened
    if (signal.aborted) opened.stop()
    if (opened.pending === 0) reachedEnd()
    let turnedMs = performance.now()
    for await (const message of opened) {
      const { record, seq } = parse(message)
      if (record !== undefined) index.apply(seq, indexChangesOf(record))
      place = { seq, ts: message.time.toISOString() }
      if (message.info.pending === 0) reachedEnd()
      else resolveRead()
      // Not while it is far behind: it would save again and again what it is about to replace.
      if (++unsaved >= Math.max(saveEvery, index.items.length) && message.info.pending < saveEvery) await save(place)
      if (performance.now() - turnedMs > TURN_MS_MAX) {
        await turn()
        turnedMs = performance.now()
      }
    }
  }
  void keepReading(read, {
    pauses: REOPEN_PAUSES,
    signal,
    onInterrupted: (err) =>
      rateLimitedWarn(log, { err, ...name }, 'the reader of an index of recommendations was interrupted; starting it again'),
  })
  return {
    current: () => (isReady ? index : undefined),
    ready: ready.promise,
    asOf: (seq) => ({ current: () => (hasRead(seq) ? index : undefined), ready: whenRead(seq) }),
    stop() {
      stopping.abort()
      reader?.stop()
    },
  }
}

/** Whether LOG still has the message. */
async function isThere({ jsm }: JetStreamContext, { seq, ts }: IndexPlace): Promise<boolean> {
  try {
    return (await jsm.streams.getMessage('LOG', { seq }))?.time.toISOString() === ts
  } catch (error) {
    if (isJetStreamError(error, 'noSuchSequence')) return false
    throw error
  }
}
