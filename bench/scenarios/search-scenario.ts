import { setTimeout as delay } from 'node:timers/promises'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { pino } from 'pino'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { obtainModel } from '../../infra/servers/models/obtain-model.ts'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../pipeline/search/folding-embedder.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { pointId } from '../../pipeline/search/point-id.ts'
import { openQdrantStore } from '../../pipeline/search/qdrant/qdrant-store.ts'
import type { Search } from '../../pipeline/search/search-answer.ts'
import { SEARCH_MODES, type SearchMode } from '../../pipeline/search/search-request.ts'
import { CURRENT_CUTTER } from '../../pipeline/search/term-cutter.ts'
import type { IndexPoint, VectorStore } from '../../pipeline/search/vector-store.ts'
import type { Bench, Measured, Scenario } from '../harness/bench-scenario.ts'
import { quantile, rounded, type Spread, spreadOf } from '../harness/statistics.ts'
import { createSearchTexts, type Language, LANGUAGES, type SearchTexts } from './search-texts.ts'

const TENANT = 'shop'
/** A separate database, so that the search index of the system still matches the log. */
const DATABASE = 'colloquy_bench'
const GROUP = 2_000
const WORDS_MIN = 5
const WORDS_MAX = 30
const CONVERSATIONS = 5_000
/** Rounds that are warm-up; a round asks one question of each kind. */
const WARM_UP_ROUNDS = 10
const POLL_MS = 250
const VERSION_READS = 300
const RECALL_QUESTIONS = 30
const RECALL_DEPTH = 10
/** Candidates of a question with a limit of ten hits. */
const RECALL_LIMIT = 50
const CACHE_BYTES = 8 * 1024 * 1024
const TIMEOUTS = { request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } } as const

/** Questions to the search index with the built-in model, one at a time: in ClickHouse, and in Qdrant if the settings name one. */
export const search: Scenario = {
  name: 'search',
  about: 'Time and recall of hybrid, dense and keyword search in two languages over --rows messages, with the built-in model.',
  actorsDefault: 1,
  run: measureSearch,
}

/** A filled store. */
interface Filled {
  readonly name: 'clickhouse' | 'qdrant'
  readonly store: VectorStore
  /** Scans all vectors. */
  readonly exact: VectorStore
  readonly storedSeconds: number
  readonly indexedSeconds: number
}

async function measureSearch({ system, options }: Bench): Promise<Measured> {
  await using open = new AsyncDisposableStack()
  const access = { ...(await connectToRunningClickHouse(system.settings, 'colloquy')), ...TIMEOUTS }
  const internal = open.adopt(createClient(access), (own) => own.close())
  await internal.command({ query: `CREATE DATABASE ${DATABASE}` })
  open.defer(async () => {
    await internal.command({ query: `DROP DATABASE ${DATABASE} SYNC` })
  })
  const client = open.adopt(createClient({ ...access, database: DATABASE }), (own) => own.close())
  const log = pino({ level: 'silent' })
  const model = open.adopt(
    await createEmbedder({
      model: await obtainModel({ ...system.settings, EMBED_MODEL: undefined }, log),
      threads: system.settings.EMBED_THREADS,
      cacheBytesMax: CACHE_BYTES,
      textsMax: GROUP * 2,
      log,
      metrics: createMetrics(),
    }),
    (own) => own.close(),
  )
  const embedder = foldingEmbedder(model, CURRENT_CUTTER)
  const texts = createSearchTexts(options.seed)
  const filled = [await fillClickHouse(client, embedder, texts, options.rows)]
  const { QDRANT_URL: url, QDRANT_API_KEY: apiKey } = system.settings
  if (url !== undefined) filled.push(await fillQdrant(url, apiKey, embedder, texts, options.rows))

  const figures: Record<string, number> = { messages: options.rows }
  const { took, embedded } = await ask(filled, embedder, texts, options.seconds * 1_000)
  const spread: Record<string, Spread> = {}
  for (const [name, times] of took) {
    figures[`${name}P50Ms`] = rounded(quantile(times, 0.5))
    figures[`${name}P99Ms`] = rounded(quantile(times, 0.99))
    spread[`${name}P50Ms`] = spreadOf(times)
  }
  for (const [language, times] of embedded) {
    figures[`${language}ModelP50Ms`] = rounded(quantile(times, 0.5))
    figures[`${language}ModelP99Ms`] = rounded(quantile(times, 0.99))
  }
  for (const { name, store, exact, storedSeconds, indexedSeconds } of filled) {
    const versions = await timesOfVersion(store)
    if (versions.length > 0) {
      figures[`${name}VersionP50Ms`] = rounded(quantile(versions, 0.5))
      figures[`${name}VersionP99Ms`] = rounded(quantile(versions, 0.99))
    }
    figures[`${name}StoredSeconds`] = rounded(storedSeconds)
    figures[`${name}IndexedSeconds`] = rounded(indexedSeconds)
    if (store !== exact) figures[`${name}RecallAt10`] = rounded(await recallOf(store, exact, embedder, texts))
  }
  return {
    figures,
    spread,
    notes: [
      `The messages of one tenant have ${WORDS_MIN} to ${WORDS_MAX} invented words with Zipf frequencies, `
        + 'one half in English, one in Chinese. Each question is new and is embedded; the times include the model, whose own time is '
        + 'told apart. Questions are asked one at a time, of each language, mode and store in turn, by the library in this process; the '
        + 'system is otherwise idle.',
    ],
  }
}

