import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AutoModel, AutoTokenizer, env, LogLevel, Tensor } from '@xenova/transformers'
import { ColloquyError, messageOf } from '../../schemas/errors.ts'
import { type EmbedModel, weightsFile } from './embedding-model.ts'
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
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.useFSCache = false
  env.useWasmCache = false
  // The library would write the texts that failed to the console.
  env.logLevel = LogLevel.NONE
  try {
    const encoder = await load(model, threads)
    await encoder.run([encoder.tokenise('a')])
    return encoder
  } catch (cause) {
    throw new ColloquyError(
      'bad_model',
      `the embedding model ${model.name} in ${model.folder} cannot be used (${messageOf(cause)}); `
        + 'check COLLOQUY_EMBED_MODEL, or remove the folder from the cache so that the model is created or downloaded again',
      { cause },
    )
  }
}

async function load({ folder, dtype, pooling, dimension }: EmbedModel, threads: number): Promise<Encoder> {
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
  const model = await AutoModel.from_pretrained(folder, {
    local_files_only: true,
    dtype,
    device: 'cpu',
    use_external_data_format: existsSync(join(folder, `${weightsFile(dtype)}_data`)),
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' },
  })
  const output = pooling === 'none' ? 'sentence_embedding' : 'last_hidden_state'
  const padId = tokenizer.pad_token_id ?? 0
  return {
    tokenise: (text) => tokenizer.encode(text),
    specialTokens: tokenizer.encode('').length,
    async run(batch) {
      const length = Math.max(...batch.map((tokens) => tokens.length), 1)
      const outputs = entriesOf(await model(inputsOf(batch, length, padId)))
      const tensor = outputs.get(output)
      if (!(tensor instanceof Tensor)) {
        const names = [...outputs.keys()].join(', ')
        throw new ColloquyError('bad_model', `it has the outputs ${names} and no output ${output}; check the pooling "${pooling}"`)
      }
      const values = tensor.data
      const width = tensor.dims.at(-1) ?? 0
      if (!(values instanceof Float32Array)) {
        throw new ColloquyError('bad_model', `its output ${output} is of type ${tensor.type}, not float32`)
      }
      if (width !== dimension) throw new ColloquyError('bad_model', `its vectors have ${width} dimensions, not ${dimension}`)
      const vectors =
        pooling === 'none'
          ? batch.map((_, row) => values.slice(row * width, (row + 1) * width))
          : pool(
              values,
              batch.map((tokens) => tokens.length),
              length,
              width,
              pooling,
            )
      tensor.dispose()
      return vectors.map((vector) => (normalise(vector) ? vector : undefined))
    },
    async dispose() {
      await model.dispose()
    },
  }
}

const entriesOf = (outputs: unknown): Map<string, unknown> =>
  new Map(typeof outputs === 'object' && outputs !== null ? Object.entries(outputs) : [])

/** The input tensors of one run, padded on the right. */
function inputsOf(batch: readonly (readonly number[])[], length: number, padId: number): Record<string, Tensor> {
  const shape = [batch.length, length]
  const ids = new BigInt64Array(batch.length * length)
  const mask = new BigInt64Array(batch.length * length)
  // Ids fit into the lower 32 bits of each 64-bit number; writing those directly avoids one bigint per token.
  const [idHalves, maskHalves] = [new Int32Array(ids.buffer), new Int32Array(mask.buffer)]
  const lower = LITTLE_ENDIAN ? 0 : 1
  for (const [row, tokens] of batch.entries()) {
    for (let column = 0; column < length; column++) {
      const at = (row * length + column) * 2 + lower
      idHalves[at] = tokens[column] ?? padId
      maskHalves[at] = column < tokens.length ? 1 : 0
    }
  }
  return { input_ids: new Tensor('int64', ids, shape), attention_mask: new Tensor('int64', mask, shape) }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
