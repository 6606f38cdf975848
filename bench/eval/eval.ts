import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import Table from 'cli-table3'
import { Argument, Command, Option } from 'commander'
import { pino } from 'pino'
import { accessEmbedder } from '../../infra/app/embedder-access.ts'
import { failureText } from '../../infra/app/failure-text.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { loadProcessSettings } from '../../infra/settings.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { type Fusion, FUSIONS } from '../../pipeline/search/fuse-ranks.ts'
import { evaluateIntents } from './evaluate-intents.ts'
import { evaluateQuality } from './evaluate-quality.ts'
import { measureActs } from './measure-acts.ts'
import { fillWith, measureRetrieval } from './measure-retrieval.ts'
import { readChinese, readEnglish } from './retrieval-sets.ts'

interface Flags {
  readonly model?: string
  readonly fusion?: Fusion
  readonly denseWeight?: number
  readonly set?: 'zh' | 'en'
  readonly json?: string
  readonly data?: string
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Measures the search code of production, on a temporary ClickHouse that nothing else uses. */
async function evaluate({ model, fusion, denseWeight, set: only, json }: Flags): Promise<void> {
  await using open = new AsyncDisposableStack()
  const log = pino({ level: 'silent' })
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const { settings } = loadProcessSettings({ DATA_DIR: folder, ...(model !== undefined && { EMBED_MODEL: model }) })
  const server = open.adopt(await startClickHouse({ dataDir: folder, port: 0, log }), (own) => own.stop())
  const { url, username, password, database } = server
  const client = open.adopt(createClient({ url, username, password, database }), (own) => own.close())
  const embedder = open.adopt(await accessEmbedder(settings, createMetrics(), log), (own) => own.close())
  const report: Record<string, unknown> = { model: embedder.fingerprint, kind: embedder.kind }
  const weight = denseWeight === undefined ? '' : `, dense weight ${denseWeight}`
  print(`model ${embedder.fingerprint} (${embedder.kind}), fusion ${fusion ?? 'weights'}${weight}`)
  const chinese = only === 'en' ? undefined : await readChinese()
  if (chinese === undefined && only !== 'en') print('zh: skipped, no ../shared/data/retrieval-zh-*')
  for (const set of [...(chinese === undefined ? [] : [chinese]), ...(only === 'zh' ? [] : [await readEnglish()])]) {
    const store = await openClickHouseStore({ client, collection: `eval-${set.name}`, dimension: embedder.dimension })
    await fillWith(set, store, embedder)
    const measured = await measureRetrieval(set, store, embedder, { fusion, denseWeight })
    report[set.name] = { docs: set.docs.length, questions: set.questions.length, ...measured }
    const title = `${set.name}: ${set.docs.length} texts, ${set.questions.length} questions`
    const table = new Table({ head: [title, ...Object.keys(measured.hybrid)], style: { head: [], border: [] } })
    for (const [mode, quality] of Object.entries(measured)) table.push([mode, ...Object.values(quality).map((value) => value.toFixed(3))])
    print(table.toString())
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateActs({ json }: Flags): Promise<void> {
  const report = await measureActs(print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

const program = new Command('eval')
  .description(
    'Measure quality, in Chinese and English: how often search finds the right texts, how well intents, acts and bad answers are told.',
  )
  .addArgument(new Argument('[what]', 'what to measure').choices(['retrieval', 'intents', 'acts', 'quality']).default('retrieval'))
  .option('--model <name>', 'embedding model (default: COLLOQUY_EMBED_MODEL, else the built-in model)')
  .addOption(new Option('--fusion <way>', 'how keyword and dense results are combined').choices([...FUSIONS]))
  .option('--dense-weight <share>', 'weight of the dense results, from 0 to 1', Number)
  .addOption(new Option('--set <language>', 'measure only this set').choices(['zh', 'en']))
  .option('--data <folder>', 'other data of the same form, for intents and quality (default: ../shared/data)')
  .option('--json <file>', 'also write the figures to a file, as JSON')
  .action((what: string, flags: Flags) => {
    if (what === 'acts') return evaluateActs(flags)
    if (what === 'quality') return evaluateQuality(flags, print)
    return what === 'intents' ? evaluateIntents(flags, print) : evaluate(flags)
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, false)}\n`)
  process.exitCode = 1
}
