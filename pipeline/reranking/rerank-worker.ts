import { setImmediate as turn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../schemas/errors.ts'
import { createBatcher } from '../embedding/token-batches.ts'
import { type CrossEncoder, loadCrossEncoder, type TokenPair } from './cross-encoder.ts'
import type { FromRerankThread, RerankJob, RerankThreadData, ToRerankThread } from './rerank-protocol.ts'

interface PairOfText extends TokenPair {
  /** Index of the text in its job. */
  readonly index: number
}

/** The loop of the re-ranking thread: one job after another, in model runs of texts of similar length. */
async function work({ model, threads }: RerankThreadData, post: (message: FromRerankThread) => void): Promise<void> {
  const jobs = new Map<number, RerankJob>()
  let wake = (): void => undefined
  let isStopping = false
  parentPort?.on('message', (message: ToRerankThread) => {
    if (message.type === 'stop') isStopping = true
    else if (message.type === 'rerank') jobs.set(message.job.key, message.job)
    else if (jobs.delete(message.key)) post({ type: 'cancelled', key: message.key })
    wake()
  })
  const encoder = await loadCrossEncoder(model, threads)
  post({ type: 'ready' })

  const isWanted = (key: number): boolean => !isStopping && jobs.has(key)
  while (!isStopping) {
    const [job] = jobs.values()
    if (job === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    try {
      const scores = await scoresOf(job, encoder, model.batchTokensMax, isWanted)
      if (scores !== undefined) post({ type: 'reranked', key: job.key, scores })
    } catch (error) {
      post({ type: 'failed', key: job.key, message: messageOf(error) })
    }
    jobs.delete(job.key)
  }
  await encoder.dispose()
}

/** @returns `undefined` if the job is not wanted any more */
async function scoresOf(
  { key, question, texts }: RerankJob,
  encoder: CrossEncoder,
  batchTokensMax: number,
  isWanted: (key: number) => boolean,
): Promise<number[] | undefined> {
  const batcher = createBatcher<PairOfText>(batchTokensMax)
  const asked = encoder.cutQuestion(question)
  batcher.add(texts.map((text, index) => ({ ...encoder.pair(asked, text), index })))
  const scores = new Array<number>(texts.length).fill(NaN)
  for (let batch = batcher.next(); batch !== undefined; batch = batcher.next()) {
    const found = await encoder.run(batch)
    for (const [at, { index }] of batch.entries()) scores[index] = found[at] ?? NaN
    // Receives what came during the run, so that a job that nobody waits for ends here.
    await turn()
    if (!isWanted(key)) return undefined
  }
  return scores
}

if (parentPort !== null) {
  const port = parentPort
  await work(workerData as RerankThreadData, (message) => port.postMessage(message)).catch((error: unknown) =>
    port.postMessage({ type: 'unusable', message: messageOf(error) } satisfies FromRerankThread),
  )
  port.close()
}
