import { setTimeout as delay } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { WHOLE_LOG } from '../../pipeline/indexer/indexer.ts'
import { createCheckpoints } from '../../pipeline/jetstream/checkpoints.ts'
import type { Reranker } from '../../pipeline/reranking/reranker.ts'
import type { Metrics } from '../../pipeline/runtime/metrics.ts'
import { periodicJob } from '../../pipeline/runtime/periodic-job.ts'
import { createCachedSearch, type SearchAnswers } from '../../pipeline/search/cached-search.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../pipeline/search/folding-embedder.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { openQdrantStore } from '../../pipeline/search/qdrant/qdrant-store.ts'
import { createQueryVector, type QueryVectorCache } from '../../pipeline/search/query-vectors.ts'
import { createRerankStep, type RerankStep } from '../../pipeline/search/rerank-step.ts'
import type { Search } from '../../pipeline/search/search-answer.ts'
import { CURRENT_CUTTER, cutterOf, type TermCutter } from '../../pipeline/search/term-cutter.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import { AUTO, AUTO_PRESET, type Preset, presetOf, PRESETS } from '../servers/models/presets.ts'
import type { Settings } from '../settings.ts'
import { type AutoModel, startAutoModel } from './auto-model.ts'
import { accessEmbedder } from './embedder-access.ts'
import { type IndexClusterDeps, joinIndexCluster } from './index-cluster.ts'
import {
  collectionName,
  cutterToOpen,
  type IndexModel,
  isSameModel,
  modelSettingsOf,
  nameOfModel,
  readIndexModel,
  replaceIndexModel,
  storeOf,
  withModel,
  writeIndexModel,
} from './index-model.ts'
import { indexReader } from './indexer-state.ts'

/** A model and its collection: messages and knowledge, which the indexer writes and searches read. */
export interface Collection {
  /** The model, as the collection needs it. */
  readonly embedder: LocalEmbedder
  readonly store: VectorStore
  readonly search: Search
  /** LOG sequence up to which the collection has all texts; `undefined` where it is not known. */
  indexedSeq(): Promise<number | undefined>
  /** Aborts when another collection replaces this one. */
  readonly replaced: AbortSignal
}

/** Why the collection in use has to be replaced: an earlier version cut its words, or the model of `auto` is here. */
export type SuccessorCause = 'words' | 'model'

/** The collection that has to replace the one in use. */
export interface Successor {
  readonly collection: Pick<Collection, 'embedder' | 'store'>
  /** The living processes that cannot use it yet, as a text; `undefined` if all can. */
  lacking(): Promise<string | undefined>
  /** Switches the cluster to it, once it is full. @returns false if the cluster uses another collection meanwhile */
  adopt(): Promise<boolean>
}

/** The search index of a process: the collection that the cluster uses, which may change while the process runs. */
export interface SearchIndex {
  current(): Collection
  readonly search: Search
  /** A search whose answer has `indexedSeq`: for tasks. */
  readonly positionedSearch: Search
  readonly successor: { needed(): SuccessorCause | undefined; open(cause: SuccessorCause): Promise<Successor> }
  /** The model of `auto`, which this process has and the cluster does not use yet. */
  readonly nextModel: Pick<AutoModel, 'embedder' | 'detail' | 'status' | 'report'>
}

export interface SearchIndexDeps {
  readonly settings: Settings
  readonly client: ClickHouseClient
  readonly kv: KV
  readonly metrics: Metrics
  readonly log: Logger
  /** What `auto` means; default: `AUTO_PRESET`. */
  readonly autoPreset?: Preset | undefined
  /** The re-ranker of the settings, which all collections share; its owner closes it. */
  readonly reranker?: Reranker | undefined
  /** Absent: nothing is cached. */
  readonly searchCaches?: SearchCaches | undefined
}

/** What searches keep: answers, and the vectors of questions. */
export interface SearchCaches {
  readonly answers: SearchAnswers
  readonly vectors: QueryVectorCache
}

const POLL_MS = 2_000
/** Time for searches in flight to end before a replaced collection is closed. */
const CLOSE_MS = 10_000

/** A collection as its owner sees it: the owner alone can replace and close it. */
interface OpenCollection extends Collection {
  /** The model itself. */
  readonly model: LocalEmbedder
  /** Aborts `replaced`. */
  replace(): void
  /** Closes the model. */
  close(): Promise<void>
}

