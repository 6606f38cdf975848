import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'
import { type FileWatch, watchFiles } from '../runtime/file-watch.ts'
import { createModelPool, type ModelPool } from './model-pool.ts'
import { type ConfiguredModel, type KeyOf, readModelsFile, withKeys } from './read-models.ts'

/** Where the models come from: a file, or one model of the settings. */
export type ModelsSource =
  { readonly file: string; readonly keyOf: KeyOf } | { readonly entry: ModelEntry; readonly apiKey: string | undefined }

/** The models of a process. */
export interface ModelRegistry {
  /** All models, in the order of the file. Requests on their way keep the ones that they have. */
  pools(): readonly ModelPool[]
  /** The file, or `settings`. */
  readonly from: string
  /** Why the file as it is now is not used; `undefined` while it is. */
  problem(): string | undefined
  stop(): Promise<void>
}

export interface ModelRegistryOptions {
  readonly source: ModelsSource
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
  readonly log: Logger
  /** Called after the models have changed. */
  readonly onChange?: (pools: readonly ModelPool[]) => void
}

/**
 * Opens the models. A file is read again when it changes: a model whose entry and key are as before keeps its health and its places. If the
 * new file cannot be used, the models of before stay, and `problem` says why.
 *
 * @throws ColloquyError `bad_models` if the file cannot be used at the start
 */
export async function openModelRegistry({ source, now, log, onChange }: ModelRegistryOptions): Promise<ModelRegistry> {
  let pools: readonly ModelPool[] = []
  let configured: readonly ConfiguredModel[] = []
  let problem: string | undefined
  let watch: FileWatch | undefined

  const use = (next: readonly ConfiguredModel[]): void => {
    const kept = new Map(configured.map((model, index) => [model.entry.name, { model, pool: pools[index] }]))
    pools = next.map((model) => {
      const before = kept.get(model.entry.name)
      return before?.pool !== undefined && isDeepStrictEqual(before.model, model) ? before.pool : createModelPool(model, now)
    })
    configured = next
    for (const { entry, unusable } of next)
      if (unusable !== undefined) log.warn({ model: entry.name }, `a model cannot be used: ${unusable}`)
    onChange?.(pools)
  }

  if ('entry' in source) use([{ ...source, unusable: undefined }])
  else {
    const { file, keyOf } = source
    const read = async () => withKeys(await readModelsFile(file), keyOf, file)
    use(await read())
    let reading = Promise.resolve()
    const readAgain = async (): Promise<void> => {
      try {
        use(await read())
        problem = undefined
        log.info({ file, models: pools.length }, 'the models were read again')
      } catch (error) {
        problem = messageOf(error)
        log.error({ file, err: error }, 'the changed file of models cannot be used; the models of before stay')
      }
    }
    watch = watchFiles(() => {
      reading = reading.then(readAgain)
    }, log)
    watch.follow([file])
  }
  return {
    pools: () => pools,
    from: 'entry' in source ? 'settings' : source.file,
    problem: () => problem,
    async stop() {
      await watch?.stop()
    },
  }
}
