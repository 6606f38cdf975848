import { hash } from 'node:crypto'

/** Number formats of the weights; each has its own suffix in the name of the ONNX file. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'] as const
export type Dtype = (typeof DTYPES)[number]

const SUFFIX: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
}

/** Path of the weights, relative to the folder of the model. */
export const weightsFile = (dtype: Dtype): string => `onnx/model${SUFFIX[dtype]}.onnx`

/** How token vectors become one: their mean, the first one (`cls`), or by the model itself in its output `sentence_embedding` (`none`). */
export const POOLINGS = ['mean', 'cls', 'none'] as const
export type Pooling = (typeof POOLINGS)[number]

/** The use of a text: models embed a query and a passage that answers it differently. */
export type EmbedAs = 'query' | 'passage'

/** A model on this disk, with every parameter that determines its vectors. */
export interface EmbedModel {
  /** `lexical`, a name on the hub such as `Xenova/multilingual-e5-small`, or the path of a folder. */
  readonly name: string
  /** `lexical` matches equal words, `semantic` equal meaning. */
  readonly kind: 'lexical' | 'semantic'
  /** Contains config.json, tokenizer.json and onnx/model….onnx. */
  readonly folder: string
  /** Who made the folder: `own` where the settings name it, `cache` (the default) where Colloquy downloaded or made it. */
  readonly origin?: 'own' | 'cache'
  /** The commit on the hub, or a hash over the files. */
  readonly revision: string
  readonly dtype: Dtype
  readonly pooling: Pooling
  /** Prepended to each text. */
  readonly prefixes: Readonly<Record<EmbedAs, string>>
  readonly dimension: number
  /** Max tokens of one text, special tokens included; longer texts are split into chunks. */
  readonly tokensMax: number
  /** Max tokens of one model run, padding included. */
  readonly batchTokensMax: number
}

/** By measurement: larger runs take longer per token, smaller ones do not use the whole processor. */
export const BATCH_TOKENS_DEFAULT = 1024

const NAME_CHARACTERS_MAX = 40
const HASH_CHARACTERS = 8

/**
 * Identifies a vector space: vectors of two models are comparable only if their fingerprints are equal. A readable name, then a hash over
 * every parameter that determines a vector. It consists of `[a-z0-9-]`, so that it can name a collection.
 */
export function fingerprintOf({ name, revision, dtype, pooling, prefixes, dimension, tokensMax }: EmbedModel): string {
  const short = name
    .split(/[/\\]/)
    .at(-1)
    ?.toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, NAME_CHARACTERS_MAX)
  const all = JSON.stringify([name, revision, dtype, pooling, prefixes.query, prefixes.passage, dimension, tokensMax])
  return `${short === undefined || short === '' ? 'model' : short}-${dtype}-${dimension}-${hash('sha256', all).slice(0, HASH_CHARACTERS)}`
}
