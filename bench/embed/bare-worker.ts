import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { weightsFile } from '../../pipeline/embed/model.ts'
import type { BareData, BareRun } from './bare.ts'

/** Nothing but runs of a session: its inputs are made beforehand, and nobody looks at what comes out. */
const { model, threads, batches } = workerData as BareData
const session = await InferenceSession.create(join(model.folder, weightsFile(model.dtype)), {
  intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential',
})
const feeds = batches.map((batch) => {
  const length = Math.max(...batch.map((tokens) => tokens.length))
  const tensor = (value: (tokens: readonly number[], column: number) => number): Tensor => new Tensor('int64',
    BigInt64Array.from(batch.flatMap((tokens) => Array.from({ length }, (_, column) => BigInt(value(tokens, column))))), [batch.length, length])
  return {
    texts: batch.length,
    inputs: {
      input_ids: tensor((tokens, column) => tokens[column] ?? 0),
      attention_mask: tensor((tokens, column) => (column < tokens.length ? 1 : 0)),
      token_type_ids: tensor(() => 0),
    },
  }
})
parentPort?.on('message', (ms: number) => {
  void (async () => {
    let texts = 0
    const begun = performance.now()
    for (let index = 0; performance.now() - begun < ms; index++) {
      const feed = feeds[index % feeds.length]
      if (feed === undefined) break
      await session.run(feed.inputs)
      texts += feed.texts
    }
    parentPort?.postMessage({ texts, ms: performance.now() - begun } satisfies BareRun)
  })()
})
parentPort?.postMessage('ready')
