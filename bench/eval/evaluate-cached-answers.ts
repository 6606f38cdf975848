import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import Table from 'cli-table3'
import { modelFolders, openEmbedder } from './eval-models.ts'
import type { RetrievalFlags } from './evaluate-retrieval.ts'
import { measurePairs, type PairFigures } from './measure-cached-answers.ts'
import { readPairs } from './pair-sets.ts'
import { LANGS } from './retrieval-sets.ts'

/**
 * Measures how often the answer to a question would be given to another one: rightly and wrongly, by language, embedding model and
 * threshold. Without what comes on top: the same passages, and the evaluation of the answer.
 */
export async function evaluateCachedAnswers(
  flags: Pick<RetrievalFlags, 'model' | 'set' | 'json'>,
  print: (text: string) => void,
): Promise<void> {
  const all: PairFigures[] = []
  for (const lang of LANGS.filter((one) => flags.set === undefined || flags.set === one)) {
    const folders = flags.model === undefined ? modelFolders(lang) : [flags.model]
    if (folders.length === 0) print(`${lang}: no embedding model in ../shared/models; name one by --model`)
    for (const folder of folders) {
      await using open = new AsyncDisposableStack()
      const model = { name: basename(folder), embedder: await openEmbedder(folder, open) }
      for (const half of ['author', 'blind'] as const) all.push(...(await measurePairs(lang, half, await readPairs(lang, half), model)))
    }
  }
  const table = new Table({
    head: ['lang', 'model', 'pairs', 'similarity from', 'hits', 'false hits', 'without rules: hits', 'false hits'],
    style: { head: [], border: [] },
    wordWrap: true,
  })
  for (const { lang, model, half, threshold, hits, falseHits, hitsBySimilarity, falseHitsBySimilarity } of all) {
    const shares = [hits, falseHits, hitsBySimilarity, falseHitsBySimilarity].map((share) => share.toFixed(3))
    table.push([lang, model, half, threshold === 0 ? 'any' : threshold.toFixed(2), ...shares])
  }
  print(table.toString())
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(all, undefined, 2)}\n`)
}
