import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  BATCH_TOKENS_DEFAULT,
  type Dtype,
  DTYPES,
  type EmbedModel,
  type Pooling,
  weightsFile,
} from '../../../pipeline/embedding/embedding-model.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { POOLING_FILE, PROMPTS_FILE } from './hub-model.ts'
import { measureFile, readIfThere } from './lock-file.ts'
import { EMBED_ADVICE } from './model-advice.ts'

/** Settings of a model, which take precedence over its files. */
export interface ModelOverrides {
  readonly dtype?: Dtype | undefined
  readonly pooling?: Pooling | undefined
  readonly queryPrefix?: string | undefined
  readonly passagePrefix?: string | undefined
}

const configSchema = z.object({
  model_type: z.string().optional(),
  hidden_size: z.int().positive().optional(),
  dim: z.int().positive().optional(),
  d_model: z.int().positive().optional(),
  max_position_embeddings: z.number().optional(),
  max_trained_positions: z.number().optional(),
})
const tokenizerSchema = z.object({ model_max_length: z.number().optional() })
const poolingSchema = z.object({ pooling_mode_cls_token: z.boolean().optional(), pooling_mode_mean_tokens: z.boolean().optional() })
const promptsSchema = z.object({ prompts: z.record(z.string(), z.string()).optional() })

/** Max tokens of a chunk. Search finds longer chunks less well, and embedding one would delay questions by seconds. */
const TOKENS_MAX = 1_024
/** Positions that models of the RoBERTa family cannot use: they number positions from the padding id on. */
const POSITIONS_UNUSED: Readonly<Record<string, number>> = { roberta: 2, 'xlm-roberta': 2, camembert: 2, mpnet: 2 }

interface FolderOptions {
  /** The commit of the hub; default: a hash over the files of a folder that is not in the cache. */
  readonly revision?: string
  /** The setting that names the model; default: that of the embedding model. */
  readonly setting?: string
}

type BadFolder = (why: string) => ColloquyError

/**
 * Reads the description of a model from its folder: config.json, tokenizer_config.json, and the files of sentence-transformers
 * (1_Pooling/config.json, config_sentence_transformers.json). Pooling is `mean` by default.
 *
 * @throws ColloquyError `bad_model` with the file that is missing or incomplete.
 */
export async function describeFolder(
  name: string,
  folder: string,
  overrides: ModelOverrides,
  { revision, setting = EMBED_ADVICE.setting }: FolderOptions = {},
): Promise<EmbedModel> {
  const badFolder = (why: string): ColloquyError => unusable(name, folder, why, setting)

  const config = await readJson(folder, 'config.json', configSchema, badFolder)
  const tokenizer = await readJson(folder, 'tokenizer_config.json', tokenizerSchema, badFolder)
  const pooling = await readJson(folder, POOLING_FILE, poolingSchema, badFolder)
  const prompts = (await readJson(folder, PROMPTS_FILE, promptsSchema, badFolder))?.prompts ?? {}
  if (config === undefined) throw badFolder('config.json is missing')
  const dtype = overrides.dtype ?? (await dtypeIn(folder, badFolder))
  const dimension = config.hidden_size ?? config.dim ?? config.d_model
  if (dimension === undefined) throw badFolder('config.json has no hidden_size')
  const positions = (config.max_position_embeddings ?? Infinity) - (POSITIONS_UNUSED[config.model_type ?? ''] ?? 0)
  const isCls = pooling?.pooling_mode_cls_token === true && pooling.pooling_mode_mean_tokens !== true
  return {
    name,
    kind: 'semantic',
    folder,
    origin: revision === undefined ? 'own' : 'cache',
    dtype,
    dimension,
    pooling: overrides.pooling ?? (isCls ? 'cls' : 'mean'),
    revision: revision ?? (await hashOf(folder, ['tokenizer.json', weightsFile(dtype)], badFolder)),
    prefixes: {
      query: overrides.queryPrefix ?? prompts['query'] ?? '',
      passage: overrides.passagePrefix ?? prompts['passage'] ?? prompts['document'] ?? '',
    },
    tokensMax: Math.min(tokenizer?.model_max_length ?? Infinity, positions, TOKENS_MAX),
    batchTokensMax: BATCH_TOKENS_DEFAULT,
  }
}

/** Picks the quantised weights if they exist, else the first existing ones in the order of `DTYPES`. */
async function dtypeIn(folder: string, badFolder: BadFolder): Promise<Dtype> {
  for (const dtype of ['q8', ...DTYPES] as const) {
    const found = await stat(join(folder, weightsFile(dtype))).catch(() => undefined)
    if (found?.isFile() === true) return dtype
  }
  throw badFolder(`${weightsFile('q8')} is missing, and so are all other weights`)
}

async function readJson<T>(folder: string, file: string, schema: z.ZodType<T>, badFolder: BadFolder): Promise<T | undefined> {
  const text = await readIfThere(join(folder, file))
  if (text === undefined) return undefined
  const read = schema.safeParse(parseJson(text))
  if (read.success) return read.data
  throw badFolder(`${file} is invalid (${z.prettifyError(read.error)})`)
}

async function hashOf(folder: string, files: readonly string[], badFolder: BadFolder): Promise<string> {
  const measured = await Promise.all(files.map((file) => measureFile(join(folder, file))))
  const missing = files.find((_, index) => measured[index] === undefined)
  if (missing !== undefined) throw badFolder(`${missing} is missing`)
  return measured.map((file) => file?.sha256 ?? '').join('-')
}

const unusable = (name: string, folder: string, why: string, setting: string): ColloquyError =>
  new ColloquyError(
    'bad_model',
    `the model ${name} cannot be used: ${why} in ${folder}. A model folder holds config.json, tokenizer.json, tokenizer_config.json `
      + `and onnx/model….onnx; check ${setting}`,
  )
