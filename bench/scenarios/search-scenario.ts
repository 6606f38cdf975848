import { setTimeout as delay } from 'node:timers/promises'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { pino } from 'pino'
import { connectToRunningClickHouse } from '../../infra/app/connect-to-running.ts'
import { obtainModel } from '../../infra/servers/models/obtain-model.ts'
import { createEmbedder, type LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { createHybridSearch, type Search, SEARCH_MODES, type SearchMode } from '../../pipeline/search/hybrid-search.ts'
import { pointId } from '../../pipeline/search/point-id.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import type { Bench, Figures, Measured, Scenario } from '../harness/bench-scenario.ts'
import { createRandom, pick } from '../harness/random.ts'
import { quantile, rounded, type Spread, spreadOf } from '../harness/statistics.ts'

const TENANT = 'shop'
/** A separate database, so that the search index of the system still matches the log. */
const DATABASE = 'colloquy_bench'
const GROUP = 2_000
const WORDS = 30_000
const WORDS_MIN = 5
const WORDS_MAX = 30
const QUESTION_WORDS = 6
const CONVERSATIONS = 5_000
/** Questions per mode that are warm-up. */
const WARM_UP_QUESTIONS = 20
const POLL_MS = 250
const RECALL_QUESTIONS = 30
const RECALL_DEPTH = 10
/** Candidates of a question with a limit of ten hits. */
const RECALL_LIMIT = 50
const CACHE_BYTES = 8 * 1024 * 1024
const TIMEOUTS = { request_timeout: 600_000, log: { level: ClickHouseLogLevel.OFF } } as const

/** Questions to the search index in ClickHouse with the built-in model, one at a time. */
export const search: Scenario = {
  name: 'search',
  about: 'Time and recall of hybrid, dense and keyword search over --rows messages, with the built-in model.',
  actorsDefault: 1,
  run: measureSearch,
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
  const embedder = open.adopt(
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
  const openStore = (exactPointsMax?: number): Promise<VectorStore> =>
    openClickHouseStore({
      client,
      collection: 'bench',
      dimension: embedder.dimension,
      ...(exactPointsMax !== undefined && { exactPointsMax }),
    })

  const texts = createTexts(options.seed)
  const startedMs = performance.now()
  // Only the write of the last group makes ClickHouse build the index. Otherwise it would rebuild the index repeatedly during the fill.
  const store = await fill([await openStore(Infinity), await openStore()], embedder, texts, options.rows)
  const storedSeconds = (performance.now() - startedMs) / 1_000
  await waitForIndex(client)
  const indexedSeconds = (performance.now() - startedMs) / 1_000
  const ask = createHybridSearch({ store, embedder, now: Date.now })
  const figures: Record<string, number> = {
    messages: options.rows,
    storedSeconds: rounded(storedSeconds),
    indexedSeconds: rounded(indexedSeconds),
  }
  const spread: Record<string, Spread> = {}
  for (const mode of SEARCH_MODES) {
    const measured = await askFor(ask, mode, texts, (options.seconds * 1_000) / SEARCH_MODES.length)
    Object.assign(figures, measured.figures)
    spread[`${mode}P50Ms`] = measured.spread
  }
  figures['recallAt10'] = rounded(await recallOf(store, await openStore(Infinity), embedder, texts))
  return {
    figures,
    spread,
    notes: [
      `The messages of one tenant have ${WORDS_MIN} to ${WORDS_MAX} words from a vocabulary of ${WORDS} with Zipf frequencies; a question `
        + `has ${QUESTION_WORDS} such words. Each question is new and is embedded. Questions are asked one at a time, by the library in `
        + 'this process; ClickHouse belongs to the system, which is otherwise idle.',
    ],
  }
}

/** Writes all groups through the first store except the last one. @returns the second store, which wrote the last group */
async function fill(
  [first, last]: readonly [VectorStore, VectorStore],
  embedder: LocalEmbedder,
  texts: (words: number) => string,
  count: number,
): Promise<VectorStore> {
  for (let from = 0; from < count; from += GROUP) {
    const size = Math.min(GROUP, count - from)
    const group = Array.from({ length: size }, (_, index) => texts(WORDS_MIN + ((from + index) % (WORDS_MAX - WORDS_MIN))))
    const vectors = await embedder.embed(group, 'passage')
    await (from + GROUP < count ? first : last).upsert(
      group.flatMap((text, index) => {
        const [seq, vector] = [from + index + 1, vectors[index]]
        return vector === undefined
          ? []
          : [
              {
                id: pointId({ key: String(seq) }, 0),
                tenant: TENANT,
                in: 'messages' as const,
                kind: 'support',
                actor: `a${seq % CONVERSATIONS}`,
                source: `m${seq}`,
                chunk: 0,
                lang: 'en',
                at: new Date(seq * 1_000).toISOString(),
                seq,
                text,
                vector,
              },
            ]
      }),
    )
  }
  return last
}

/** Recall@10: the share of the ten nearest points that the store finds. An exact scan gives the ten nearest points. */
async function recallOf(
  store: VectorStore,
  exact: VectorStore,
  embedder: LocalEmbedder,
  texts: (words: number) => string,
): Promise<number> {
  let found = 0
  for (let asked = 0; asked < RECALL_QUESTIONS; asked++) {
    const [vector] = await embedder.embed([texts(QUESTION_WORDS)], 'query')
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

async function askFor(
  ask: Search,
  mode: SearchMode,
  texts: (words: number) => string,
  ms: number,
): Promise<{ figures: Figures; spread: Spread }> {
  const took: number[] = []
  let hits = 0
  for (const startedMs = performance.now(); took.length <= WARM_UP_QUESTIONS || performance.now() - startedMs < ms;) {
    const askedMs = performance.now()
    hits += (await ask({ tenant: TENANT, q: texts(QUESTION_WORDS), mode })).hits.length
    took.push(performance.now() - askedMs)
  }
  const counted = took.slice(WARM_UP_QUESTIONS)
  return {
    spread: spreadOf(counted),
    figures: {
      [`${mode}Questions`]: counted.length,
      [`${mode}HitsEach`]: rounded(hits / took.length),
      [`${mode}P50Ms`]: rounded(quantile(counted, 0.5)),
      [`${mode}P99Ms`]: rounded(quantile(counted, 0.99)),
    },
  }
}

/** Texts of invented words with Zipf frequencies: the n-th word is n times as rare as the first. */
function createTexts(seed: number): (words: number) => string {
  const random = createRandom(seed)
  const syllables = ['ka', 'to', 'mi', 'ren', 'sol', 'da', 'vi', 'pur', 'ne', 'lo', 'gra', 'ti', 'bo', 'sha', 'el', 'um']
  const words = Array.from({ length: WORDS }, (_, index) =>
    Array.from({ length: 2 + (index % 3) }, () => syllables[pick(random, syllables.length)]).join(''),
  )
  return (count) => Array.from({ length: count }, () => words[Math.floor(WORDS ** random()) - 1]).join(' ')
}
