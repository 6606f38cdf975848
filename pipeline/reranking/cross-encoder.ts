import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { EmbedModel } from '../embedding/embedding-model.ts'
import { loadSession } from '../embedding/model-session.ts'

/** A cross-encoder on this disk. */
export interface CrossEncoderModel extends Pick<EmbedModel, 'name' | 'folder' | 'origin' | 'revision' | 'dtype'> {
  /** Max tokens of a question and a text together, special tokens included; the text is cut. */
  readonly tokensMax: number
  /** Max tokens of one model run, padding included. */
  readonly batchTokensMax: number
}

/** A question and a text as the model reads them. */
export interface TokenPair {
  readonly tokens: readonly number[]
  /** 0 for the question, 1 for the text. */
  readonly types: readonly number[]
}

/** A loaded cross-encoder. `run` blocks the thread that calls it. */
export interface CrossEncoder {
  /** Cuts a question to at most half of the tokens that the model takes. */
  cutQuestion(question: string): string
  pair(question: string, text: string): TokenPair
  /** @returns scores from 0 to 1, in the order of the pairs; NaN where the model has no finite number */
  run(batch: readonly TokenPair[]): Promise<number[]>
  /** Frees the model. Must not be called during a run. */
  dispose(): Promise<void>
}

/** Longer texts are cut before tokenising: the memory of some tokenizers grows with the square of the length. */
const CHARACTERS_MAX = 8_192
const OUTPUT = 'logits'

/**
 * Loads a cross-encoder from its folder, never from the network, and runs it on one pair. A model with one logit gives its sigmoid, as
 * ms-marco-MiniLM and bge-reranker need it; one with two gives the probability of the second, "relevant".
 *
 * @param threads CPU threads that one run may use.
 * @throws ColloquyError `bad_model` if files are missing or corrupt, or the model is no cross-encoder.
 */
export async function loadCrossEncoder(model: CrossEncoderModel, threads: number): Promise<CrossEncoder> {
  try {
    const encoder = await load(model, threads)
    await encoder.run([encoder.pair('a', 'a')])
    return encoder
  } catch (cause) {
    throw new ColloquyError(
      'bad_model',
      `the re-ranker ${model.name} in ${model.folder} cannot be used (${messageOf(cause)}); `
        + (model.origin === 'own'
          ? 'name the folder of a cross-encoder in COLLOQUY_RERANK_MODEL, or restore its files'
          : 'check COLLOQUY_RERANK_MODEL, or remove the folder from the cache so that the model is downloaded again'),
      { cause },
    )
  }
}

async function load({ folder, dtype, tokensMax }: CrossEncoderModel, threads: number): Promise<CrossEncoder> {
  const { tokenizer, run, dispose } = await loadSession({ folder, dtype, threads })
  const encode = (question: string, text: string): TokenPair => {
    const { input_ids, token_type_ids } = tokenizer(question, { text_pair: text, return_token_type_ids: true, return_tensor: false })
    return { tokens: input_ids, types: token_type_ids ?? input_ids.map(() => 0) }
  }
  const special = new Set(tokenizer.all_special_ids)
  const example = encode('a', 'a').tokens
  /** Special tokens after the text. */
  const tail = example.length - 1 - example.findLastIndex((token) => !special.has(token))
  const questionTokensMax = Math.floor(tokensMax / 2)
  return {
    cutQuestion(question) {
      let cut = question.slice(0, CHARACTERS_MAX).toWellFormed()
      for (;;) {
        const tokens = tokenizer.encode(cut, { add_special_tokens: false }).length
        if (tokens <= questionTokensMax) return cut
        cut = cut.slice(0, Math.floor((cut.length * questionTokensMax) / tokens)).toWellFormed()
      }
    },
    pair(question, text) {
      const { tokens, types } = encode(question, text.slice(0, CHARACTERS_MAX).toWellFormed())
      if (tokens.length <= tokensMax) return { tokens, types }
      const cut = (row: readonly number[]): number[] => [...row.slice(0, tokensMax - tail), ...row.slice(row.length - tail)]
      return { tokens: cut(tokens), types: cut(types) }
    },
    run(batch) {
      const scoresOf = (values: Float32Array, width: number): number[] => {
        if ((width !== 1 && width !== 2) || values.length !== batch.length * width) {
          throw new ColloquyError('bad_model', `it has ${width} logits for a pair; a cross-encoder has one, or two`)
        }
        return batch.map((_, row) => sigmoid(width === 1 ? (values[row] ?? NaN) : (values[row * 2 + 1] ?? NaN) - (values[row * 2] ?? NaN)))
      }
      const rows = { input_ids: batch.map(({ tokens }) => tokens), token_type_ids: batch.map(({ types }) => types) }
      return run(rows, { output: OUTPUT, hint: 'is it a cross-encoder?', read: scoresOf })
    },
    dispose,
  }
}

/** The softmax of two logits is the sigmoid of their difference. */
const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit))
