import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AutoModel, AutoTokenizer, env, LogLevel, type PreTrainedTokenizer, Tensor } from '@xenova/transformers'
import { ColloquyError } from '../../schemas/errors.ts'
import { type Dtype, weightsFile } from './embedding-model.ts'

/** Rows of token ids, special tokens included. */
export type TokenRows = readonly (readonly number[])[]

export interface SessionOptions {
  /** Contains config.json, tokenizer.json and onnx/model….onnx. */
  readonly folder: string
  readonly dtype: Dtype
  /** CPU threads that one run may use. */
  readonly threads: number
}

/** A loaded model with its tokenizer. `run` blocks the thread that calls it. */
export interface ModelSession {
  readonly tokenizer: PreTrainedTokenizer
  /**
   * Runs the model once. Rows are padded on the right.
   *
   * @param output the name of the output to read
   * @param hint what to check where the model has no such output
   * @param read gets its values, which are freed afterwards, and its last dimension
   * @throws ColloquyError `bad_model`
   */
  run<T>(
    rows: { readonly input_ids: TokenRows; readonly token_type_ids?: TokenRows },
    { output, hint, read }: { output: string; hint: string; read: (values: Float32Array, width: number) => T },
  ): Promise<T>
  /** Frees the model. Must not be called during a run. */
  dispose(): Promise<void>
}

/** Loads a model from its folder, never from the network. */
export async function loadSession({ folder, dtype, threads }: SessionOptions): Promise<ModelSession> {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.useFSCache = false
  env.useWasmCache = false
  // The library would write the texts that failed to the console.
  env.logLevel = LogLevel.NONE
  const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
  const model = await AutoModel.from_pretrained(folder, {
    local_files_only: true,
    dtype,
    device: 'cpu',
    use_external_data_format: existsSync(join(folder, `${weightsFile(dtype)}_data`)),
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' },
  })
  const padId = tokenizer.pad_token_id ?? 0
  return {
    tokenizer,
    async run({ input_ids, token_type_ids }, { output, hint, read }) {
      const length = Math.max(...input_ids.map((tokens) => tokens.length), 1)
      const outputs = entriesOf(
        await model({
          input_ids: tensorOf(input_ids, length, (token) => token ?? padId),
          attention_mask: tensorOf(input_ids, length, (token) => (token === undefined ? 0 : 1)),
          ...(token_type_ids !== undefined && { token_type_ids: tensorOf(token_type_ids, length, (type) => type ?? 0) }),
        }),
      )
      const tensor = outputs.get(output)
      if (!(tensor instanceof Tensor)) {
        const names = [...outputs.keys()].join(', ')
        throw new ColloquyError('bad_model', `it has the outputs ${names} and no output ${output}; ${hint}`)
      }
      const values = tensor.data
      const width = tensor.dims.at(-1) ?? 0
      if (!(values instanceof Float32Array)) {
        throw new ColloquyError('bad_model', `its output ${output} is of type ${tensor.type}, not float32`)
      }
      const result = read(values, width)
      tensor.dispose()
      return result
    },
    async dispose() {
      await model.dispose()
    },
  }
}

const entriesOf = (outputs: unknown): Map<string, unknown> =>
  new Map(typeof outputs === 'object' && outputs !== null ? Object.entries(outputs) : [])

/** A tensor of whole numbers; `valueOf` gets `undefined` where a row has ended. */
function tensorOf(rows: TokenRows, length: number, valueOf: (given: number | undefined) => number): Tensor {
  const values = new BigInt64Array(rows.length * length)
  // They fit into the lower 32 bits of each 64-bit number; writing those directly avoids one bigint per token.
  const halves = new Int32Array(values.buffer)
  const lower = LITTLE_ENDIAN ? 0 : 1
  for (const [row, tokens] of rows.entries()) {
    for (let column = 0; column < length; column++) halves[(row * length + column) * 2 + lower] = valueOf(tokens[column])
  }
  return new Tensor('int64', values, [rows.length, length])
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
