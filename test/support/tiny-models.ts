import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createGraphBuilder } from '../../infra/servers/models/graph-builder.ts'
import { encodeModel, type OnnxGraph } from '../../infra/servers/models/onnx.ts'
import type { CrossEncoderModel } from '../../pipeline/reranking/cross-encoder.ts'

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'] as const
const POSITIONS = 64

/** A tokenizer of whole words and single Han characters; words off the list are unknown. */
function tokenizerOf(words: readonly string[]): object {
  const token = (id: number) => ({ id: SPECIAL[id], ids: [id], tokens: [SPECIAL[id]] })
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } })
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } })
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
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
      single,
      pair: [...single, sequence('B', 1), special('[SEP]', 1)],
      special_tokens: { '[CLS]': token(2), '[SEP]': token(3) },
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...SPECIAL, ...words].map((word, id) => [word, id])),
    },
  }
}

async function writeModel(folder: string, words: readonly string[], graph: OnnxGraph, config: object): Promise<void> {
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    ['config.json', JSON.stringify({ model_type: 'bert', max_position_embeddings: POSITIONS, ...config })],
    ['tokenizer.json', JSON.stringify(tokenizerOf(words))],
    [
      'tokenizer_config.json',
      JSON.stringify({ tokenizer_class: 'BertTokenizer', model_max_length: POSITIONS, pad_token: '[PAD]', unk_token: '[UNK]' }),
    ],
    ['onnx/model.onnx', encodeModel(graph)],
  ]
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/**
 * Writes a real cross-encoder, whose logit grows with the share of the question's known words that are in the text: none gives a score of
 * 0.02, half of them 0.5, all 0.98.
 *
 * @param logits 1; 2 for "irrelevant" and "relevant"; 3 is no cross-encoder
 */
export async function writeOverlapModel(folder: string, words: readonly string[], logits: 1 | 2 | 3 = 1): Promise<CrossEncoderModel> {
  const g = createGraphBuilder()
  const input = (name: string): string => g.input({ name, type: 'int64', dims: ['batch', 'length'] })
  const [ids, mask, types] = [input('input_ids'), input('attention_mask'), input('token_type_ids')]
  const isWord = g.op('Mul', [g.op('Cast', [g.op('GreaterOrEqual', [ids, g.int(SPECIAL.length)])], { to: 7 }), mask])
  const inText = g.op('Cast', [g.op('Mul', [isWord, types])], { to: 1 })
  const inQuestion = g.op('Cast', [g.op('Mul', [isWord, g.op('Sub', [g.int(1), types])])], { to: 1 })
  const same = g.op('Cast', [g.op('Equal', [g.op('Unsqueeze', [ids, g.ints([2])]), g.op('Unsqueeze', [ids, g.ints([1])])])], { to: 1 })
  const isFound = g.op('ReduceMax', [g.op('Mul', [same, g.op('Unsqueeze', [inText, g.ints([1])])]), g.ints([2])], { keepdims: 0 })
  const sum = (value: string): string => g.op('ReduceSum', [value, g.ints([1])], { keepdims: 1 })
  const share = g.op('Div', [sum(g.op('Mul', [isFound, inQuestion])), g.op('Max', [sum(inQuestion), g.float(1)])])
  const logit = g.op('Mul', [g.op('Sub', [share, g.float(0.5)]), g.float(8)])
  const half = g.op('Mul', [logit, g.float(0.5)])
  const all = { 1: [logit], 2: [g.op('Neg', [half]), half], 3: [half, half, half] }[logits]
  g.output(all.length === 1 ? logit : g.op('Concat', all, { axis: 1 }), { name: 'logits', type: 'float', dims: ['batch', logits] })
  await writeModel(folder, words, g.build('overlap'), { hidden_size: 8 })
  return { name: 'overlap', folder, revision: 'tiny', dtype: 'fp32', tokensMax: POSITIONS, batchTokensMax: 256 }
}

/** The dimension of `writeWordVectors`. */
export const WORD_VECTOR_DIMENSION = 16
const STEP = 0.7

/**
 * Writes an embedding model that gives each known word a vector of its own. The words `nan` and `infinity` have vectors of such numbers.
 *
 * @param declared the dimension that its description has
 */
export async function writeWordVectors(folder: string, words: readonly string[], declared = WORD_VECTOR_DIMENSION): Promise<void> {
  const rows = [...SPECIAL, ...words].flatMap((word, id) =>
    Array.from({ length: WORD_VECTOR_DIMENSION }, (_, at) =>
      word === 'nan' ? NaN : word === 'infinity' ? Infinity : Math.sin(id * STEP + at * (id + 1)),
    ),
  )
  const g = createGraphBuilder()
  const ids = g.input({ name: 'input_ids', type: 'int64', dims: ['batch', 'length'] })
  g.input({ name: 'attention_mask', type: 'int64', dims: ['batch', 'length'] })
  const table = g.tensor('float', [rows.length / WORD_VECTOR_DIMENSION, WORD_VECTOR_DIMENSION], Float32Array.from(rows))
  g.output(g.op('Gather', [table, ids]), { name: 'last_hidden_state', type: 'float', dims: ['batch', 'length', WORD_VECTOR_DIMENSION] })
  await writeModel(folder, words, g.build('word-vectors'), { hidden_size: declared })
}
