import { createHash } from 'node:crypto'
import { encodeModel } from '../onnx.ts'
import { DIMENSION, lexicalGraph } from './lexical-graph.ts'
import { tokenizerConfigJson, tokenizerJson } from './lexical-tokenizer.ts'

/** Max characters per vector. Longer texts are cut into chunks, because a vector of many words matches queries less well. */
export const LEXICAL_TOKENS_MAX = 256
export const LEXICAL_DIMENSION = DIMENSION

/** The files of the built-in model by path; always the same bytes. */
export function lexicalFiles(): ReadonlyMap<string, Uint8Array> {
  const encoder = new TextEncoder()
  const config = { model_type: 'bert', architectures: ['BertModel'], hidden_size: DIMENSION, max_position_embeddings: LEXICAL_TOKENS_MAX }
  return new Map([
    ['config.json', encoder.encode(JSON.stringify(config))],
    ['tokenizer.json', encoder.encode(tokenizerJson())],
    ['tokenizer_config.json', encoder.encode(tokenizerConfigJson(LEXICAL_TOKENS_MAX))],
    ['onnx/model.onnx', encodeModel(lexicalGraph())],
  ])
}

export function lexicalRevision(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const [path, content] of files) hash.update(`${path} ${content.length}\n`).update(content)
  return hash.digest('hex')
}
