import { chunkIdOf, SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { findRemoved, lostInLog, type SeqRange } from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { boundedBatches } from '../runtime/bounded-batches.ts'
import { pointId } from '../search/point-id.ts'
import type { IndexReader, StoredPoint } from '../search/vector-store.ts'
import { readScope, type Scope } from '../verify/log-slice.ts'
import { compareTags, type TaggedSource } from './compare-tags.ts'
import { expectedMessages, type ExpectedText } from './expected-texts.ts'
import { createTally, type IndexCheck, type IndexDifference, type Tally } from './index-differences.ts'
import { createSources, readSource, type Source, type Sources } from './source-state.ts'
import { isCovered } from './text-cover.ts'
import { unembeddableTexts } from './unembeddable.ts'

export interface CheckDeps {
  readonly jetstream: JetStreamContext
  readonly reader: IndexReader
  /** LOG sequence up to which the indexer has stored everything. A source with a later record is left to the slice of that record. */
  readonly storedTo: number
  readonly signal: AbortSignal
  /** Receives lost records of LOG that were not known, before anything is said about their points. */
  readonly onLost?: (hole: SeqRange) => Promise<void>
}

/** The checked part of a scope: it ends earlier than the scope if the texts exceed `CHARS_MAX`. */
export interface CheckedSlice extends IndexCheck {
  readonly to: number
}

/** Max characters of the texts of one slice; the last text may exceed it. */
const CHARS_MAX = 4 * 1024 * 1024
/** Max sources whose tags are compared together, up to 4 KiB each. */
const SOURCES_MAX = 200

/** The expected content of a slice. */
interface Expected {
  readonly to: number
  readonly texts: ReadonlyMap<number, readonly ExpectedText[]>
  /** The sources that have a record in the slice. */
  readonly sources: ReadonlyMap<string, Address>
}

/**
 * Compares the points of a range of LOG sequences with the texts of its records. Messages never change: each must have its chunks, which
 * cover it. The chunks and tags of a source are those in the state of its last record. The indexer may run meanwhile. Memory is bounded by
 * the texts of the slice, whatever the store holds.
 *
 * @throws ColloquyError `interrupted` if the reading was interrupted; the errors of the store.
 */
export async function checkSlice(deps: CheckDeps, scope: Scope): Promise<CheckedSlice> {
  const tally = createTally()
  const expected = await readExpected(deps, scope, tally)
  const sources = createSources(deps)
  // The points before the first record have no text.
  const { state } = await streamInfo(deps.jetstream.jsm, 'LOG')
  const range = { from: scope.from <= state.first_seq ? 0 : scope.from, to: expected.to, tenant: scope.tenant }
  await comparePoints(deps, tally, expected, sources, range)
  await compareSources(deps, tally, expected, sources)
  return { ...tally.result(), to: expected.to }
}

/** Checks that no point belongs to a record after the end of LOG. */
export async function checkBeyondLog({ jetstream, reader, signal }: CheckDeps, from: number, tenant?: string): Promise<IndexCheck> {
  const tally = createTally()
  for await (const page of reader.scan({ from, to: Number.MAX_SAFE_INTEGER, tenant })) {
    signal.throwIfAborted()
    // LOG is read after the store: the record of a point that is written meanwhile is already in LOG.
    const { state } = await streamInfo(jetstream.jsm, 'LOG')
    for (const point of page) {
      if (point.seq <= state.last_seq) continue
      tally.counts.points += 1
      tally.differs(unexpected(point))
    }
  }
  return tally.result()
}

async function readExpected({ jetstream, signal }: CheckDeps, scope: Scope, { counts }: Tally): Promise<Expected> {
  const texts = new Map<number, readonly ExpectedText[]>()
  const sources = new Map<string, Address>()
  let chars = 0
  let to = scope.to
  for await (const entry of readScope(jetstream, scope)) {
    signal.throwIfAborted()
    if (entry.bad !== undefined) continue
    if (entry.address.kind === SOURCE_KIND) sources.set(actorKey(entry.address), entry.address)
    const messages = expectedMessages(entry)
    if (messages.length > 0) texts.set(entry.seq, messages)
    counts.texts += messages.length
    chars += messages.reduce((sum, { text }) => sum + text.length, 0)
    if (chars < CHARS_MAX) continue
    to = entry.seq
    break
  }
  return { to, texts, sources }
}

/** The chunks of a text that were found, by their numbers. */
type Found = Map<ExpectedText, Map<number, string>>

async function comparePoints(
  deps: CheckDeps,
  tally: Tally,
  expected: Expected,
  sources: Sources,
  range: { readonly from: number; readonly to: number; readonly tenant: string | undefined },
): Promise<void> {
  const { jetstream, reader, signal } = deps
  const isLost = createIsLost(deps)
  const found: Found = new Map()
  const seen = new Set<string>()
  for await (const page of reader.scan(range)) {
    signal.throwIfAborted()
    for (const point of page) {
      tally.counts.points += 1
      if (point.in === 'knowledge') {
        const kind = await compareKnowledge(deps, sources, seen, point)
        if (kind === undefined) continue
        if (await isLost(point.seq)) tally.counts.unproven += 1
        else tally.differs(kind)
        continue
      }
      const text = expected.texts.get(point.seq)?.find(({ key }) => pointId({ key }, point.chunk) === point.id)
      if (text === undefined) {
        if (await isLost(point.seq)) tally.counts.unproven += 1
        else tally.differs(unexpected(point))
        continue
      }
      const chunks = found.get(text) ?? new Map<number, string>()
      found.set(text, chunks)
      if (!isSame(point, text)) tally.differs({ ...unexpected(point), kind: 'different', key: text.key })
      else if (chunks.has(point.chunk)) tally.differs({ ...unexpected(point), kind: 'doubled', key: text.key })
      // A text that is longer than its whole would break the bound of memory.
      if (point.text.length <= text.text.length) chunks.set(point.chunk, point.text)
    }
  }
  for (const texts of expected.texts.values()) {
    const missing = texts.filter((text) => !isComplete(text, found.get(text)))
    if (missing.length > 0) await report(jetstream, tally, missing)
  }
}

/** The texts of one record that lack points. */
async function report(jetstream: JetStreamContext, tally: Tally, missing: readonly ExpectedText[]): Promise<void> {
  const [{ tenant, kind, actor } = { tenant: '', kind: '', actor: '' }] = missing
  const dead = await unembeddableTexts(
    jetstream,
    { tenant, kind, id: actor },
    missing.map(({ key }) => key),
  )
  for (const { key, seq } of missing) {
    if (dead.has(key)) tally.counts.unembeddable += 1
    else tally.differs({ kind: 'missing', in: 'messages', tenant, actor: actorKey({ tenant, kind, id: actor }), seq, key })
  }
}

function isComplete({ text }: ExpectedText, chunks: ReadonlyMap<number, string> | undefined): boolean {
  if (chunks === undefined) return false
  const ordered: string[] = []
  for (let number = 0; number < chunks.size; number++) {
    const chunk = chunks.get(number)
    if (chunk === undefined) return false
    ordered.push(chunk)
  }
  return isCovered(text, ordered)
}

const isSame = (point: StoredPoint, text: ExpectedText): boolean =>
  point.tenant === text.tenant
  && point.kind === text.kind
  && point.actor === text.actor
  && point.source === text.source
  && point.lang === text.lang
  && point.seq === text.seq
  && Date.parse(point.at) === Date.parse(text.at)
  && text.text.includes(point.text)

const unexpected = ({ id, tenant, kind, actor, seq, ...point }: StoredPoint) =>
  ({ kind: 'unexpected', in: point.in, tenant, actor: actorKey({ tenant, kind, id: actor }), seq, id }) as const

/** Whether LOG has lost the record of a sequence. What is removed is read when the first point asks. */
function createIsLost({ jetstream, onLost }: CheckDeps): (seq: number) => Promise<boolean> {
  let isLost: Promise<(seq: number) => Promise<boolean>> | undefined
  return async (seq) => (await (isLost ??= findRemoved(jetstream).then((removed) => lostInLog(jetstream, removed, onLost))))(seq)
}

/**
 * Compares a point of a source: its id must be that of its text, and the source must have this chunk. The source is left out while the
 * indexer has not stored its last record.
 */
async function compareKnowledge(
  { storedTo }: CheckDeps,
  sources: Sources,
  seen: Set<string>,
  point: StoredPoint,
): Promise<IndexDifference | undefined> {
  const address: Address = { tenant: point.tenant, kind: point.kind, id: point.actor }
  const source = await sources(address)
  if (source === undefined) return unexpected(point)
  if (source.seq > storedTo) return undefined
  const chunk = chunkIdOf(point.text)
  const key = `${actorKey(address)}/${chunk}`
  if (!source.chunks.has(chunk) || pointId({ key }, 0) !== point.id) return { ...unexpected(point), stateSeq: source.seq }
  if (seen.has(point.id)) return { ...unexpected(point), kind: 'doubled', key, stateSeq: source.seq }
  seen.add(point.id)
  return undefined
}

/** Checks that each source whose last record is in the slice has all its chunks, and its tags. */
async function compareSources(deps: CheckDeps, tally: Tally, expected: Expected, sources: Sources): Promise<void> {
  for (const batch of boundedBatches(expected.sources, { itemsMax: SOURCES_MAX, bytesMax: Infinity }, () => 0)) {
    const tagged: TaggedSource[] = []
    for (const [key, address] of batch) {
      const source = await sources(address)
      if (source === undefined || source.seq > expected.to || source.seq > deps.storedTo) continue
      tagged.push({ address, seq: source.seq, tags: source.tags })
      await compareChunks(deps, tally, { key, address, source })
    }
    await compareTags(deps, tally, tagged)
  }
}

async function compareChunks(
  { jetstream, reader }: CheckDeps,
  tally: Tally,
  { key, address, source }: { readonly key: string; readonly address: Address; readonly source: Source },
): Promise<void> {
  const keys = new Map([...source.chunks].map((chunk) => [pointId({ key: `${key}/${chunk}` }, 0), `${key}/${chunk}`]))
  const present = await reader.existing([...keys.keys()])
  const missing = [...keys].filter(([id]) => !present.has(id)).map(([, own]) => own)
  tally.counts.texts += keys.size
  // A record that came meanwhile has changed the chunks: the slice of that record checks them.
  if (missing.length === 0 || (await readSource(jetstream, address))?.seq !== source.seq) return
  const dead = await unembeddableTexts(jetstream, address, missing)
  tally.counts.unembeddable += dead.size
  for (const own of missing) {
    if (dead.has(own)) continue
    tally.differs({ kind: 'missing', in: 'knowledge', tenant: address.tenant, actor: key, seq: source.seq, key: own, stateSeq: source.seq })
  }
}
