import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import Table from 'cli-table3'
import { pino } from 'pino'
import type { TaskSearchIndex } from '../../actors/definition/task-search.ts'
import { answerAmong, recall, RECALLED_MAX } from '../../actors/kinds/chat/recall.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import type { LocalEmbedder } from '../../pipeline/embedding/embedder.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { measureCosineScales } from '../../pipeline/search/cosine-scale.ts'
import { foldingEmbedder } from '../../pipeline/search/folding-embedder.ts'
import { createHybridSearch } from '../../pipeline/search/hybrid-search.ts'
import { pointId } from '../../pipeline/search/point-id.ts'
import type { VectorStore } from '../../pipeline/search/vector-store.ts'
import { openEmbedder } from './eval-models.ts'
import type { RetrievalFlags } from './evaluate-retrieval.ts'
import { MEMORY_KINDS, type MemoryConversation, type MemoryQuestion, readMemorySets } from './memory-sets.ts'
import { modelOf, readRetrievalModels } from './retrieval-models.ts'
import { LANGS } from './retrieval-sets.ts'

const [TENANT, KIND] = ['eval', 'chat']

/** What became of one question. */
interface Outcome extends MemoryQuestion {
  readonly conversation: string
  readonly part: string
  /** Of the messages that answer it, the share that is in the prompt. */
  readonly inPrompt: number
  /** Id of the message that is quoted without a model; `null` where the question is refused. */
  readonly answer: string | null
}

/** The outcomes of all questions of a language with one model. */
interface Measured {
  readonly model: string
  readonly lang: string
  readonly outcomes: readonly Outcome[]
}

/**
 * Measures what `chat` remembers of long conversations: whether the messages that answer a question are put into the prompt, and what is
 * said without a model. On a temporary ClickHouse, by the search of production, with each embedding model that knows the language.
 */
export async function evaluateMemory(flags: RetrievalFlags, print: (text: string) => void): Promise<void> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const models = flags.model === undefined ? await readRetrievalModels(flags.data) : [modelOf(flags.model)]
  const server = open.adopt(await startClickHouse({ dataDir: folder, port: 0, log: pino({ level: 'silent' }) }), (own) => own.stop())
  const { url, username, password, database } = server
  const client = open.adopt(createClient({ url, username, password, database }), (own) => own.close())
  const all: Measured[] = []
  for (const model of models) {
    await using opened = new AsyncDisposableStack()
    const own = await openEmbedder(model.setting, opened)
    const store = await openClickHouseStore({ client, collection: `memory-${own.fingerprint}`, dimension: own.dimension })
    const embedder = foldingEmbedder(own, store.cutter)
    const cosineScales = await measureCosineScales(own)
    const search = createHybridSearch({ store, embedder, cosineScales, now: () => Date.parse('2027-01-01') })
    for (const lang of LANGS) {
      const isKnown = own.kind === 'lexical' || cosineScales({ en: 'Which?', zh: '哪个？' }[lang])?.isKnown === true
      if ((flags.set !== undefined && flags.set !== lang) || !isKnown) continue
      const conversations = await readMemorySets(lang)
      for (const conversation of conversations) await fill(conversation, store, embedder)
      const outcomes: Outcome[] = []
      for (const conversation of conversations) {
        const searchIndex: TaskSearchIndex = {
          search: async ({ own: _own, in: area, tags: _tags, ...query }) =>
            (await search({ tenant: TENANT, in: area, kind: KIND, conversation: conversation.id, ...query })).hits,
          knowledgeVersion: () => Promise.resolve(undefined),
          knowledgeSeq: () => Promise.resolve(undefined),
        }
        for (const question of conversation.questions) outcomes.push(await ask(searchIndex, conversation, question))
      }
      all.push({ model: model.name, lang, outcomes })
      const lengths = conversations.map(({ messages }) => messages.length)
      print(`${conversations.length} conversations of ${Math.min(...lengths)} to ${Math.max(...lengths)} messages`)
      print(tableOf({ model: model.name, lang, outcomes }))
    }
  }
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(all, undefined, 2)}\n`)
}

async function ask(searchIndex: TaskSearchIndex, { id, part, askedAt }: MemoryConversation, question: MemoryQuestion): Promise<Outcome> {
  const remembered = await recall(searchIndex, { text: question.text, at: askedAt, recent: [] })
  const found = question.evidence.filter((message) => remembered.some((one) => one.id === message))
  const inPrompt = question.evidence.length === 0 ? 0 : found.length / question.evidence.length
  return { ...question, conversation: id, part, inPrompt, answer: answerAmong(remembered)?.id ?? null }
}

async function fill({ id, lang, messages }: MemoryConversation, store: VectorStore, embedder: LocalEmbedder): Promise<void> {
  const vectors = await embedder.embed(
    messages.map(({ text }) => text),
    'passage',
  )
  await store.upsert(
    messages.flatMap((message, index) => {
      const vector = vectors[index]
      const point = {
        id: pointId({ key: `${id}/${message.id}` }, 0),
        source: message.id,
        chunk: 0,
        text: message.text,
        lang,
        at: message.at,
      }
      return vector === undefined
        ? []
        : [{ ...point, tenant: TENANT, in: 'messages' as const, kind: KIND, actor: id, seq: index + 1, vector }]
    }),
  )
}

/** One row for each kind of question: of all, and in brackets of the part that nothing is chosen by. */
function tableOf({ model, lang, outcomes }: Measured): string {
  const head = ['model', 'lang', 'kind', 'questions', `among ${RECALLED_MAX} in the prompt`, 'quoted right', 'refused', 'new beats old']
  const table = new Table({ head, style: { head: [], border: [] }, wordWrap: true })
  const figure = (rows: readonly Outcome[], holds: (row: Outcome) => boolean): string => {
    const share = (of: readonly Outcome[]): string => (of.filter(holds).length / Math.max(1, of.length)).toFixed(2)
    return `${share(rows)} (${share(rows.filter(({ part }) => part === 'kept'))})`
  }
  for (const kind of MEMORY_KINDS) {
    const rows = outcomes.filter((row) => row.kind === kind)
    table.push([
      ...[model, lang, kind, rows.length],
      kind === 'unsaid' ? '' : figure(rows, ({ inPrompt }) => inPrompt === 1),
      kind === 'unsaid' ? '' : figure(rows, ({ answer, evidence }) => answer !== null && evidence.includes(answer)),
      figure(rows, ({ answer }) => answer === null),
      kind === 'updated' ? figure(rows, ({ answer, outdated, inPrompt }) => inPrompt === 1 && answer !== outdated) : '',
    ])
  }
  return table.toString()
}
