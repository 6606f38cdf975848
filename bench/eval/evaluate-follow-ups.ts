import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import Table from 'cli-table3'
import { pino } from 'pino'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { lookupTask } from '../../actors/kinds/support/tasks.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../pipeline/search/folding-embedder.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { createUnderstanding } from '../../pipeline/understanding/understand.ts'
import { chunkWithHeading } from '../../schemas/knowledge-events.ts'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import { openEmbedder } from './eval-models.ts'
import type { RetrievalFlags } from './evaluate-retrieval.ts'
import { type FollowUpFigures, measureFollowUps } from './measure-follow-ups.ts'
import { fillWith } from './measure-retrieval.ts'
import { modelOf, readRetrievalModels, type RetrievalModel } from './retrieval-models.ts'
import { LANGS } from './retrieval-sets.ts'

interface Measured extends FollowUpFigures {
  /** What was searched: the built-in articles, or the same as a tenant's knowledge. */
  readonly searched: string
  readonly model: string
}

const log = pino({ level: 'silent' })
const articles = loadArticles()

/** Without a taught set: by dialogue acts alone. */
const understand = createUnderstanding({
  tenants: { of: () => Promise.resolve({ version: 0, seq: 0, settings: tenantSettingsOf({}), set: {} }) },
  sets: { of: () => Promise.resolve(undefined) },
  vectors: { fingerprint: () => Promise.resolve(null), of: () => Promise.resolve({ fingerprint: null }) },
})

/**
 * Measures how `support` looks up follow-ups, messages with several questions, and what nothing answers: in its articles, and in the same
 * articles as a tenant's knowledge, on a temporary ClickHouse with each model that knows the language.
 */
export async function evaluateFollowUps(flags: RetrievalFlags, print: (text: string) => void): Promise<void> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const models = flags.model === undefined ? await readRetrievalModels(flags.data) : [modelOf(flags.model)]
  const server = open.adopt(await startClickHouse({ dataDir: folder, port: 0, log }), (own) => own.stop())
  const { url, username, password, database } = server
  const client = open.adopt(createClient({ url, username, password, database }), (own) => own.close())
  const langs = LANGS.filter((lang) => flags.set === undefined || flags.set === lang)
  const nothing: TaskSearchIndex = {
    search: () => Promise.resolve([]),
    knowledgeVersion: () => Promise.resolve(undefined),
    knowledgeSeq: () => Promise.resolve(undefined),
  }
  const all: Measured[] = []
  const measure = async (
    searched: string,
    model: string,
    searchIndex: TaskSearchIndex,
    hasModel: boolean,
    known = langs,
  ): Promise<void> => {
    const deps = {
      lookup: lookupTask(articles, 0),
      // The lookup searches as for a model; none is asked.
      hasModels: () => hasModel,
      searchIndex,
      understand: (query: Parameters<typeof understand>[1]) => understand('eval', query),
    }
    for (const lang of known) all.push({ searched, model, ...(await measureFollowUps(lang, deps)) })
  }
  await measure('articles', '', nothing, false)
  for (const model of models) {
    await using opened = new AsyncDisposableStack()
    const { searchIndex, knows } = await openKnowledge(model, client, opened)
    const known = langs.filter(knows)
    await measure('knowledge, by words', model.name, searchIndex, false, known)
    await measure('knowledge, by meaning', model.name, searchIndex, true, known)
    print(`${model.name}: ${known.join(', ')}`)
  }
  print(tableOf(all))
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(all, undefined, 2)}\n`)
}

/** The articles as a tenant's knowledge. `knows`: whether the model tells sentences of a language apart. */
async function openKnowledge(
  model: RetrievalModel,
  client: ClickHouseClient,
  open: AsyncDisposableStack,
): Promise<{ readonly searchIndex: TaskSearchIndex; knows(lang: 'en' | 'zh'): boolean }> {
  const own = await openEmbedder(model.setting, open)
  const store = await openClickHouseStore({ client, collection: `follow-ups-${own.fingerprint}`, dimension: own.dimension })
  const embedder = foldingEmbedder(own, store.cutter)
  const docs = articles.map(({ id, lang, title, text }) => ({ id, lang, text: chunkWithHeading(title, text) }))
  await fillWith({ docs }, store, embedder)
  const cosineScales = await measureCosineScales(own)
  const search = createHybridSearch({ store, embedder, cosineScales, now: () => Date.parse('2026-01-01') })
  return {
    searchIndex: {
      // No conversation is indexed.
      search: async ({ q, in: area, limit }) => (area === 'messages' ? [] : (await search({ tenant: 'eval', q, in: area, limit })).hits),
      knowledgeVersion: () => Promise.resolve('eval'),
      knowledgeSeq: () => Promise.resolve(undefined),
    },
    knows: (lang) => own.kind === 'lexical' || cosineScales({ en: 'Which?', zh: '哪个？' }[lang])?.isKnown === true,
  }
}

const COLUMNS = {
  withContext: 'follow-ups',
  without: 'without context',
  authorWithContext: "author's",
  blindWithContext: 'blind',
  blindWithout: 'without',
  developmentWithContext: 'development',
  developmentWithout: 'without',
  alone: 'alone',
  afterUnrelated: 'after another',
  several: 'several',
  missed: 'missed',
  missedFollowUps: 'follow-ups missed',
  wronglyAnswered: 'wrongly answered',
} as const

function tableOf(all: readonly Measured[]): string {
  const columns = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]
  const table = new Table({
    head: ['searched', 'model', 'lang', ...columns.map((name) => COLUMNS[name])],
    style: { head: [], border: [] },
    wordWrap: true,
  })
  for (const row of all) table.push([row.searched, row.model, row.lang, ...columns.map((name) => row[name].toFixed(3))])
  return table.toString()
}