/** Opens the model that the settings name, and its collection with the current cutter. @throws as `accessEmbedder`; `other_dimension` */
export async function openCollection(deps: SearchIndexDeps): Promise<OpenCollection> {
  const model = await accessEmbedder(deps.settings, deps.metrics, deps.log)
  return closingOnError(model, () => collectionOf(deps, model, CURRENT_CUTTER))
}

interface CollectionDeps extends SearchIndexDeps {
  readonly reranking?: RerankStep | undefined
}

async function collectionOf(
  { settings, client, kv, reranking, searchCaches }: CollectionDeps,
  model: LocalEmbedder,
  cutter: TermCutter,
): Promise<OpenCollection> {
  const { fingerprint, dimension } = model
  const collection = collectionName({ fingerprint, cutter: cutter.version })
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey, QDRANT_QUANTISATION: quantisation } = settings
  const store =
    url === undefined
      ? await openClickHouseStore({ client, collection, cutter, dimension })
      : await openQdrantStore({ url, apiKey, quantisation, collection, cutter, dimension })
  const embedder = foldingEmbedder(model, cutter)
  const server = url === undefined ? 'ClickHouse' : `Qdrant at ${url}`
  // Before the indexer fills the queue of the model.
  const cosineScales = model.kind === 'semantic' ? await measureCosineScales(model) : undefined
  const { SEARCH_SCORE_MIN: scoreMin, SEARCH_RRF_K: rrfK } = settings
  const modelName = model.model.name
  const replaced = new AbortController()
  let identity: string | undefined
  const queryVector = createQueryVector(embedder, searchCaches?.vectors)
  const deps = { store, server, embedder, queryVector, modelName, cosineScales, reranking, scoreMin, rrfK }
  const search = createHybridSearch({ ...deps, now: Date.now })
  const versionOf = store.contentVersion
  const setUp = [collection, String(scoreMin), String(rrfK), ...(reranking ? [reranking.model, String(reranking.candidatesMax)] : [])]
  return {
    model,
    embedder,
    store,
    search: searchCaches && versionOf ? createCachedSearch({ search, answers: searchCaches.answers, versionOf, setUp }) : search,
    async indexedSeq() {
      identity ??= await store.prepare()
      return (await createCheckpoints(kv, indexReader(identity)).find(WHOLE_LOG))?.[0]?.seq
    },
    replaced: replaced.signal,
    replace: () => replaced.abort(),
    close: () => model.close(),
  }
}

async function closingOnError<T>(model: LocalEmbedder, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    await model.close()
    throw error
  }
}

function rerankingOf({ settings, reranker, log, metrics }: SearchIndexDeps): RerankStep | undefined {
  if (reranker === undefined) return undefined
  const { RERANK_CANDIDATES: candidatesMax, RERANK_BUDGET_MS: budgetMs } = settings
  return createRerankStep({ reranker, candidatesMax, budgetMs, log, metrics })
}

/**
 * Opens the search index with the collection that the cluster uses, and follows when the cluster switches to another: `reembed` does that,
 * and the indexer for a `Successor`. The first process ever decides the model by its settings, and with `auto` it starts with the built-in
 * one. Later settings that name another model only log a line, so that searches keep finding everything.
 *
 * @throws ColloquyError as `openCollection` does.
 */
