import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { createHybridSearch, type Search } from '../../pipeline/search/hybrid-search.ts'
import { openQdrantStore } from '../../pipeline/search/qdrant/qdrant-store.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { Settings } from '../settings.ts'
import { accessEmbedder } from './embedder-access.ts'
import {
  type IndexModel,
  isSameModel,
  modelSettingsOf,
  nameOfModel,
  readIndexModel,
  storeOf,
  withModel,
  writeIndexModel,
} from './index-model.ts'

/** A model and its collection: messages and knowledge, which the indexer writes and searches read. */
export interface Collection {
  readonly embedder: LocalEmbedder
  readonly store: VectorStore
  readonly search: Search
  /** Aborts when another collection replaces this one. */
  readonly replaced: AbortSignal
}

/** The search index of a process: the collection that the cluster uses, which may change while the process runs. */
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

const POLL_MS = 2_000
/** Time for searches in flight to end before a replaced collection is closed. */
const CLOSE_MS = 10_000

/** A collection as its owner sees it: the owner alone can replace and close it. */
interface OpenCollection extends Collection {
  /** Aborts `replaced`. */
  replace(): void
  close(): Promise<void>
}

/** Opens the model that the settings name, and its collection. @throws ColloquyError as `accessEmbedder` does; `other_dimension` */
export async function openCollection({ settings, client, metrics, log }: SearchIndexDeps): Promise<OpenCollection> {
  const embedder = await accessEmbedder(settings, metrics, log)
  const { fingerprint, dimension } = embedder
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey, QDRANT_QUANTISATION: quantisation } = settings
  try {
    const store =
      url === undefined
        ? await openClickHouseStore({ client, fingerprint, dimension })
        : await openQdrantStore({ url, apiKey, quantisation, fingerprint, dimension })
    const replaced = new AbortController()
    return {
      embedder,
      store,
      search: createHybridSearch({ store, embedder, now: Date.now }),
      replaced: replaced.signal,
      replace: () => replaced.abort(),
      close: () => embedder.close(),
    }
  } catch (error) {
    await embedder.close()
    throw error
  }
}

/**
 * Opens the search index with the model that the cluster uses, and follows when `reembed` switches to another. The first process ever
 * decides the model by its settings. Later settings that name another model only log a warning, so that searches keep finding everything.
 *
 * @throws ColloquyError as `openCollection` does.
 */
export async function openSearchIndex(
  { kv, ...deps }: SearchIndexDeps & { readonly kv: KV },
  started: AsyncDisposableStack,
): Promise<SearchIndex> {
  const { settings, log } = deps
  const open = (model: IndexModel['settings']) => openCollection({ ...deps, settings: withModel(settings, model) })
  const wanted = modelSettingsOf(settings)
  const agreed = await readIndexModel(kv)
  if (agreed !== undefined && !isSameModel(agreed.settings, wanted)) {
    const [used, named] = [nameOfModel(agreed.settings), nameOfModel(wanted)]
    log.warn(
      { model: used, wanted: named },
      `COLLOQUY_EMBED_MODEL names ${named}, and the search index uses ${used}; run "npx colloquy reembed" to switch`,
    )
  }
  let current = await open(agreed?.settings ?? wanted)
  let known: IndexModel = { settings: agreed?.settings ?? wanted, fingerprint: current.embedder.fingerprint, store: storeOf(settings) }
  if (agreed?.fingerprint !== known.fingerprint || agreed.store !== known.store) {
    if (agreed !== undefined && agreed.fingerprint !== known.fingerprint) {
      log.warn(
        { had: agreed.fingerprint, has: known.fingerprint },
        'the embedding model has changed; refilling the search index from LOG; until it is full, searches find only part of the texts',
      )
    }
    await writeIndexModel(kv, known)
  }

  const closing = new Set<Promise<void>>()
  const ended = new AbortController()
  const switchTo = async (next: IndexModel): Promise<void> => {
    const [before, opened] = [current, await open(next.settings)]
    if (opened.embedder.fingerprint !== next.fingerprint) {
      await opened.close()
      throw new ColloquyError(
        'bad_model',
        `the model ${nameOfModel(next.settings)} is ${opened.embedder.fingerprint} on this machine, and "colloquy reembed" used `
          + `${next.fingerprint}; set COLLOQUY_EMBED_MODEL and its other settings as they were for "colloquy reembed"`,
      )
    }
    current = opened
    known = next
    before.replace()
    log.info(
      { model: opened.embedder.model.name, fingerprint: next.fingerprint },
      `switched the search index to ${opened.embedder.model.name}`,
    )
    const closed = pause(CLOSE_MS, ended.signal)
      .then(() => before.close())
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }
  let failed = ''
  const polling = periodicJob(0, async (signal) => {
    try {
      const next = await readIndexModel(kv)
      if (next !== undefined && next.fingerprint !== known.fingerprint) await switchTo(next)
      failed = ''
    } catch (error) {
      // Logged once per error. The present collection stays in use, and the next poll tries again.
      if (failed !== messageOf(error) && !signal.aborted) {
        log.warn({ err: error, code: codeOf(error) }, 'could not switch to the model of the new search index; retrying')
      }
      failed = messageOf(error)
    }
    return POLL_MS
  })
  started.defer(async () => {
    ended.abort()
    await polling.stop()
    await Promise.all(closing)
    await current.close()
  })
  return { current: () => current, search: (request) => current.search(request) }
}

/** Settles after a time, or when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined)
