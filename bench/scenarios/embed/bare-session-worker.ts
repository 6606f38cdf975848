import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { EmbedModel } from '../../../pipeline/embedding/embedding-model.ts'
import { weightsFile } from '../../../pipeline/embedding/embedding-model.ts'

export interface BareSessionData {
  readonly model: EmbedModel
  readonly threads: number
}

/** The tokens of the texts of one run. */
export type Batch = readonly (readonly number[])[]

/** Runs an ONNX session and nothing else: inputs are prepared before the clock starts, and outputs are ignored. */
const { model, threads } = workerData as BareSessionData
const session = await InferenceSession.create(join(model.folder, weightsFile(model.dtype)), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
})

function inputsOf(batch: Batch): Record<string, Tensor> {
  const length = Math.max(...batch.map((tokens) => tokens.length))
  const tensor = (value: (tokens: readonly number[], column: number) => number): Tensor =>
    new Tensor(
      'int64',
      BigInt64Array.from(batch.flatMap((tokens) => Array.from({ length }, (_, column) => BigInt(value(tokens, column))))),
      [batch.length, length],
    )
  return {
    input_ids: tensor((tokens, column) => tokens[column] ?? 0),
    attention_mask: tensor((tokens, column) => (column < tokens.length ? 1 : 0)),
    token_type_ids: tensor(() => 0),
  }
}

parentPort?.on('message', (batches: readonly Batch[]) => {
  void (async () => {
    const inputs = batches.map(inputsOf)
    const startedMs = performance.now()
    for (const one of inputs) await session.run(one)
    parentPort?.postMessage(performance.now() - startedMs)
  })()
})
parentPort?.postMessage('ready')
