import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createJob, type Conversation } from './job.ts'

/** Concurrent jobs; more do not make it faster. */
const CONCURRENCY = 100
const REPORT_MS = 10

/** Stores the state of a conversation in a hash and the turns in a stream. Arguments: port, queue name. */
const port = Number(process.argv[2])
const redis = new Redis({ port, maxRetriesPerRequest: null })
const job = createJob()
let done = 0

const worker = new Worker(
  process.argv[3] ?? '',
  async ({ data }) => {
    const { actor, payload } = data as { actor: string; payload: string }
    const stored = await redis.hget('conversations', actor)
    const turn = job(actor, stored === null ? undefined : (JSON.parse(stored) as Conversation), JSON.parse(payload))
    await redis
      .multi()
      .hset('conversations', actor, JSON.stringify(turn.conversation))
      .xadd('log', '*', 'actor', actor, 'input', payload, 'emitted', JSON.stringify(turn.emitted))
      .exec()
  },
  { connection: new Redis({ port, maxRetriesPerRequest: null }), concurrency: CONCURRENCY, removeOnComplete: { count: 0 } },
)
worker.on('completed', () => {
  done += 1
})
worker.on('failed', (_job, error) => {
  throw error
})
await worker.waitUntilReady()
setInterval(() => process.send?.(done), REPORT_MS)
process.once('disconnect', () => process.exit(0))
