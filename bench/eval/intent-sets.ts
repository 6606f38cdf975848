import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readExampleFile } from '../../pipeline/ingest/intents/example-file.ts'
import type { IntentExample } from '../../pipeline/understanding/intents/bad-examples.ts'
import { modelFolders } from './eval-models.ts'

/** Public sets of examples. We may not distribute them, so the files may be missing. */
const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url))

/** What a set is asked to reach, without and with an embedding model. */
export interface Floors {
  readonly without: Readonly<Partial<Record<FlooredMetric, number>>>
  readonly with: Readonly<Partial<Record<FlooredMetric, number>>>
}
type FlooredMetric = 'accuracy' | 'micro-F1' | 'whole set right' | 'out-of-scope recall'

export interface IntentSet {
  readonly name: string
  /** The part that is measured, such as `dev`. */
  readonly part: string
  readonly train: readonly IntentExample[]
  readonly test: readonly IntentExample[]
  readonly floors: Floors
  /** Folders of the embedding models to measure with. */
  readonly models: readonly string[]
}

const SETS = [
  { name: 'banking77', lang: 'en', floors: { without: { accuracy: 0.92 }, with: { accuracy: 0.94 } } },
  {
    name: 'clinc150',
    lang: 'en',
    floors: { without: { accuracy: 0.93, 'out-of-scope recall': 0.78 }, with: { accuracy: 0.955, 'out-of-scope recall': 0.85 } },
  },
  {
    name: 'crosswoz',
    lang: 'zh',
    floors: { without: { 'micro-F1': 0.825, 'whole set right': 0.75 }, with: { 'micro-F1': 0.843, 'whole set right': 0.775 } },
  },
] as const

/**
 * Reads `intents-<set>-train.jsonl[.gz]` and each other part of the set. A folder without the training part is measured with the default
 * one, so that it may hold other cuts only.
 *
 * @param folder default: `../shared/data`. The embedding models are in `models` beside it, or else beside the default folder.
 * @returns one for each part; none if the files are missing
 */
export async function readIntentSets(folder: string = DATA, only?: 'zh' | 'en', model?: string): Promise<IntentSet[]> {
  const sets: IntentSet[] = []
  for (const { name, lang, floors } of SETS) {
    if (only !== undefined && only !== lang) continue
    const pattern = new RegExp(`^intents-${name}-(?<part>.+)\\.jsonl(\\.gz)?$`)
    const parts = (await namesIn(folder)).flatMap((file) => {
      const part = pattern.exec(file)?.groups?.['part']
      return part === undefined ? [] : [{ part, file: join(folder, file) }]
    })
    const train = parts.find(({ part }) => part === 'train')?.file ?? join(DATA, `intents-${name}-train.jsonl.gz`)
    if (!existsSync(train)) continue
    const { examples } = await readExampleFile(train)
    const folders = model === undefined ? modelFolders(lang, modelsBeside(folder)) : [model]
    for (const { part, file } of parts) {
      if (part !== 'train')
        sets.push({ name, part, train: examples, test: (await readExampleFile(file)).examples, floors, models: folders })
    }
  }
  return sets
}

const modelsBeside = (folder: string): string[] => [folder, DATA].map((data) => join(data, '..', 'models'))

const namesIn = async (folder: string): Promise<string[]> => (existsSync(folder) ? (await readdir(folder)).sort() : [])
