import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import Table from 'cli-table3'
import { Argument, Command, Option } from 'commander'
import { pino } from 'pino'
import { failureText } from '../../infra/app/failure-text.ts'
import { startClickHouse } from '../../infra/servers/clickhouse/clickhouse-server.ts'
import { accessEmbedder } from '../../infra/app/embedder-access.ts'
import { loadProcessSettings } from '../../infra/settings.ts'
import { openClickHouseStore } from '../../pipeline/search/clickhouse/clickhouse-store.ts'
import { FUSIONS, type Fusion } from '../../pipeline/search/fuse-ranks.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { fillWith, measureRetrieval } from './measure-retrieval.ts'
import { readChinese, readEnglish } from './retrieval-sets.ts'

interface Flags {
  readonly model?: string
  readonly fusion?: Fusion
  readonly denseWeight?: number
  readonly set?: 'zh' | 'en'
  readonly json?: string
}

const say = (text: string): void => { process.stdout.write(`${text}\n`) }

/** Measures on an engine of its own in a temporary folder, by the same code that answers questions in production. */
async function evaluate({ model, fusion, denseWeight, set: only, json }: Flags): Promise<void> {
  await using open = new AsyncDisposableStack()
  const log = pino({ level: 'silent' })
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const { settings } = loadProcessSettings({ DATA_DIR: folder, ...(model !== undefined && { EMBED_MODEL: model }) })
  const server = open.adopt(await startClickHouse({ dataDir: folder, port: 0, log }), (own) => own.stop())
  const client = open.adopt(createClient({ url: server.url, username: server.username, password: server.password, database: server.database }), (own) => own.close())
  const embedder = open.adopt(await accessEmbedder(settings, createMetrics(), log), (own) => own.close())
  const report: Record<string, unknown> = { model: embedder.fingerprint, kind: embedder.kind }
  say(`model ${embedder.fingerprint} (${embedder.kind}), ${fusion ?? 'weights'}${denseWeight === undefined ? '' : `, nearness counts ${denseWeight}`}`)
  const chinese = only === 'en' ? undefined : await readChinese()
  if (chinese === undefined && only !== 'en') say('zh: skipped, ../shared/data/retrieval-zh-* is not there')
  for (const set of [...(chinese === undefined ? [] : [chinese]), ...(only === 'zh' ? [] : [await readEnglish()])]) {
    const store = await openClickHouseStore({ client, fingerprint: `eval-${set.name}`, dimension: embedder.dimension })
    await fillWith(set, store, embedder)
    const measured = await measureRetrieval(set, store, embedder, { fusion, denseWeight })
    report[set.name] = { docs: set.docs.length, questions: set.questions.length, ...measured }
    const table = new Table({ head: [`${set.name}: ${set.docs.length} texts, ${set.questions.length} questions`, ...Object.keys(measured.hybrid)], style: { head: [], border: [] } })
    for (const [mode, quality] of Object.entries(measured)) table.push([mode, ...Object.values(quality).map((value) => value.toFixed(3))])
    say(table.toString())
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

const program = new Command('eval')
  .description('Measures how well the right texts are found, in Chinese and English.')
  .addArgument(new Argument('<what>').choices(['retrieval']))
  .option('--model <name>', 'an embedding model (default: COLLOQUY_EMBED_MODEL, else the built-in one)')
  .addOption(new Option('--fusion <way>', 'how both ways of looking are put together').choices([...FUSIONS]))
  .option('--dense-weight <share>', 'what nearness counts in it, from 0 to 1', Number)
  .addOption(new Option('--set <language>', 'one of the sets only').choices(['zh', 'en']))
  .option('--json <file>', 'also writes the figures as JSON')
  .action((_what: string, flags: Flags) => evaluate(flags))

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, false)}\n`)
  process.exitCode = 1
}