export async function openSearchIndex(
  given: SearchIndexDeps & Omit<IndexClusterDeps, 'settings'>,
  started: AsyncDisposableStack,
): Promise<SearchIndex> {
  const deps = { ...given, reranking: rerankingOf(given) }
  const { settings, kv, metrics, log, autoPreset: preset = AUTO_PRESET } = deps
  const presets = [preset, ...PRESETS]
  const accessModel = (model: IndexModel['settings']) => accessEmbedder(withModel(settings, model), metrics, log, { presets })
  const wanted = modelSettingsOf(settings)
  const agreed = await readIndexModel(kv)
  if (agreed !== undefined && !isSameModel(agreed.settings, wanted)) logOtherModel(settings, nameOfModel(agreed.settings), preset, log)
  const ownSettings = agreed?.settings ?? wanted
  const model = await accessModel(ownSettings)
  const { fingerprint } = model
  const store = storeOf(settings)
  const cutter = cutterToOpen(agreed, fingerprint, store)
  let current = await closingOnError(model, () => collectionOf(deps, model, cutter))
  let known: IndexModel = { settings: ownSettings, fingerprint, store, cutter: cutter.version }
  if (agreed?.fingerprint !== fingerprint || agreed.store !== store) {
    if (agreed !== undefined && agreed.fingerprint !== fingerprint) {
      log.warn(
        { had: agreed.fingerprint, has: fingerprint },
        'the embedding model has changed; refilling the search index from LOG; until it is full, searches find only part of the texts',
      )
    }
    await writeIndexModel(kv, known)
  }

  const cluster = await closingOnError(model, () => joinIndexCluster(deps, started))
  const isReplaceable = (): boolean => current.model.kind === 'lexical'
  const nextModel = startAutoModel({ settings, preset, cluster, isReplaceable, metrics, log })
  const closing = new Set<Promise<void>>()
  const ended = new AbortController()
  /** Opens a collection: of the model in use with another cutter, or of another model. */
  const openOther = async (next: IndexModel): Promise<OpenCollection> => {
    const nextCutter = cutterOf(next.cutter)
    if (nextCutter === undefined) {
      throw new ColloquyError('index_newer', 'a later version of Colloquy has built the search index; upgrade this process')
    }
    if (next.fingerprint === known.fingerprint) return collectionOf(deps, current.model, nextCutter)
    const other = nextModel.take(next.fingerprint) ?? (await accessModel(next.settings))
    return closingOnError(other, () => {
      if (other.fingerprint === next.fingerprint) return collectionOf(deps, other, nextCutter)
      throw new ColloquyError(
        'bad_model',
        `the model ${nameOfModel(next.settings)} is ${other.fingerprint} on this machine, and "colloquy reembed" used `
          + `${next.fingerprint}; set COLLOQUY_EMBED_MODEL and its other settings as they were for "colloquy reembed"`,
      )
    })
  }
  const switchTo = async (next: IndexModel): Promise<void> => {
    const [before, opened] = [current, await openOther(next)]
    current = opened
    known = next
    before.replace()
    log.info(
      { model: opened.model.model.name, collection: collectionName(next) },
      `switched the search index to ${opened.model.model.name}, words of version ${next.cutter}`,
    )
    if (opened.model === before.model) return
    const closed = pause(CLOSE_MS, ended.signal)
      .then(() => before.close())
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }
  let failed = ''
  const polling = periodicJob(0, async (signal) => {
    try {
      const next = await readIndexModel(kv)
      if (next !== undefined && collectionName(next) !== collectionName(known)) await switchTo(next)
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
    await nextModel.stop()
    await Promise.all(closing)
    await current.close()
  })
  return {
    current: () => current,
    search: (request) => current.search(request),
    async positionedSearch(request) {
      const collection = current
      // Before the search: what is indexed meanwhile may be found or not.
      const indexedSeq = await collection.indexedSeq().catch(() => undefined)
      return { ...(await collection.search(request)), indexedSeq }
    },
    successor: {
      needed: () => (known.cutter < CURRENT_CUTTER.version ? 'words' : nextModel.embedder() && 'model'),
      async open(cause) {
        const from = known
        const other = cause === 'words' ? undefined : nextModel.embedder()
        const to = { ...from, ...(other && { settings: { EMBED_MODEL: preset.name }, fingerprint: other.fingerprint }) }
        return {
          collection: await collectionOf(deps, other ?? current.model, CURRENT_CUTTER),
          lacking: async () => other && cluster.lacking(other.fingerprint),
          adopt: () => replaceIndexModel(kv, from, { ...to, cutter: CURRENT_CUTTER.version }),
        }
      },
    },
    nextModel,
  }
}

/** Says that the cluster uses another model than the settings name: the one that `auto` would bring does not replace a chosen one. */
function logOtherModel({ EMBED_MODEL: named = 'lexical' }: Settings, used: string, preset: Preset, log: Logger): void {
  if (named !== AUTO) {
    log.warn(
      { model: used, wanted: named },
      `COLLOQUY_EMBED_MODEL names ${named}, and the search index uses ${used}; run "npx colloquy reembed" to switch`,
    )
  } else if (presetOf(used, [preset]) === undefined) {
    log.info({ model: used }, `the search index uses ${used}, which was chosen for it; COLLOQUY_EMBED_MODEL=auto stays with that`)
  }
}

/** Settles after a time, or when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined)
