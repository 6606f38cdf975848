import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Table from 'cli-table3'
import { pino } from 'pino'
import { accessEmbedder } from '../../infra/app/embedder-access.ts'
import { loadProcessSettings } from '../../infra/settings.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { type IntentSet, readIntentSets } from './intent-sets.ts'
import { type IntentFigures, measureIntents } from './measure-intents.ts'

export interface IntentFlags {
  readonly model?: string
  readonly data?: string
  readonly set?: 'zh' | 'en'
  readonly json?: string
}

/** Measures the classifier of intents: for each set a table of what is asked and what is measured, without and with embedding models. */
export async function evaluateIntents({ model, data, set: only, json }: IntentFlags, print: (text: string) => void): Promise<void> {
  const sets = await readIntentSets(data, only, model)
  if (sets.length === 0) print(`intents: skipped, no intents-<set>-*.jsonl.gz in ${data ?? '../shared/data'}`)
  const report: Record<string, unknown> = {}
  for (const set of sets) {
    const columns = new Map<string, IntentFigures>([['no model', await measureIntents(set)]])
    for (const folder of set.models) columns.set(basename(folder), await measureWith(set, folder))
    if (set.models.length === 0) print(`${set.name}: no embedding model in ../shared/models, measured without one only`)
    report[`${set.name}-${set.part}`] = { train: set.train.length, test: set.test.length, ...Object.fromEntries(columns) }
    print(tableOf(set, columns))
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function measureWith(set: IntentSet, model: string): Promise<IntentFigures> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-eval-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const { settings } = loadProcessSettings({ DATA_DIR: folder, EMBED_MODEL: model })
  const embedder = open.adopt(await accessEmbedder(settings, createMetrics(), pino({ level: 'silent' })), (own) => own.close())
  return await measureIntents(set, embedder)
}

function tableOf({ name, part, train, test, floors }: IntentSet, columns: ReadonlyMap<string, IntentFigures>): string {
  const title = `${name}-${part}: ${train.length} examples, ${test.length} messages`
  const [without, ...models] = [...columns.keys()]
  const table = new Table({ head: [title, 'asked', without ?? '', 'asked', ...models], style: { head: [], border: [] } })
  const shown = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(3))
  const asked = (of: Readonly<Record<string, number>>, metric: string): string => (of[metric] === undefined ? '' : `≥ ${of[metric]}`)
  for (const metric of Object.keys(columns.get('no model') ?? {})) {
    const figures = [...columns.values()].map((column) => shown(column[metric]))
    if (figures.every((figure) => figure === '')) continue
    table.push([metric, asked(floors.without, metric), figures[0] ?? '', asked(floors.with, metric), ...figures.slice(1)])
  }
  return table.toString()
}