async function fillClickHouse(client: ClickHouseClient, embedder: LocalEmbedder, texts: SearchTexts, count: number): Promise<Filled> {
  const openStore = (exactPointsMax?: number): Promise<VectorStore> =>
    openClickHouseStore({
      client,
      collection: 'bench',
      dimension: embedder.dimension,
      ...(exactPointsMax !== undefined && { exactPointsMax }),
    })
  const [exact, store] = [await openStore(Infinity), await openStore()]
  const startedMs = performance.now()
  // Only the write of the last group makes ClickHouse build the index. Otherwise it would rebuild the index repeatedly during the fill.
  for await (const { points, isLast } of pointsOf(embedder, texts, count)) await (isLast ? store : exact).upsert(points)
  const storedSeconds = (performance.now() - startedMs) / 1_000
  await waitForIndex(client)
  return { name: 'clickhouse', store, exact, storedSeconds, indexedSeconds: (performance.now() - startedMs) / 1_000 }
}

async function fillQdrant(
  url: string,
  apiKey: string | undefined,
  embedder: LocalEmbedder,
  texts: SearchTexts,
  count: number,
): Promise<Filled> {
  const store = await openQdrantStore({ url, apiKey, collection: 'bench', dimension: embedder.dimension })
  await store.deleteBy(TENANT, {})
  const startedMs = performance.now()
  for await (const { points } of pointsOf(embedder, texts, count)) await store.upsert(points)
  const storedSeconds = (performance.now() - startedMs) / 1_000
  return { name: 'qdrant', store, exact: store, storedSeconds, indexedSeconds: storedSeconds }
}

/** The points to store, in groups. */
async function* pointsOf(
  embedder: LocalEmbedder,
  texts: SearchTexts,
  count: number,
): AsyncGenerator<{ points: readonly IndexPoint[]; isLast: boolean }> {
  for (let from = 0; from < count; from += GROUP) {
    const group = Array.from({ length: Math.min(GROUP, count - from) }, (_, index): Omit<IndexPoint, 'vector'> => {
      const seq = from + index + 1
      const lang: Language = seq % 2 === 0 ? 'zh' : 'en'
      return {
        id: pointId({ key: String(seq) }, 0),
        tenant: TENANT,
        in: 'messages',
        kind: 'support',
        actor: `a${seq % CONVERSATIONS}`,
        source: `m${seq}`,
        chunk: 0,
        lang,
        at: new Date(seq * 1_000).toISOString(),
        seq,
        text: texts.text(lang, WORDS_MIN + (seq % (WORDS_MAX - WORDS_MIN))),
      }
    })
    const vectors = await embedder.embed(
      group.map(({ text }) => text),
      'passage',
    )
    const points = group.flatMap((point, index) => {
      const vector = vectors[index]
      return vector === undefined ? [] : [{ ...point, vector }]
    })
    yield { points, isLast: from + GROUP >= count }
  }
}

/** Milliseconds of each reading of the collection's version, by which a cached answer is proved; none in a store without one. */
async function timesOfVersion(store: VectorStore): Promise<number[]> {
  const times: number[] = []
  for (let read = 0; read < VERSION_READS && store.contentVersion !== undefined; read++) {
    const startedMs = performance.now()
    await store.contentVersion()
    times.push(performance.now() - startedMs)
  }
  return times
}

