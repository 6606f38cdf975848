import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { EmbedModel } from './embedding-model.ts'
import { loadSession } from './model-session.ts'
import { normalise, pool } from './pooling.ts'

/** A loaded model. `run` blocks the thread that calls it. */
export interface Encoder {
  /** The token ids of a text, special tokens included; nothing is truncated. */
  tokenise(text: string): number[]
  /** Number of special tokens that the model adds to every text. */
  readonly specialTokens: number
  /**
   * Runs the model once.
   *
   * @returns vectors of length 1, in the order of the texts; `undefined` for a zero vector or numbers that are not finite.
   */
  run(batch: readonly (readonly number[])[]): Promise<(Float32Array | undefined)[]>
  /** Frees the model. Must not be called during a run. */
  dispose(): Promise<void>
}

/**
 * Loads a model from its folder, never from the network, and runs it on one text.
 *
 * @param threads CPU threads that one run may use.
 * @throws ColloquyError `bad_model` if files are missing or corrupt, or the model does not fit its description.
 */
export async function loadEncoder(model: EmbedModel, threads: number): Promise<Encoder> {
  try {
    const encoder = await load(model, threads)
    await encoder.run([encoder.tokenise('a')])
    return encoder
  } catch (cause) {
    throw new ColloquyError(
      'bad_model',
      `the embedding model ${model.name} in ${model.folder} cannot be used (${messageOf(cause)}); `
        + (model.origin === 'own'
          ? 'name the folder of an embedding model in COLLOQUY_EMBED_MODEL, or restore its files'
          : 'check COLLOQUY_EMBED_MODEL, or remove the folder from the cache so that the model is created or downloaded again'),
      { cause },
    )
  }
}

async function load({ folder, dtype, pooling, dimension }: EmbedModel, threads: number): Promise<Encoder> {
  const { tokenizer, run, dispose } = await loadSession({ folder, dtype, threads })
  const output = pooling === 'none' ? 'sentence_embedding' : 'last_hidden_state'
  return {
    tokenise: (text) => tokenizer.encode(text),
    specialTokens: tokenizer.encode('').length,
    run(batch) {
      const lengths = batch.map((tokens) => tokens.length)
      const length = Math.max(...lengths, 1)
      const vectorsOf = (values: Float32Array, width: number): (Float32Array | undefined)[] => {
        if (width !== dimension) throw new ColloquyError('bad_model', `its vectors have ${width} dimensions, not ${dimension}`)
        const vectors =
          pooling === 'none'
            ? batch.map((_, row) => values.slice(row * width, (row + 1) * width))
            : pool(values, lengths, length, width, pooling)
        return vectors.map((vector) => (normalise(vector) ? vector : undefined))
      }
      return run({ input_ids: batch }, { output, hint: `check the pooling "${pooling}"`, read: vectorsOf })
    },
    dispose,
  }
}
