import { once } from 'node:events'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import type { StageRun } from '../../pipeline/runtime/stage.ts'
import { codeOf } from '../../schemas/errors.ts'
import { fillCollection, type FillOptions } from './fill-collection.ts'
import type { SearchIndex } from './search-index.ts'

export interface SuccessorOptions extends Pick<FillOptions, 'settings' | 'jetstream' | 'kv' | 'tables' | 'log'> {
  readonly searchIndex: Pick<SearchIndex, 'successor'>
}

/** Pause after an error, and after another collection was chosen meanwhile. */
const RETRY_MS = 30_000

/**
 * If the words of the collection in use were cut by an earlier version, fills a collection of the current version beside it, and then
 * switches the cluster. The process that fills the one in use does this: a process of an earlier version, which knows nothing of the new
 * one, then cannot be the one that writes the index when the cluster switches.
 *
 * @returns the run, whose health tells how far the new collection is.
 */
export async function withSuccessor(started: Promise<StageRun>, { searchIndex, ...options }: SuccessorOptions): Promise<StageRun> {
  const run = await started
  if (!searchIndex.successor.isNeeded()) return run
  const { log } = options
  let detail = 'at its start'
  const job = periodicJob(0, async (signal) => {
    try {
      const { collection, adopt } = await searchIndex.successor.open()
      await fillCollection(
        { ...options, collection, signal },
        {
          records(done, total) {
            detail = `at LOG sequence ${done} of ${total}`
          },
          waits(what) {
            detail = `waiting (${what})`
          },
        },
        async () => {
          if (!(await adopt())) return
          log.info('the search index with the words of this version is complete; switching to it')
          detail = 'switching to it'
          // Filled until the run of the other collection ends, so that nothing is missing while the processes switch.
          if (!signal.aborted) await once(signal, 'abort')
        },
      )
      return RETRY_MS
    } catch (error) {
      if (!signal.aborted)
        log.warn({ err: error, code: codeOf(error) }, 'could not build the search index with the words of this version; retrying')
      return RETRY_MS
    }
  })
  return {
    ...run,
    health() {
      const { ok, detail: own } = run.health?.() ?? { ok: true, detail: 'running' }
      return { ok, detail: `${own}; the words of the index are of an earlier version; building the new index beside it, ${detail}` }
    },
    async stop() {
      await job.stop()
      await run.stop()
    },
  }
}