/** Recall@10: the share of the ten nearest points that the store finds. An exact scan gives the ten nearest points. */
async function recallOf(store: VectorStore, exact: VectorStore, embedder: LocalEmbedder, texts: SearchTexts): Promise<number> {
  let found = 0
  for (let asked = 0; asked < RECALL_QUESTIONS; asked++) {
    const [vector] = await embedder.embed([texts.question(asked % 2 === 0 ? 'en' : 'zh')], 'query')
    const nearest = async (one: VectorStore): Promise<string[]> => {
      const hits = await one.search({ tenant: TENANT, filter: {}, vector, limit: RECALL_LIMIT })
      return hits
        .sort((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0))
        .slice(0, RECALL_DEPTH)
        .map(({ id }) => id)
    }
    const truth = new Set(await nearest(exact))
    found += (await nearest(store)).filter((id) => truth.has(id)).length
  }
  return found / RECALL_QUESTIONS / RECALL_DEPTH
}

/** Settles when ClickHouse has finished all mutations and merges, which build the index. */
async function waitForIndex(client: ClickHouseClient): Promise<void> {
  for (; ; await delay(POLL_MS)) {
    const result = await client.query({
      query: `SELECT (SELECT count() FROM system.mutations WHERE database = currentDatabase() AND NOT is_done)
        + (SELECT count() FROM system.merges WHERE database = currentDatabase()) AS left`,
      format: 'JSONEachRow',
    })
    const [row] = await result.json<{ left: string | number }>()
    if (Number(row?.left) === 0) return
  }
}

/**
 * Milliseconds of each question by its kind, such as `clickhouseZhHybrid`; by its mode alone, such as `hybrid`, those to ClickHouse in all
 * languages; and of the model alone by language.
 */
interface Times {
  readonly took: ReadonlyMap<string, number[]>
  readonly embedded: ReadonlyMap<Language, number[]>
}

/** Asks one question of each language, mode and store after the other, so that all share what else the machine does. */
async function ask(filled: readonly Filled[], embedder: LocalEmbedder, texts: SearchTexts, ms: number): Promise<Times> {
  let embedMs = 0
  const timed: Pick<LocalEmbedder, 'embed' | 'kind'> = {
    kind: embedder.kind,
    async embed(some, as) {
      const startedMs = performance.now()
      const vectors = await embedder.embed(some, as)
      embedMs = performance.now() - startedMs
      return vectors
    },
  }
  const cosineScales = await measureCosineScales(embedder)
  const searches = filled.map(({ name, store }) => ({
    name,
    find: createHybridSearch({ store, embedder: timed, cosineScales, now: Date.now }),
  }))
  const kinds = searches.flatMap(({ name, find }) =>
    LANGUAGES.flatMap((language) =>
      SEARCH_MODES.map((mode) => ({ store: name, name: nameOf(name, language, mode), find, language, mode })),
    ),
  )
  const took = new Map<string, number[]>([...SEARCH_MODES, ...kinds.map(({ name }) => name)].map((name) => [name, []]))
  const embedded = new Map<Language, number[]>(LANGUAGES.map((language) => [language, []]))
  const askOne = async (find: Search, language: Language, mode: SearchMode): Promise<number> => {
    const q = texts.question(language)
    const startedMs = performance.now()
    await find({ tenant: TENANT, q, mode })
    return performance.now() - startedMs
  }
  for (let [round, startedMs] = [0, performance.now()]; round <= WARM_UP_ROUNDS || performance.now() - startedMs < ms; round++) {
    if (round === WARM_UP_ROUNDS) startedMs = performance.now()
    for (const { store, name, find, language, mode } of kinds) {
      const oneMs = await askOne(find, language, mode)
      if (round < WARM_UP_ROUNDS) continue
      took.get(name)?.push(oneMs)
      if (store === 'clickhouse') took.get(mode)?.push(oneMs)
      if (mode !== 'keyword') embedded.get(language)?.push(embedMs)
    }
  }
  return { took, embedded }
}

const nameOf = (...[first, ...parts]: readonly [string, Language, SearchMode]): string =>
  first + parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')
