import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An embedding model to measure with. */
export interface RetrievalModel {
  readonly name: string
  /** As COLLOQUY_EMBED_MODEL names it. */
  readonly setting: string
}

const MODELS = fileURLToPath(new URL('../../../shared/models', import.meta.url))

/**
 * The built-in model, and each embedding model in a folder.
 *
 * @param data the folder of the sets: models are in `models` beside it, or else in `../shared/models`, which may be missing
 */
export async function readRetrievalModels(data?: string): Promise<RetrievalModel[]> {
  const folder = [...(data === undefined ? [] : [join(data, '..', 'models')]), MODELS].find((one) => existsSync(one))
  const names = folder === undefined ? [] : (await readdir(folder)).sort()
  const models = names.map((name) => join(folder ?? '', name)).filter((path) => existsSync(join(path, 'onnx')))
  return ['lexical', ...models].map(modelOf)
}

/** @param setting as COLLOQUY_EMBED_MODEL */
export const modelOf = (setting: string): RetrievalModel => ({ name: setting === 'lexical' ? 'built-in' : basename(setting), setting })
