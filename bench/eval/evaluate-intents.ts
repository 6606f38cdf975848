import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import Table from 'cli-table3'
import { openEmbedder } from './eval-models.ts'
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
  return await measureIntents(set, await openEmbedder(model, open))
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
