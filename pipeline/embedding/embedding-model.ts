import { hash } from 'node:crypto'

/** Which numbers the weights are kept in; the suffix of the ONNX file goes by it. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'] as const
export type Dtype = (typeof DTYPES)[number]

const SUFFIX: Readonly<Record<Dtype, string>> = {
  fp32: '', fp16: '_fp16', q8: '_quantized', int8: '_int8', uint8: '_uint8', q4: '_q4', q4f16: '_q4f16', bnb4: '_bnb4',
}

/** The weights of a model in its folder. */
export const weightsFile = (dtype: Dtype): string => `onnx/model${SUFFIX[dtype]}.onnx`

/** How the vectors of tokens become one: their mean, the first one, or the model has done it (its output `sentence_embedding`). */
export const POOLINGS = ['mean', 'cls', 'none'] as const
export type Pooling = (typeof POOLINGS)[number]

/** What a text is embedded for: models are trained to tell questions from what answers them. */
export type EmbedAs = 'query' | 'passage'

/** A model that lies ready on this disk, and all that decides what vectors it gives. */
export interface EmbedModel {
  /** As people call it: `lexical`, `Xenova/multilingual-e5-small`, the path of a folder. */
  readonly name: string
  /** `lexical` finds the same words, `semantic` the same meaning. */
  readonly kind: 'lexical' | 'semantic'
  /** Holds config.json, tokenizer.json and onnx/model….onnx. */
  readonly folder: string
  /** The commit of the hub, or a hash over the files. */
  readonly revision: string
  readonly dtype: Dtype
  readonly pooling: Pooling
  /** Put before the text. */
  readonly prefixes: Readonly<Record<EmbedAs, string>>
  readonly dimension: number
  /** Tokens that the model sees at one time, its own marks included; longer texts are cut into chunks. */
  readonly tokensMax: number
  /** Tokens of one run of the model, padding included. */
  readonly batchTokensMax: number
}

/** Measured: runs of more tokens take longer per token, fewer leave the processor waiting. */
export const BATCH_TOKENS_DEFAULT = 1024

const NAME_CHARACTERS_MAX = 40
const HASH_CHARACTERS = 8

/**
 * Names a space of vectors: those of two models are comparable only if this is the same. Readable first, then a hash over everything that
 * decides what a vector is; made of `[a-z0-9-]`, so that it can name a collection.
 */
export function fingerprintOf({ name, revision, dtype, pooling, prefixes, dimension, tokensMax }: EmbedModel): string {
  const short = name.split(/[/\\]/).at(-1)?.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, NAME_CHARACTERS_MAX)
  const all = JSON.stringify([name, revision, dtype, pooling, prefixes.query, prefixes.passage, dimension, tokensMax])
  return `${short === undefined || short === '' ? 'model' : short}-${dtype}-${dimension}-${hash('sha256', all).slice(0, HASH_CHARACTERS)}`
}
