import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGraphBuilder, type GraphBuilder } from '../../../infra/servers/models/graph-builder.ts'
import { encodeModel } from '../../../infra/servers/models/onnx.ts'
import { type EmbedModel, weightsFile } from '../../../pipeline/embedding/embedding-model.ts'
import { createRandom } from '../../harness/random.ts'

/** Dimensions of a BERT model. */
export interface BertShape {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly feedForward: number
  readonly positions: number
  /** `q8`: 8-bit weights and dynamically quantised activations, as in the models of the hub; `fp32`: floats. */
  readonly dtype: 'q8' | 'fp32'
}

/** The shape of all-MiniLM-L6-v2, except for the vocabulary, whose size does not affect speed. */
export const MINILM: BertShape = { layers: 6, hidden: 384, heads: 12, feedForward: 1_536, positions: 512, dtype: 'q8' }

/**
 * Writes a model with random weights and a tokenizer of letters and syllables into a folder. It is as fast and as large as a real model,
 * but its vectors mean nothing. The same shape gives the same bytes.
 *
 * @param poison a word whose token has no row in the embedding table: a run with this word fails
 */
export async function writeRandomBert(folder: string, shape: BertShape, poison?: string): Promise<EmbedModel> {
  const vocabulary = makeVocabulary()
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    [
      'config.json',
      JSON.stringify({
        model_type: 'bert',
        hidden_size: shape.hidden,
        max_position_embeddings: shape.positions,
        vocab_size: vocabulary.length,
      }),
    ],
    ['tokenizer.json', tokenizerJson(poison === undefined ? vocabulary : [...vocabulary, poison])],
    [
      'tokenizer_config.json',
      JSON.stringify({ tokenizer_class: 'BertTokenizer', model_max_length: shape.positions, pad_token: PAD, unk_token: UNKNOWN }),
    ],
    [weightsFile(shape.dtype), encodeModel(bertGraph(shape, vocabulary.length))],
  ]
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return {
    name: 'random-bert',
    kind: 'semantic',
    folder,
    revision: 'random',
    dtype: shape.dtype,
    pooling: 'mean',
    prefixes: { query: '', passage: '' },
    dimension: shape.hidden,
    tokensMax: shape.positions,
    batchTokensMax: 1_024,
  }
}

const [PAD, UNKNOWN, CLS, SEP] = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'] as const
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz']

/** Letters, digits, marks and syllables of two and three letters: common words have two or three tokens, as with a real tokenizer. */
function makeVocabulary(): string[] {
  const vowels = [...'aeiouy']
  const pairs = LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
  const triples = vowels.flatMap((vowel) => LETTERS.flatMap((first) => LETTERS.map((last) => first + vowel + last)))
  const pieces = [...LETTERS, ...'0123456789', ...pairs, ...triples]
  return [PAD, UNKNOWN, CLS, SEP, ...".,!?'-:;()", ...pieces, ...pieces.map((piece) => `##${piece}`)]
}

const tokenizerJson = (vocabulary: readonly string[]): string =>
  JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [PAD, UNKNOWN, CLS, SEP].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: CLS, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: SEP, type_id: 0 } }],
      pair: [],
      special_tokens: { [CLS]: { id: CLS, ids: [2], tokens: [CLS] }, [SEP]: { id: SEP, ids: [3], tokens: [SEP] } },
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: UNKNOWN,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  })

function bertGraph(shape: BertShape, vocabularySize: number): ReturnType<GraphBuilder['build']> {
  const { hidden, heads, feedForward, layers, positions } = shape
  const random = createRandom(1)
  const weights = (count: number): Float32Array => Float32Array.from({ length: count }, () => (random() - 0.5) / 8)
  const g = createGraphBuilder()
  const [ids, mask, types] = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
    g.input({ name, type: 'int64', dims: ['batch', 'length'] }),
  )
  if (ids === undefined || mask === undefined || types === undefined) throw new Error('a BERT has three inputs')

  const embedding = (rows: number, at: string): string => g.op('Gather', [g.tensor('float', [rows, hidden], weights(rows * hidden)), at])
  const linear = createLinear(g, shape.dtype, random)
  const norm = (value: string): string =>
    g.op('LayerNormalization', [
      value,
      g.tensor('float', [hidden], new Float32Array(hidden).fill(1)),
      g.tensor('float', [hidden], new Float32Array(hidden)),
    ])
  const add = (left: string, right: string): string => g.op('Add', [left, right])

  const length = g.op('Squeeze', [g.op('Shape', [ids], { start: 1, end: 2 }), g.ints([0])])
  const places = embedding(positions, g.op('Range', [g.int(0), length, g.int(1)]))
  const absent = g.op('Mul', [g.op('Sub', [g.float(1), g.op('Cast', [mask], { to: 1 })]), g.float(-10_000)])
  const penalty = g.op('Unsqueeze', [absent, g.ints([1, 2])])
  const split = (value: string, order: readonly number[]): string =>
    g.op('Transpose', [g.op('Reshape', [value, g.ints([0, 0, heads, hidden / heads])])], { perm: order })

  let x = norm(add(add(embedding(vocabularySize, ids), embedding(2, types)), places))
  for (let layer = 0; layer < layers; layer++) {
    const query = split(linear(x, hidden, hidden), [0, 2, 1, 3])
    const key = split(linear(x, hidden, hidden), [0, 2, 3, 1])
    const value = split(linear(x, hidden, hidden), [0, 2, 1, 3])
    const scores = g.op('Div', [g.op('MatMul', [query, key]), g.float(Math.sqrt(hidden / heads))])
    const context = g.op('MatMul', [g.op('Softmax', [add(scores, penalty)], { axis: -1 }), value])
    const together = g.op('Reshape', [g.op('Transpose', [context], { perm: [0, 2, 1, 3] }), g.ints([0, 0, hidden])])
    x = norm(add(x, linear(together, hidden, hidden)))
    x = norm(add(x, linear(gelu(g, linear(x, hidden, feedForward)), feedForward, hidden)))
  }
  g.output(x, { name: 'last_hidden_state', type: 'float', dims: ['batch', 'length', hidden] })
  return g.build('random bert')
}

function createLinear(g: GraphBuilder, dtype: BertShape['dtype'], random: () => number) {
  return (value: string, from: number, to: number): string => {
    const bias = g.tensor('float', [to], new Float32Array(to))
    if (dtype === 'fp32') {
      const weights = Float32Array.from({ length: from * to }, () => (random() - 0.5) / 8)
      return g.op('Add', [g.op('MatMul', [value, g.tensor('float', [from, to], weights)]), bias])
    }
    const weights = Int8Array.from({ length: from * to }, () => Math.floor(random() * 255) - 127)
    const [quantised = '', scale = '', zero = ''] = g.ops('DynamicQuantizeLinear', [value], 3)
    const product = g.op('MatMulInteger', [quantised, g.tensor('int8', [from, to], weights), zero, g.tensor('int8', [], Int8Array.of(0))])
    const scaled = g.op('Mul', [g.op('Cast', [product], { to: 1 }), g.op('Mul', [scale, g.float(1 / 2_000)])])
    return g.op('Add', [scaled, bias])
  }
}

/** x · Φ(x), by the error function. */
function gelu(g: GraphBuilder, x: string): string {
  const erf = g.op('Erf', [g.op('Div', [x, g.float(Math.SQRT2)])])
  return g.op('Mul', [g.op('Mul', [x, g.op('Add', [erf, g.float(1)])]), g.float(0.5)])
}
