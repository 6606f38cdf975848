import type { Logger } from 'pino'
import { counted } from '../../schemas/counted.ts'
import { codeOf, type ColloquyError } from '../../schemas/errors.ts'
import { parseActorKey, parseLogSubject } from '../../schemas/subjects.ts'
import { hasTags } from '../../schemas/tags.ts'
import { checkBeyondLog, type CheckDeps } from '../index-check/check-slice.ts'
import type { IndexDifference } from '../index-check/index-differences.ts'
import { readSource, type Source } from '../index-check/source-state.ts'
import { checkAgain } from '../index-check/verify-index.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { nextRecord, recordAt, recordsOf, type StoredRecord } from '../jetstream/last-record.ts'
import { recordLost } from '../jetstream/removed.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import type { TypedKey } from '../jetstream/typed-kv.ts'
import { boundedBatches } from '../runtime/bounded-batches.ts'
import type { Exclusive } from '../runtime/exclusive.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import type { IndexReader, IndexWriter, SourceTags } from '../search/vector-store.ts'
import type { IndexText } from './index-changes.ts'
import { changeOf } from './record-changes.ts'
import type { TextWriter } from './text-writer.ts'

/** How far the auditor is; the next run continues there. */
export interface AuditPosition {
  readonly verified: number
}

/** Bounds of the auditor, by its caller. */
export interface AuditPace {
  /** LOG sequences of one slice; default 1,000. */
  readonly sliceMax?: number
  /** Max share of the time in which the auditor compares, above 0 and up to 1; default 0.05. Repairs are not slowed down. */
  readonly share?: number
  /** Min pause between two slices; default 1,000. */
  readonly pauseMsMin?: number
}

export interface IndexAuditorOptions extends AuditPace {
  readonly jetstream: JetStreamContext
  readonly store: IndexReader & Pick<IndexWriter, 'remove' | 'setTags'>
  readonly writer: TextWriter
  /** What the whole collection has lost: then the run ends, and the next one fills it, which the repair of single points cannot. */
  readonly loss: () => Promise<ColloquyError | undefined>
  /** Ends the run. */
  readonly fail: (error: unknown) => void
  readonly position: TypedKey<AuditPosition>
  /** LOG sequence up to which the indexer has stored everything. */
  readonly storedTo: () => number
  /** Excludes the writes of the indexer. */
  readonly exclusive: Exclusive
  readonly log: Logger
  readonly metrics: Metrics
}

export interface IndexAuditor extends PeriodicJob {
  /** Differences that are known and not repaired yet; 0 while the index is complete as far as it is known. */
  readonly incomplete: { readonly differences: number; readonly isStuck: boolean; readonly to: number }
}

/** Small, because parsing its records blocks the event loop. */
const SLICE_MAX = 1_000
const SHARE = 0.05
const PAUSE_MS_MIN = 1_000
/** Pause after a full pass, in units of the min pause. */
const PASS_PAUSES = 15
/** Pause after a slice that failed. */
const FAILED_PAUSE_MS = 30_000
/** Differences that are repaired in one step, between two writes of the indexer. */
const REPAIRED_MAX = 64
/** Repairs of a slice in a row without an effect, after which the auditor goes on without it. */
const VAIN_REPAIRS_MAX = 2

/**
 * Compares the collection with LOG continuously, slice by slice up to the indexer's position, then from the start again. It repairs what
 * differs: it removes points that no text has, embeds the texts that lack points again, and sets the tags of sources again.
 */
export function startIndexAuditor(options: IndexAuditorOptions): IndexAuditor {
  const { log, metrics, position, storedTo } = options
  const pauseMsMin = options.pauseMsMin ?? PAUSE_MS_MIN
  let incomplete: IndexAuditor['incomplete'] = { differences: 0, isStuck: false, to: 0 }
  /** Differences of this pass that could not be repaired. */
  let stuck = 0

  const auditRange = async (from: number, signal: AbortSignal): Promise<number> => {
    for (let before = Infinity, vain = 0; ;) {
      const deps: CheckDeps = {
        jetstream: options.jetstream,
        reader: options.store,
        storedTo: storedTo(),
        signal,
        onLost: (hole) => recordLost(options, [hole]),
      }
      const end = Math.min(from + (options.sliceMax ?? SLICE_MAX) - 1, storedTo())
      const checked = await checkAgain(deps, { from, to: end })
      const beyond = checked.to < storedTo() ? undefined : await checkBeyondLog(deps, checked.to + 1)
      const found = [...checked.found, ...(beyond?.found ?? [])]
      const differences = checked.differences + (beyond?.differences ?? 0)
      if (differences === 0) {
        incomplete = { ...incomplete, differences: stuck, isStuck: stuck > 0 }
        return checked.to
      }
      const loss = await options.loss()
      if (loss !== undefined) {
        options.fail(loss)
        throw loss
      }
      if (before === Infinity) for (const { kind } of found) metrics.indexMismatches.inc({ kind })
      vain = differences < before ? 0 : vain + 1
      before = differences
      incomplete = { differences: differences + stuck, isStuck: stuck > 0 || vain >= VAIN_REPAIRS_MAX, to: checked.to }
      if (vain >= VAIN_REPAIRS_MAX) {
        stuck += differences
        log.error({ from, to: checked.to, differences, first: found[0] }, 'the search index differs from LOG, and the repair had no effect')
        return checked.to
      }
      log.warn({ from, to: checked.to, differences, first: found[0] }, 'the search index differs from LOG; repairing it')
      await repair(options, found, signal)
    }
  }
  const job = periodicJob(0, async (signal) => {
    const startedMs = performance.now()
    try {
      const { state } = await streamInfo(options.jetstream.jsm, 'LOG')
      const end = storedTo()
      if (end === 0 || end > state.last_seq) return pauseMsMin
      const before = (await position.get())?.value.verified ?? 0
      const from = Math.max(before < end ? before + 1 : 1, state.first_seq)
      if (before >= end) stuck = 0
      const to = await auditRange(from, signal)
      await position.put({ verified: to })
      metrics.indexVerifiedSeq.set(to)
      const tookMs = performance.now() - startedMs
      return Math.max(to >= end ? pauseMsMin * PASS_PAUSES : pauseMsMin, tookMs / (options.share ?? SHARE) - tookMs)
    } catch (error) {
      if (!signal.aborted) log.warn({ code: codeOf(error), err: error }, 'a slice of the search index could not be checked; retrying')
      return Math.min(FAILED_PAUSE_MS, pauseMsMin * PASS_PAUSES * 2)
    }
  })
  return {
    stop: () => job.stop(),
    get incomplete() {
      return incomplete
    },
  }
}

