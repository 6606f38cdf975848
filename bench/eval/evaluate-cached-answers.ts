import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import Table from 'cli-table3'
import { tenantSettingsOf } from '../../schemas/tenant-settings.ts'
import { modelFolders, openEmbedder } from './eval-models.ts'
import type { RetrievalFlags } from './evaluate-retrieval.ts'
import { readIntentSets } from './intent-sets.ts'
import { measurePairs, type PairFigures } from './measure-cached-answers.ts'
import { measureTraffic, type TrafficFigures } from './measure-shared-traffic.ts'
import { readPairs } from './pair-sets.ts'
import { LANGS } from './retrieval-sets.ts'

/** The threshold of a tenant that has set none. */
const THRESHOLD = tenantSettingsOf({}).CACHE_SIMILARITY_MIN

/**
 * Measures how often the answer to a question would be given to another one: rightly and wrongly, by language, embedding model and
 * threshold; on pairs, and on questions of public sets of intents where they are. Without what comes on top: the
 * evaluation of the answer.
 */
export async function evaluateCachedAnswers(
  flags: Pick<RetrievalFlags, 'model' | 'set' | 'data' | 'json'>,
  print: (text: string) => void,
): Promise<void> {
  const all: PairFigures[] = []
  const traffic: TrafficFigures[] = []
  for (const lang of LANGS.filter((one) => flags.set === undefined || flags.set === one)) {
    const folders = flags.model === undefined ? modelFolders(lang) : [flags.model]
    if (folders.length === 0) print(`${lang}: no embedding model in ../shared/models; name one by --model`)
    for (const folder of folders) {
      await using open = new AsyncDisposableStack()
      const model = { name: basename(folder), embedder: await openEmbedder(folder, open) }
      for (const half of ['author', 'blind'] as const) all.push(...(await measurePairs(lang, half, await readPairs(lang, half), model)))
      for (const { name, train } of await readIntentSets(flags.data, lang))
        traffic.push(await measureTraffic(lang, { name, examples: train }, model, THRESHOLD))
    }
  }
  const table = new Table({
    head: [
      'lang',
      'model',
      'pairs',
      'similarity from',
      'hits',
      'false hits',
      'with passages: hits',
      'false hits',
      'without rules: hits',
      'false hits',
    ],
    style: { head: [], border: [] },
    wordWrap: true,
  })
  for (const { lang, model, half, threshold, ...shares } of all) {
    const { hits, falseHits, hitsWithPassages, falseHitsWithPassages, hitsBySimilarity, falseHitsBySimilarity } = shares
    const told = [hits, falseHits, hitsWithPassages, falseHitsWithPassages, hitsBySimilarity, falseHitsBySimilarity]
    table.push([lang, model, half, threshold === 0 ? 'any' : threshold.toFixed(2), ...told.map((share) => share.toFixed(3))])
  }
  print(table.toString())
  const ofTraffic = new Table({
    head: ['lang', 'set', 'model', 'similarity from', 'questions', 'equal to an earlier one', 'like an earlier one', 'of another intent'],
    style: { head: [], border: [] },
    wordWrap: true,
  })
  for (const { lang, set, model, threshold, questions, equal, similar, otherIntent } of traffic)
    ofTraffic.push([lang, set, model, threshold, questions, ...[equal, similar, otherIntent].map((share) => share.toFixed(3))])
  print(traffic.length === 0 ? 'no public sets of intents in ../shared/data: nothing is told of real questions' : ofTraffic.toString())
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify({ pairs: all, traffic }, undefined, 2)}\n`)
}
