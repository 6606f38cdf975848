import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { openQdrantStore } from '../../pipeline/search/qdrant/qdrant-store.ts'
import { createHybridSearch, type Search } from '../../pipeline/search/hybrid-search.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { ColloquyError, codeOf, messageOf } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'
import { accessEmbedder } from './embedder-access.ts'
import { isSameModel, modelSettingsOf, nameOfModel, readIndexModel, withModel, writeIndexModel, type IndexModel } from './index-model.ts'

/** One model with its collection: what was said and learned, to be filled by the embedder's stage and to be searched. */
export interface Collection {
  readonly embedder: LocalEmbedder
  readonly store: VectorStore
  readonly search: Search
  /** Aborted once another collection has taken its place. */
  readonly replaced: AbortSignal
}

/** The memory of a process: the collection that the cluster has agreed on, which may change while it runs. */
export interface SearchIndex {
  current(): Collection
  readonly search: Search
}

export interface SearchIndexDeps {
  readonly settings: Settings
  readonly client: ClickHouseClient
  readonly metrics: Metrics
  readonly log: Logger
}

const LOOK_MS = 2_000
/** Questions that were under way when the collection changed have this long to end. */
const CLOSE_MS = 10_000

/** Opens the model that these settings name, and its collection. @throws ColloquyError as `accessEmbedder` does, and `other_dimension` */
export async function openCollection({ settings, client, metrics, log }: SearchIndexDeps): Promise<Collection & { replace(): void; close(): Promise<void> }> {
  const embedder = await accessEmbedder(settings, metrics, log)
  const { fingerprint, dimension } = embedder
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey, QDRANT_QUANTISATION: quantisation } = settings
  try {
    const store = url === undefined
      ? await openClickHouseStore({ client, fingerprint, dimension })
      : await openQdrantStore({ url, apiKey, quantisation, fingerprint, dimension })
    const replaced = new AbortController()
    return {
      embedder, store, search: createHybridSearch({ store, embedder, now: Date.now }), replaced: replaced.signal,
      replace: () => replaced.abort(), close: () => embedder.close(),
    }
  } catch (error) {
    await embedder.close()
    throw error
  }
}

/**
 * Opens the memory with the model that the cluster has agreed on: that of the settings where nothing was ever embedded, and whatever
 * `reembed` has switched to since. Settings that name another one change nothing by themselves: questions go on finding all there is.
 *
 * @throws ColloquyError as `openCollection` does
 */
export async function openSearchIndex({ kv, ...deps }: SearchIndexDeps & { readonly kv: KV }, started: AsyncDisposableStack): Promise<SearchIndex> {
  const { settings, log } = deps
  const open = (model: IndexModel['settings']) => openCollection({ ...deps, settings: withModel(settings, model) })
  const wanted = modelSettingsOf(settings)
  const agreed = await readIndexModel(kv)
  if (agreed !== undefined && !isSameModel(agreed.settings, wanted)) {
    const [has, names] = [nameOfModel(agreed.settings), nameOfModel(wanted)]
    log.warn({ model: has, wanted: names }, `COLLOQUY_EMBED_MODEL names ${names}, and the memory is of ${has}: it stays in use until "npx colloquy reembed" has made the other one`)
  }
  let current = await open(agreed?.settings ?? wanted)
  let known = { settings: agreed?.settings ?? wanted, fingerprint: current.embedder.fingerprint }
  if (agreed?.fingerprint !== known.fingerprint) {
    if (agreed !== undefined) log.warn({ had: agreed.fingerprint, has: known.fingerprint }, 'the embedding model is not what it was: the memory is filled anew from LOG, and finds what has been read so far')
    await writeIndexModel(kv, known)
  }

  const closing = new Set<Promise<void>>()
  const ended = new AbortController()
  const change = async (next: IndexModel): Promise<void> => {
    const [before, opened] = [current, await open(next.settings)]
    if (opened.embedder.fingerprint !== next.fingerprint) {
      await opened.close()
      throw new ColloquyError('bad_model', `${nameOfModel(next.settings)} is another model here than where the memory was made anew: ${opened.embedder.fingerprint}, not ${next.fingerprint}; set COLLOQUY_EMBED_MODEL and what belongs to it as they were for "colloquy reembed"`)
    }
    current = opened
    known = next
    before.replace()
    log.info({ model: opened.embedder.model.name, fingerprint: next.fingerprint }, `the memory is of ${opened.embedder.model.name} from now on`)
    const closed = waited(CLOSE_MS, ended.signal).then(() => before.close()).finally(() => closing.delete(closed))
    closing.add(closed)
  }
  let failed = ''
  const looking = periodicJob(0, async (signal) => {
    try {
      const next = await readIndexModel(kv)
      if (next !== undefined && next.fingerprint !== known.fingerprint) await change(next)
      failed = ''
    } catch (error) {
      // Said once; what there was stays in use, and the next look may have more luck.
      if (failed !== messageOf(error) && !signal.aborted) log.warn({ err: error, code: codeOf(error) }, 'cannot change to the model that the memory was made anew with')
      failed = messageOf(error)
    }
    return LOOK_MS
  })
  started.defer(async () => {
    ended.abort()
    await looking.stop()
    await Promise.all(closing)
    await current.close()
  })
  return { current: () => current, search: (request) => current.search(request) }
}

/** Settles after a time, or when it is over. */
const waited = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined)
