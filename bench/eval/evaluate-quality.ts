import { writeFile } from 'node:fs/promises'
import Table from 'cli-table3'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import type { Evaluate } from '../../pipeline/quality/evaluator.ts'
import { baseline, measureQuality, type QualityFigures } from './measure-quality.ts'
import { QUALITY_LANGUAGES, type QualityExample, readQualitySet, readSupportSet } from './quality-sets.ts'

export interface QualityFlags {
  readonly data?: string
  readonly set?: 'zh' | 'en'
  readonly json?: string
}

/** Measures the evaluator by rules on the public set of each language and on the knowledge base's own questions. */
export async function evaluateQuality({ data, set: only, json }: QualityFlags, print: (text: string) => void): Promise<void> {
  const report: Record<string, unknown> = {}
  const show = async (name: string, set: readonly QualityExample[]): Promise<void> => {
    const columns = new Map<string, QualityFigures>()
    for (const [column, evaluate] of Object.entries<Evaluate>({ baseline, rules: evaluateByRules })) {
      columns.set(column, await measureQuality(set, evaluate))
    }
    report[name] = { answers: set.length, ...Object.fromEntries(columns) }
    print(tableOf(`${name}: ${set.length} answers`, columns))
  }
  for (const lang of QUALITY_LANGUAGES.filter((language) => only === undefined || language === only)) {
    for (const part of ['dev', 'test']) {
      const set = await readQualitySet(lang, data, part)
      if (set !== undefined) await show(`xquad-${lang}-${part}`, set)
      else if (part === 'dev') print(`xquad-${lang}: skipped, no quality-xquad-${lang}-dev.jsonl.gz in ${data ?? '../shared/data'}`)
    }
    await show(`support-${lang}`, await readSupportSet(lang))
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

function tableOf(title: string, columns: ReadonlyMap<string, QualityFigures>): string {
  const table = new Table({ head: [title, ...columns.keys()], style: { head: [], border: [] } })
  const [first] = columns.values()
  for (const metric of Object.keys(first ?? {})) {
    table.push([metric, ...[...columns.values()].map((figures) => (figures[metric] ?? Number.NaN).toFixed(3))])
  }
  return table.toString()
}
