import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Embedder } from '../../pipeline/embedding/embedder.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import type { StageRun } from '../../pipeline/runtime/stage.ts'
import { codeOf } from '../../schemas/errors.ts'
import { fillCollection, type FillOptions } from './fill-collection.ts'
import type { SearchIndex, Successor, SuccessorCause } from './search-index.ts'

export interface SuccessorOptions extends Pick<FillOptions, 'settings' | 'jetstream' | 'kv' | 'tables' | 'log'> {
  readonly searchIndex: Pick<SearchIndex, 'current' | 'successor' | 'nextModel'>
  /** What answers with the model in use and is not ready for another one, as a text; `undefined` if nothing is. */
  readonly unready: (next: Pick<Embedder, 'kind' | 'fingerprint'>) => Promise<string | undefined>
}

const POLL_MS = 1_000
/** Pause after an error, and after another collection was chosen meanwhile. */
const RETRY_MS = 30_000
/** Pause between two looks at what the switch waits for. */
const HOLD_MS = 1_000

/** What is told of a successor, by its cause. */
const TEXTS: Readonly<Record<SuccessorCause, { readonly building: string; readonly index: string }>> = {
  words: {
    building: 'the words of the index are of an earlier version; building the new index beside it,',
    index: 'the search index with the words of this version',
  },
  model: { building: 're-embedding beside the present one,', index: 'the search index with the model of "auto"' },
}

/**
 * Fills a collection beside the one in use where that has to be replaced, and switches the cluster to it once it is full, all living
 * processes can use it, and nothing else lacks the model. The process that fills the one in use does this: a process of an earlier version,
 * which knows nothing of the new one, then cannot be the one that writes the index when the cluster switches. After an interruption it
 * continues from the checkpoint.
 *
 * @returns the run, whose health tells how far the new collection and its model are.
 */
export async function withSuccessor(started: Promise<StageRun>, { searchIndex, unready, ...options }: SuccessorOptions): Promise<StageRun> {
  const run = await started
  const { successor, current, nextModel } = searchIndex
  const { log } = options
  let ofWords: string | undefined
  const report = (cause: SuccessorCause, what: string | undefined): void => {
    if (cause === 'model') nextModel.report(what)
    else ofWords = what
  }
  const waitsFor = async ({ lacking, collection }: Successor): Promise<string | undefined> =>
    (await lacking()) ?? (current().embedder.fingerprint === collection.embedder.fingerprint ? undefined : unready(collection.embedder))
  const build = async (cause: SuccessorCause, signal: AbortSignal): Promise<void> => {
    const { building, index } = TEXTS[cause]
    const tell = (what: string): void => report(cause, `${building} ${what}`)
    tell('at its start')
    const next = await successor.open(cause)
    const { collection } = next
    await fillCollection(
      { ...options, collection, signal },
      { records: (done, total) => tell(`at LOG sequence ${done} of ${total}`), waits: (what) => tell(`waiting (${what})`) },
      async () => {
        for (let what = await waitsFor(next); what !== undefined; what = await waitsFor(next)) {
          // Nobody wants it any more.
          if (successor.needed() !== cause) return
          report(cause, `waiting for ${what}`)
          await delay(HOLD_MS, undefined, { signal })
        }
        if (successor.needed() !== cause || !(await next.adopt())) return
        log.info(`${index} is complete; switching to it`)
        tell('switching to it')
        // Filled until the run of the other collection ends, so that nothing is missing while the processes switch.
        if (!signal.aborted) await once(signal, 'abort')
      },
    )
  }
  const job = periodicJob(0, async (signal) => {
    const cause = successor.needed()
    if (cause === undefined) return POLL_MS
    try {
      await build(cause, signal)
      return RETRY_MS
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, code: codeOf(error) }, `could not build ${TEXTS[cause].index}; retrying`)
      return RETRY_MS
    } finally {
      report(cause, undefined)
    }
  })
  return {
    ...run,
    health() {
      const { ok, detail: own } = run.health?.() ?? { ok: true, detail: 'running' }
      const model = nextModel.detail()
      const more = [ofWords, model && `embed model: ${model}`].filter((text) => text !== undefined)
      return { ok, detail: [own, ...more].join('; ') }
    },
    async stop() {
      await job.stop()
      await run.stop()
    },
  }
}
