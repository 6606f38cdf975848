import type { Dtype, Pooling } from '../../../pipeline/embedding/embedding-model.ts'

/** A model with the settings that its authors used for their measurements. */
export interface Preset {
  /** Name on the hub. */
  readonly name: string
  /** Other accepted names. */
  readonly aliases: readonly string[]
  /** The commit of the hub. */
  readonly revision: string
  readonly dtype: Dtype
  readonly pooling: Pooling
  readonly prefixes: { readonly query: string; readonly passage: string }
  readonly dimension: number
  readonly tokensMax: number
  /** SHA-256 of files by path, for this revision and dtype. Other files must equal their first download. */
  readonly sha256: Readonly<Record<string, string>>
}

const NO_PREFIXES = { query: '', passage: '' } as const

/** Recommended: Chinese, English and about a hundred other languages; 118 MB. */
const MULTILINGUAL_E5_SMALL: Preset = {
  name: 'Xenova/multilingual-e5-small',
  aliases: ['multilingual-e5-small', 'intfloat/multilingual-e5-small'],
  revision: '761b726dd34fb83930e26aab4e9ac3899aa1fa78',
  dtype: 'q8',
  pooling: 'mean',
  prefixes: { query: 'query: ', passage: 'passage: ' },
  dimension: 384,
  tokensMax: 512,
  sha256: {
    'config.json': 'cb99455288675345e1a4f411438d5d0adbba5fbd3a67ea4fb03c015433b996c1',
    'tokenizer.json': '0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39',
    'tokenizer_config.json': 'a1d6bc8734a6f635dc158508bef000f8e2e5a759c7d92f984b2c86e5ff53425b',
    'onnx/model_quantized.onnx': 'f80102d3f2a1229f387d3c81909990d8945513e347b0eab049f7de3c6f98c193',
  },
}

/** The value of EMBED_MODEL that means the built-in model until `AUTO_PRESET` is there. A folder of this name is `./auto`. */
export const AUTO = 'auto'
export const AUTO_PRESET = MULTILINGUAL_E5_SMALL

/**
 * Models with known settings. Each revision and checksum comes from at least two public lock files that agree. A model without such lock
 * files has none.
 */
export const PRESETS: readonly Preset[] = [
  MULTILINGUAL_E5_SMALL,
  {
    // Better and ten times slower; 570 MB. It accepts 8,192 tokens. But search finds such long passages less well, and each takes a minute.
    name: 'Xenova/bge-m3',
    aliases: ['bge-m3', 'BAAI/bge-m3'],
    revision: '4de13258303883538bd53b696b452bf8099f0858',
    dtype: 'q8',
    pooling: 'cls',
    prefixes: NO_PREFIXES,
    dimension: 1024,
    tokensMax: 1024,
    sha256: {
      'config.json': '734a79bf12d388c1467a4e3ab625f45de7f6906cffcfb93a1eca1787504bed95',
      'tokenizer.json': '6710678b12670bc442b99edc952c4d996ae309a7020c1fa0096dd245c2faf790',
      'tokenizer_config.json': '7e4c1cc848840aeccdd763458c18dd525eb0f795c992e00ebe9c28554e7db2d4',
      'onnx/model_quantized.onnx': '0826f8c1ab9edf1801db86c61919d4d108e8bfc0b809ec823ad366882ff0b77d',
    },
  },
  {
    // English only; small (23 MB) and fast.
    name: 'Xenova/all-MiniLM-L6-v2',
    aliases: ['all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2'],
    revision: '751bff37182d3f1213fa05d7196b954e230abad9',
    dtype: 'q8',
    pooling: 'mean',
    prefixes: NO_PREFIXES,
    dimension: 384,
    tokensMax: 256,
    sha256: {
      'config.json': '7135149f7cffa1a573466c6e4d8423ed73b62fd2332c575bf738a0d033f70df7',
      'tokenizer_config.json': '9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3',
      'tokenizer.json': 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
      'onnx/model_quantized.onnx': 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1',
    },
  },
  {
    // Fifty languages; trained for paraphrases rather than for questions and answers; 118 MB.
    name: 'Xenova/paraphrase-multilingual-MiniLM-L12-v2',
    aliases: ['paraphrase-multilingual-MiniLM-L12-v2', 'sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2'],
    revision: '2c4055b12046f11709e9df2c122e59ffbdc2f900',
    dtype: 'q8',
    pooling: 'mean',
    prefixes: NO_PREFIXES,
    dimension: 384,
    tokensMax: 128,
    sha256: {},
  },
]

/** A preset by any of its names. */
export const presetOf = (name: string, presets = PRESETS): Preset | undefined =>
  presets.find((preset) => [preset.name, ...preset.aliases].some((known) => known.toLowerCase() === name.toLowerCase()))
