import { parentPort, workerData } from 'node:worker_threads'
import { createClient } from '@clickhouse/client'
import { pino } from 'pino'
import { compactHeap } from '../../../pipeline/runtime/compact-heap.ts'
import { createMetrics } from '../../../pipeline/runtime/metrics.ts'
import { lowerThreadPriority } from '../../../pipeline/runtime/thread-priority.ts'
import { answerWhileBlocked } from '../../../pipeline/watchdog/ask-blocked-thread.ts'
import { createCallSlot, keepBeating } from '../../../pipeline/watchdog/call-slot.ts'
import { openSlotFile } from '../../../pipeline/watchdog/slot-file.ts'
import { handleStrayErrors } from '../../../pipeline/watchdog/stray-errors.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import type { Role } from '../../settings.ts'
import { accessClickHouse } from '../clickhouse-access.ts'
import { loadKinds } from '../load-kinds.ts'
import { LOG_OPTIONS } from '../log-options.ts'
import { connectNats, openJetStream, remoteConnection } from '../nats-access.ts'
import { openProcessCaches } from '../open-process-caches.ts'
import { openBucket } from '../prepare-streams.ts'
import { startStages } from '../start-stages.ts'
import { KIND_ROLES } from './kind-roles.ts'
import type { FromThread, ToThread, WorkerData } from './thread-messages.ts'

/** How often the thread reports the status of its stages, if it has changed. */
const STATUS_MS = 25

/** Runs roles in this thread. The thread is a member of the cluster of its own. */
async function work(data: WorkerData, send: (message: FromThread) => void): Promise<void> {
  const { role, settings, replicas, memory, member, slotPath } = data
  await using started = new AsyncDisposableStack()
  const orders = createOrders()
  const log = pino({ level: settings.LOG_LEVEL, ...LOG_OPTIONS }, { write: (line: string) => send({ type: 'log', line }) })
  const metrics = createMetrics()
  const calls = createCallSlot(memory, slotPath === undefined ? undefined : openSlotFile(slotPath))
  const beating = keepBeating(calls)
  started.defer(() => clearInterval(beating))
  const runsKinds = settings.ROLES.some((one) => KIND_ROLES.includes(one))
  answerWhileBlocked()
  if (runsKinds) handleStrayErrors({ log, metrics, onUnknown: endThread(send), survivesRejections: role === 'tasks' })
  const kinds = runsKinds ? await loadKinds(settings) : new Map()
  const nc = await connectNats(await remoteConnection(settings, settings.NATS_URL ?? ''), `colloquy ${role}`)
  const jetstream = await openJetStream(nc)
  started.defer(() => jetstream.close())
  const client = settings.ROLES.includes('project') ? createClient((await accessClickHouse(settings, log)).client) : undefined
  started.defer(async () => client?.close())
  orders.onMetrics = async (id) => send({ type: 'metrics', id, metrics: await metrics.registry.getMetricsAsJSON() })
  await compactHeap()
  send({ type: 'ready' })

  if ((await orders.first) === 'stop') return
  const kv = await openBucket(nc)
  const caches = settings.ROLES.includes('tasks') ? openProcessCaches({ settings, jetstream, metrics, log }, started) : undefined
  const { stages } = await startStages(
    { settings, kinds, log, jetstream, kv, client, searchIndex: undefined, caches, metrics, replicas, calls, member },
    started,
  )
  const reported = new Map<Role, string>()
  const report = (): void => {
    for (const [one, stage] of stages) {
      const status = stage.status()
      const current = JSON.stringify(status)
      if (current === reported.get(one)) continue
      reported.set(one, current)
      send({ type: 'status', role: one, status })
    }
  }
  report()
  const reporting = setInterval(report, STATUS_MS)
  started.defer(() => clearInterval(reporting))
  send({ type: 'running' })
  await orders.stop
}

/** Ends this thread, as an error that nothing catches does. */
const endThread =
  (send: (message: FromThread) => void) =>
  (error: unknown): void =>
    send({ type: 'failed', code: codeOf(error), message: messageOf(error) })

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
  const data = workerData as WorkerData
  if (data.settings.ROLES.includes('project')) lowerThreadPriority()
  const send = (message: FromThread): void => port.postMessage(message)
  await work(data, send).catch((error: unknown) => send({ type: 'failed', code: codeOf(error), message: messageOf(error) }))
  port.close()
}
