import { parentPort } from 'node:worker_threads'
import type { ToWorker } from '../../pipeline/embedding/embed-protocol.ts'

/** The embedding thread with one change: a text that contains `crash` throws an uncaught error, which ends the thread. */
parentPort?.on('message', (message: ToWorker) => {
  const texts = message.type === 'embed' ? message.jobs.map(({ text }) => text) : message.type === 'chunk' ? [message.job.text] : []
  if (texts.some((text) => text.includes('crash'))) throw new Error('a text made the thread crash')
})
await import('../../pipeline/embedding/embed-worker.ts')
