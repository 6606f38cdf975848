import { parentPort } from 'node:worker_threads'
import type { ToWorker } from '../../pipeline/embedding/embed-protocol.ts'

/** The embedding thread, but for one thing: a text with this word in it throws where nobody catches it, and takes the thread with it. */
parentPort?.on('message', (message: ToWorker) => {
  const texts = message.type === 'embed' ? message.jobs.map(({ text }) => text) : message.type === 'chunk' ? [message.job.text] : []
  if (texts.some((text) => text.includes('crash'))) throw new Error('a text made the thread crash')
})
await import('../../pipeline/embedding/embed-worker.ts')
