import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import Table from 'cli-table3'
import { pino } from 'pino'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../pipeline/search/folding-embedder.ts'
import type { Fusion } from '../../pipeline/search/fuse-ranks.ts'
import type { RerankStep } from '../../pipeline/search/rerank-step.ts'
import { openEmbedder, openRerankStep } from './eval-models.ts'
import { fillWith, MEASURED, type Measured as Column, measureRetrieval } from './measure-retrieval.ts'
import type { Quality } from './retrieval-metrics.ts'
import { modelOf, readRetrievalModels, type RetrievalModel } from './retrieval-models.ts'
import { type Lang, readRetrievalSets, type RetrievalSet } from './retrieval-sets.ts'

export interface RetrievalFlags {
  readonly model?: string
  readonly fusion?: Fusion
  readonly denseWeight?: number
  /** As COLLOQUY_RERANK_MODEL. */
  readonly rerank?: string
  readonly set?: Lang
  readonly json?: string
  readonly data?: string
}

interface Measured {
  readonly set: RetrievalSet
  readonly model: RetrievalModel
  /** Whether the model knows the language of the set, by `measureCosineScales`. */
  readonly knowsLanguage: boolean
  readonly quality: Awaited<ReturnType<typeof measureRetrieval>>
}

const LEXICAL = 'lexical'
const log = pino({ level: 'silent' })

/**
 * Measures the search code of production, on a temporary ClickHouse that nothing else uses, and prints one table: each set with
 * each model, also one that does not know its language, because hybrid search must not lose to words there either.
 */
export async function evaluateRetrieval(flags: RetrievalFlags, print: (text: string) => void): Promise<void> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const sets = await readRetrievalSets(flags.data, flags.set)
  if (sets.every(({ name }) => name === 'own-en')) print(`public sets: skipped, no retrieval-* in ${flags.data ?? '../shared/data'}`)
  const models = flags.model === undefined ? await readRetrievalModels(flags.data) : [modelOf(flags.model)]
  const server = open.adopt(await startClickHouse({ dataDir: folder, port: 0, log }), (own) => own.stop())
  const { url, username, password, database } = server
  const client = open.adopt(createClient({ url, username, password, database }), (own) => own.close())
  const reranking = flags.rerank === undefined ? undefined : await openRerankStep(flags.rerank, open)
  const all: Measured[] = []
  for (const model of models) all.push(...(await measureModel(model, sets, { client, flags, reranking, print })))
  print(tableOf(all, reranking !== undefined))
  const report = all.map(({ set: { name, docs, questions }, model, knowsLanguage, quality }) => ({
    set: name,
    model: model.name,
    knowsLanguage,
    docs: docs.length,
    questions: questions.length,
    ...quality,
  }))
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, undefined, 2)}\n`)
}

interface Deps {
  readonly client: ClickHouseClient
  readonly flags: RetrievalFlags
  readonly reranking: RerankStep | undefined
  readonly print: (text: string) => void
}

async function measureModel(
  model: RetrievalModel,
  sets: readonly RetrievalSet[],
  { client, flags, reranking, print }: Deps,
): Promise<Measured[]> {
  await using open = new AsyncDisposableStack()
  const own = await openEmbedder(model.setting, open)
  const scaleOf = await measureCosineScales(own)
  const measured: Measured[] = []
  for (const set of sets) {
    const knowsLanguage = own.kind !== 'semantic' || scaleOf(set.questions[0]?.query ?? '')?.isKnown === true
    const startedMs = performance.now()
    const store = await openClickHouseStore({ client, collection: `${set.name}-${own.fingerprint}`, dimension: own.dimension })
    const embedder = foldingEmbedder(own, store.cutter)
    await fillWith(set, store, embedder)
    const { fusion, denseWeight } = flags
    measured.push({ set, model, knowsLanguage, quality: await measureRetrieval(set, store, embedder, { fusion, denseWeight }, reranking) })
    const seconds = Math.round((performance.now() - startedMs) / 1_000)
    print(`${set.name} with ${model.name}: ${set.docs.length} texts, ${set.questions.length} questions, ${seconds} s`)
  }
  return measured
}

/** Sets in the order of the table, by the start of their names. */
const SETS = ['xquad-en', 'xquad-zh', 'cmrc', 'own-en'] as const
const HEADS: Readonly<Record<Column, string>> = {
  hybrid: 'hybrid',
  dense: 'dense',
  keyword: 'words',
  reranked: 're-ranked',
  reference: 'reference: the same two scores,\neach standardised over the candidates\nof its question, added half and half',
}

/** How often an expected text comes first, and how many are among the first ten. The built-in model has no reference. */
function tableOf(all: readonly Measured[], isReranked: boolean): string {
  const columns = MEASURED.filter((column) => column !== 'reranked' || isReranked)
  const table = new Table({ head: ['set', 'model', ...columns.map((column) => HEADS[column])], style: { head: [], border: [] } })
  const shown = (quality: Quality | undefined): string =>
    quality === undefined ? '' : `${quality['recall@1'].toFixed(3)} / ${quality['recall@10'].toFixed(3)}`
  const placeOf = ({ name }: RetrievalSet): number => SETS.findIndex((start) => name.startsWith(start))
  for (const { set, model, knowsLanguage, quality } of all.toSorted((one, other) => placeOf(one.set) - placeOf(other.set))) {
    const cell = (column: Column): string => (column === 'reference' && model.setting === LEXICAL ? '' : shown(quality[column]))
    table.push([set.name, `${model.name}${knowsLanguage ? '' : ' *'}`, ...columns.map(cell)])
  }
  const note = all.some(({ knowsLanguage }) => !knowsLanguage) ? '\n* a model that does not know the language of the set' : ''
  return `share of questions whose text comes first / among the first ten\n${table.toString()}${note}`
}
