/**
 * The body of a thread that writes rows for a rebuild, over connections of its own. For each message `{range, target}` it reads the
 * range of LOG and writes its rows. It answers `{records}` after each batch, then `{done: true}` or `{failed}`. `end` ends the thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createClient } from '@clickhouse/client'
import { pino } from 'pino'
import type { InsertDeps } from '../../../pipeline/projector/insert-batch.ts'
import { writeRange } from '../../../pipeline/projector/write-range.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { runningClickHouse, withJetStream } from '../connect-to-running.ts'
import type { RangeReply, RangeRequest, WorkerData } from './row-pool.ts'

const { settings, database } = workerData as WorkerData
const port = parentPort
if (port === null) throw new Error('this module is the body of a worker thread')
const answer = (message: RangeReply): void => port.postMessage(message)

const access = await runningClickHouse(settings, 'colloquy')
const clickhouse = createClient({ ...access, database })
const log = pino({ level: settings.LOG_LEVEL }, pino.destination(2))
await withJetStream(settings, async (jetstream) => {
  // Metrics of this thread alone: the inserts need them, and nothing scrapes them.
  const deps: InsertDeps = { clickhouse, jetstream, log, metrics: createMetrics(), signal: new AbortController().signal }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  port.on('message', (order: RangeRequest) => {
    if (order === 'end') return end()
    writeRange(jetstream, deps, order.range, order.target, (records) => answer({ records })).then(
      () => answer({ done: true }),
      (error: unknown) => answer({ failed: { code: codeOf(error), message: messageOf(error) } }),
    )
  })
  await ended
})
await clickhouse.close()
port.close()
