import { hasCode } from '../../schemas/errors.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import type { IndexReader } from '../search/vector-store.ts'
import { checkBeyondLog, type CheckDeps, type CheckedSlice, checkSlice } from './check-slice.ts'
import type { IndexCheck, IndexDifference } from './index-differences.ts'

export interface VerifyIndexOptions {
  readonly jetstream: JetStreamContext
  readonly reader: IndexReader
  /** LOG sequence up to which the indexer has stored everything. */
  readonly storedTo: number
  /** First LOG sequence; default the first in LOG. */
  readonly from?: number | undefined
  /** Last LOG sequence; default `storedTo`. */
  readonly to?: number | undefined
  readonly tenant?: string | undefined
  /** LOG sequences of one slice; default 10,000. */
  readonly sliceMax?: number
  readonly onProgress?: (done: number, total: number) => void
  readonly signal: AbortSignal
}

/** The result of verifying the search index. `found` has the first difference of each kind. */
export interface VerifiedIndex extends IndexCheck {
  readonly from: number
  readonly to: number
}

const SLICE_MAX = 10_000
const RETRIES_MAX = 4
const PAUSES: Pauses = { minMs: 500, maxMs: 500 }

/**
 * Compares the search index with LOG by another code path than the indexer's: each text and chunk has its points, and no other point
 * exists. It reads no vectors and needs no model. The indexer may run meanwhile.
 */
export async function verifyIndex(options: VerifyIndexOptions): Promise<VerifiedIndex> {
  const { jetstream, reader, storedTo, tenant, signal, sliceMax = SLICE_MAX } = options
  const deps: CheckDeps = { jetstream, reader, storedTo, signal }
  const { state } = await streamInfo(jetstream.jsm, 'LOG')
  const from = options.from ?? state.first_seq
  const to = Math.min(options.to ?? storedTo, storedTo)
  let sum: IndexCheck = { texts: 0, points: 0, differences: 0, unproven: 0, unembeddable: 0, found: [] }
  for (let next = from; next <= to;) {
    const scope = { from: next, to: Math.min(next + sliceMax - 1, to), tenant }
    const checked = await checkAgain(deps, scope)
    sum = add(sum, checked)
    next = checked.to + 1
    options.onProgress?.(Math.min(next, to + 1) - from, to - from + 1)
  }
  if (options.to === undefined) sum = add(sum, await checkBeyondLog(deps, state.last_seq + 1, tenant))
  return { ...sum, from, to }
}

/** Checks a slice; again if the reading is interrupted. */
export const checkAgain = (deps: CheckDeps, scope: Parameters<typeof checkSlice>[1]): Promise<CheckedSlice> =>
  withRetry(() => checkSlice(deps, scope), {
    pauses: PAUSES,
    retriesMax: RETRIES_MAX,
    signal: deps.signal,
    isFinal: (error) => !hasCode(error, 'interrupted'),
  })

function add(sum: IndexCheck, more: IndexCheck): IndexCheck {
  const first = new Map<IndexDifference['kind'], IndexDifference>()
  for (const difference of [...sum.found, ...more.found]) if (!first.has(difference.kind)) first.set(difference.kind, difference)
  return {
    texts: sum.texts + more.texts,
    points: sum.points + more.points,
    differences: sum.differences + more.differences,
    unproven: sum.unproven + more.unproven,
    unembeddable: sum.unembeddable + more.unembeddable,
    found: [...first.values()],
  }
}