/** Repairs differences in steps, each between two writes of the indexer. */
async function repair(options: IndexAuditorOptions, differences: readonly IndexDifference[], signal: AbortSignal): Promise<void> {
  const { exclusive, store, writer, metrics, storedTo } = options
  for (const step of boundedBatches(differences, { itemsMax: REPAIRED_MAX, bytesMax: Infinity }, () => 0)) {
    signal.throwIfAborted()
    await exclusive(async () => {
      const { valid, sources } = await stillValid(options, step)
      const ids = valid.flatMap(({ id }) => id ?? [])
      if (ids.length > 0) await store.remove(ids)
      await writer.write(await textsOf(options, valid, signal), storedTo())
      await store.setTags(tagsToSet(valid, sources))
      metrics.indexRepaired.inc(valid.length)
    })
  }
}

/** Leaves out the differences of a source that has a record since. Also returns the sources of the others, by their actors. */
async function stillValid({ jetstream }: IndexAuditorOptions, differences: readonly IndexDifference[]) {
  const sources = new Map<string, Source | undefined>()
  const valid: IndexDifference[] = []
  for (const difference of differences) {
    const { actor, stateSeq } = difference
    const address = parseActorKey(actor)
    if (difference.in === 'knowledge' && address !== undefined) {
      if (!sources.has(actor)) sources.set(actor, await readSource(jetstream, address))
      if (sources.get(actor)?.seq !== stateSeq) continue
    }
    valid.push(difference)
  }
  return { valid, sources }
}

/** The tags of the sources that have other ones in the index, or that got points again, which lack them in some stores. */
function tagsToSet(differences: readonly IndexDifference[], sources: ReadonlyMap<string, Source | undefined>): SourceTags[] {
  const ofTags = (actor: string): boolean =>
    differences.some((one) => one.actor === actor && one.kind === 'different' && one.in === 'knowledge')
  return [...new Set(differences.map(({ actor }) => actor))].flatMap((actor) => {
    const [source, address] = [sources.get(actor), parseActorKey(actor)]
    if (source === undefined || address === undefined || !(hasTags(source.tags) || ofTags(actor))) return []
    return [{ tenant: address.tenant, actor: address.id, seq: source.seq, tags: source.tags }]
  })
}

/** The texts of LOG that lack points, as the indexer derives them. */
async function textsOf(
  { jetstream }: IndexAuditorOptions,
  differences: readonly IndexDifference[],
  signal: AbortSignal,
): Promise<IndexText[]> {
  const wanted = new Set(differences.flatMap(({ key }) => key ?? []))
  // The last record that adds a chunk of a source counts.
  const texts = new Map<string, IndexText>()
  const take = ({ subject, record, seq }: StoredRecord): void => {
    for (const text of changeOf(parseLogSubject(subject).address, record, seq).texts) if (wanted.has(text.key)) texts.set(text.key, text)
  }
  const lacking = differences.filter(({ key }) => key !== undefined)
  for (const seq of new Set(lacking.filter((one) => one.in === 'messages').map((one) => one.seq))) {
    const record = await recordAt(jetstream, seq)
    if (record !== undefined) take(record)
  }
  for (const actor of new Set(lacking.filter((one) => one.in === 'knowledge').map((one) => one.actor))) {
    const address = parseActorKey(actor)
    if (address === undefined) continue
    for (let next = 1; ;) {
      signal.throwIfAborted()
      const record = await nextRecord(jetstream, recordsOf(address), next)
      if (record === undefined) break
      take(record)
      next = record.seq + 1
    }
  }
  return [...texts.values()]
}

/** What the status of the indexer says about an incomplete index. */
export function incompleteText({ differences, isStuck, to }: IndexAuditor['incomplete']): string {
  const what = `index incomplete: ${counted(differences, 'difference')} from LOG up to sequence ${to}`
  return `${what}, ${isStuck ? 'and the repair has no effect; see the log' : 'being repaired'}`
}
