import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import Table from 'cli-table3'
import { localQuestionVectors } from '../../pipeline/embedding/question-vectors.ts'
import { createRulesEvaluator, evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import type { Evaluate } from '../../pipeline/quality/evaluator.ts'
import { modelFolders, openEmbedder } from './eval-models.ts'
import { baseline, measureQuality, type QualityFigures } from './measure-quality.ts'
import { QUALITY_LANGUAGES, type QualityExample, type QualityLanguage, readQualitySet, readSupportSet } from './quality-sets.ts'

export interface QualityFlags {
  readonly model?: string
  readonly data?: string
  readonly set?: 'zh' | 'en'
  readonly json?: string
}

/** Measures the evaluator by rules on the public set of each language and on the knowledge base's own questions. */
export async function evaluateQuality({ model, data, set: only, json }: QualityFlags, print: (text: string) => void): Promise<void> {
  const report: Record<string, unknown> = {}
  // As for intents, models are beside the data.
  const models = data === undefined ? undefined : [join(data, '..', 'models')]
  const show = async (name: string, lang: QualityLanguage, set: readonly QualityExample[]): Promise<void> => {
    const columns = new Map<string, QualityFigures>()
    for (const [column, evaluate] of Object.entries<Evaluate>({ baseline, rules: evaluateByRules })) {
      columns.set(column, await measureQuality(set, evaluate))
    }
    for (const folder of model === undefined ? modelFolders(lang, models) : [model]) {
      await using open = new AsyncDisposableStack()
      const embedder = await openEmbedder(folder, open)
      const vectors = localQuestionVectors(() => embedder)
      columns.set(`rules, ${basename(folder)}`, await measureQuality(set, createRulesEvaluator({ vectors })))
    }
    report[name] = { answers: set.length, ...Object.fromEntries(columns) }
    print(tableOf(`${name}: ${set.length} answers`, columns))
  }
  for (const lang of QUALITY_LANGUAGES.filter((language) => only === undefined || language === only)) {
    for (const part of ['dev', 'test']) {
      const set = await readQualitySet(lang, data, part)
      if (set !== undefined) await show(`xquad-${lang}-${part}`, lang, set)
      else if (part === 'dev') print(`xquad-${lang}: skipped, no quality-xquad-${lang}-dev.jsonl.gz in ${data ?? '../shared/data'}`)
    }
    await show(`support-${lang}`, lang, await readSupportSet(lang))
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
