import type { Logger } from 'pino'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { type PeriodicJob, periodicJob } from '../runtime/periodic-job.ts'
import type { IndexReader } from '../search/vector-store.ts'
import type { Canaries } from './canaries.ts'

export interface IndexWatchOptions {
  readonly store: Pick<IndexReader, 'identity'>
  readonly canaries: Pick<Canaries, 'areStored'>
  /** Identity of the collection that the run fills. */
  readonly collection: string
  /** Ends the run. The next one creates the collection if it is missing, and resumes where the collection is complete. */
  readonly fail: (error: unknown) => void
  readonly log: Logger
  /** Milliseconds between two checks; default 5,000. */
  readonly everyMs?: number | undefined
}

const EVERY_MS = 5_000

/**
 * Checks regularly, also while no text arrives, that the collection is still there and still has its canaries. A store that does not answer
 * is not checked: the next write fails on it.
 */
export function startIndexWatch({ store, canaries, collection, fail, log, everyMs = EVERY_MS }: IndexWatchOptions): PeriodicJob {
  return periodicJob(everyMs, async () => {
    try {
      const loss = await lossOf({ store, canaries, collection })
      if (loss !== undefined) fail(loss)
    } catch (error) {
      if (hasCode(error, 'index_filling')) fail(error)
      else log.debug({ err: error }, 'the collection of the search index could not be checked')
    }
    return everyMs
  })
}

/** What the collection has lost; `undefined` if it is there and has its canaries. */
export async function lossOf({
  store,
  canaries,
  collection,
}: Pick<IndexWatchOptions, 'store' | 'canaries' | 'collection'>): Promise<ColloquyError | undefined> {
  const found = await store.identity()
  const lost = (what: string): ColloquyError => new ColloquyError('index_filling', `the collection of the search index ${what}`)
  if (found === undefined) return lost('was deleted, or one of its tables was; creating it and filling it from LOG')
  if (found !== collection) return lost('was replaced by another one; filling it from LOG')
  return (await canaries.areStored()) ? undefined : lost('lost points; filling it from LOG')
}
