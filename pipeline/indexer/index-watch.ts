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
      const found = await store.identity()
      if (found === undefined) {
        fail(new ColloquyError('index_filling', 'the collection of the search index was deleted; creating it and filling it from LOG'))
      } else if (found !== collection) {
        fail(new ColloquyError('index_filling', 'the collection of the search index was replaced by another one; filling it from LOG'))
      } else if (!(await canaries.areStored())) {
        fail(new ColloquyError('index_filling', 'the collection of the search index lost points; filling it from LOG'))
      }
    } catch (error) {
      if (hasCode(error, 'index_filling')) fail(error)
      else log.debug({ err: error }, 'the collection of the search index could not be checked')
    }
    return everyMs
  })
}
