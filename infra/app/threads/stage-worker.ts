import { parentPort, workerData } from 'node:worker_threads'
import { createClient } from '@clickhouse/client'
import { pino } from 'pino'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { lowerThreadPriority } from '../../../pipeline/runtime/thread-priority.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { accessClickHouse } from '../clickhouse-access.ts'
import { loadKinds } from '../load-kinds.ts'
import { connectNats, openJetStream, remoteConnection } from '../nats-access.ts'
import { openBucket } from '../prepare-streams.ts'
import { startStages } from '../start-stages.ts'
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts'

/** How often the thread reports the status of its stage, if it has changed. */
const STATUS_MS = 25

/** Runs one role in this thread. The thread is a member of the cluster of its own. */
async function work({ role, settings, replicas }: ThreadData, send: (message: FromThread) => void): Promise<void> {
  await using started = new AsyncDisposableStack()
  const orders = createOrders()
  const log = pino({ level: settings.LOG_LEVEL, base: undefined }, { write: (line: string) => send({ type: 'log', line }) })
  const kinds = role === 'host' ? await loadKinds(settings) : new Map()
  const nc = await connectNats(await remoteConnection(settings, settings.NATS_URL ?? ''), `colloquy ${role}`)
  const jetstream = await openJetStream(nc)
  started.defer(() => jetstream.close())
  const client = role === 'project' ? createClient((await accessClickHouse(settings, log)).client) : undefined
  started.defer(async () => client?.close())
  const metrics = createMetrics()
  orders.onMetrics = async (id) => send({ type: 'metrics', id, metrics: await metrics.registry.getMetricsAsJSON() })
  send({ type: 'ready' })

  if ((await orders.first) === 'stop') return
  const kv = await openBucket(nc)
  const { stages } = await startStages({ settings, kinds, log, jetstream, kv, client, searchIndex: undefined, metrics, replicas }, started)
  let reported = ''
  const report = (): void => {
    const status = stages.get(role)?.status()
    const current = JSON.stringify(status)
    if (status === undefined || current === reported) return
    reported = current
    send({ type: 'status', status })
  }
  report()
  const reporting = setInterval(report, STATUS_MS)
  started.defer(() => clearInterval(reporting))
  send({ type: 'running' })
  await orders.stop
}

/** Receives the messages to this thread. `first` settles with the first of `run` and `stop`. */
function createOrders() {
  const run = Promise.withResolvers<'run'>()
  const stop = Promise.withResolvers<'stop'>()
  const orders = {
    first: Promise.race([run.promise, stop.promise]),
    stop: stop.promise,
    onMetrics: async (_id: number): Promise<void> => undefined,
  }
  parentPort?.on('message', (message: ToThread) => {
    if (message.type === 'run') run.resolve('run')
    else if (message.type === 'stop') stop.resolve('stop')
    else void orders.onMetrics(message.id)
  })
  return orders
}

if (parentPort !== null) {
  const port = parentPort
  const data = workerData as ThreadData
  if (data.role === 'project') lowerThreadPriority()
  const send = (message: FromThread): void => port.postMessage(message)
  await work(data, send).catch((error: unknown) => send({ type: 'failed', code: codeOf(error), message: messageOf(error) }))
  port.close()
}
