import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Lang, LANGS } from './retrieval-sets.ts'

/** An embedding model to measure with. */
export interface RetrievalModel {
  readonly name: string
  /** As COLLOQUY_EMBED_MODEL names it. */
  readonly setting: string
  /** The languages that it knows. */
  readonly langs: readonly Lang[]
}

const MODELS = fileURLToPath(new URL('../../../shared/models', import.meta.url))
/** Languages by the name of a model: `bge-small-en-v1.5` knows one. Other models are taken to know all. */
const LANG_NAMED = new RegExp(`-(?<lang>${LANGS.join('|')})(-v[\\d.]+)?$`)
const ENGLISH_ONLY = ['all-minilm-l6-v2', 'e5-small-v2']

/** The built-in model, and each embedding model in a folder. @param folder default: `../shared/models`; may be missing */
export async function readRetrievalModels(folder: string = MODELS): Promise<RetrievalModel[]> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : []
  const models = names.map((name) => join(folder, name)).filter((path) => existsSync(join(path, 'onnx')))
  return [{ name: 'built-in', setting: 'lexical', langs: LANGS }, ...models.map(modelOf)]
}

/** @param setting as COLLOQUY_EMBED_MODEL */
export function modelOf(setting: string): RetrievalModel {
  const name = basename(setting).toLowerCase()
  const lang = LANG_NAMED.exec(name)?.groups?.['lang']
  const langs = ENGLISH_ONLY.includes(name) ? (['en'] as const) : LANGS.filter((one) => lang === undefined || one === lang)
  return { name: basename(setting), setting, langs }
}
